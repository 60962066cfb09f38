"""What a run is, in `about.json` of its directory: the words and the axis that reports speak in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from egan.files import write_json
from egan.judging.measures import IN_FEATURES, Measure, measure
from egan.reporting.mappings import read_mapping

if TYPE_CHECKING:
    import pandas as pd

ABOUT = "about.json"

Kind = Literal["train", "search", "evolve", "niches"]
Unit = Literal["rounds", "generations"]
Step = Literal["updates", "generations", "rounds"]


@dataclass(frozen=True, kw_only=True)
class Words:
    """What the parts of a run are called, by its kind."""

    child: str
    """A row of ``results.csv``."""
    children: str
    lost: str
    """What becomes of a row that failed."""
    section: str
    """The heading above the pictures of all looks."""
    film: str
    """The heading above the moving picture."""


WORDS: dict[str, Words] = {
    "train": Words(
        child="round",
        children="rounds",
        lost="failed",
        section="As training goes on",
        film="Training",
    ),
    "search": Words(
        child="member",
        children="members",
        lost="failed in a round and ranked worst",
        section="As the search goes on",
        film="The best member",
    ),
    "evolve": Words(
        child="child",
        children="children",
        lost="failed, ranked worst and did not survive",
        section="As evolution goes on",
        film="Evolution",
    ),
    "niches": Words(
        child="niche",
        children="members",
        lost="failed, and their niches went on from the next one",
        section="As the niches go on",
        film="The niches",
    ),
}


@dataclass(frozen=True, kw_only=True)
class About:
    """What a run is."""

    kind: Kind
    """A model that is trained, a population of models, or generators: that evolve, or in niches."""
    model: str = ""
    """The model's word on the command line."""
    title: str = ""
    """The paper."""
    unit: Unit = "generations"
    """What the column `generation` counts."""
    interval: int = 1
    """How many steps there are in one unit."""
    step: Step = "generations"
    """What an axis shows; `rounds` only where nobody knows how many updates they have."""
    leading: Sequence[str] = ()
    """The measures that lead the report, in order."""
    baselines: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """What measures are worth: name of the baseline to measure to value."""
    caveat: str = ""
    """What to bear in mind of measures that are taken in features."""
    fitness: str = ""
    """What fitness means."""
    totals: Mapping[str, int] = field(default_factory=dict)
    """Of how many a measure counts some: classes, modes."""
    length: int = 0
    """How many units the run is to have; 0 where nobody knows."""
    ended: int = -1
    """The unit that the outcome was written after; -1 while the run goes on."""
    captions: Mapping[str, str] = field(default_factory=dict)
    """Captions of pictures by file stem; the first is of the picture drawn at every look."""

    @property
    def words(self) -> Words:
        """What the run's parts are called."""
        return WORDS[self.kind]

    @property
    def evolves(self) -> bool:
        """Whether it is counted in generations of generators."""
        return self.kind in ("evolve", "niches")

    @property
    def competes(self) -> bool:
        """Whether a score says which member is better; in niches all go on."""
        return self.kind != "niches"

    @property
    def word(self) -> str:
        """One step, such as "update"."""
        return self.step.removesuffix("s")

    @property
    def axis(self) -> str:
        """The label of an axis of steps."""
        return self.step if self.step == "updates" else self.word

    def steps(self, generation: Any) -> Any:
        """Return how many steps there have been after so many units."""
        return generation * self.interval

    def when(self, generation: int) -> str:
        """Return the caption of a picture: "generation 20", or "after 2,000 updates"."""
        if self.evolves:
            return f"{self.word} {self.steps(generation)}"
        return f"after {self.steps(generation):,} {self.step}" if generation else "untrained"

    def where(self, generation: int) -> str:
        """Return which row of the journal: "generation 20", or "round 4 (400 updates)"."""
        name = f"{self.unit.removesuffix('s')} {generation}"
        return name if self.step == self.unit else f"{name} ({self.when(generation)})"

    def measure(self, name: str) -> Measure:
        """Return what there is to know of a column in this run."""
        return replace(measure(name), total=self.totals.get(name, 0))

    def worth(self, measure: str) -> dict[str, float]:
        """Return the baselines that a measure has, by name."""
        return {
            name: values[measure] for name, values in self.baselines.items() if measure in values
        }

    def caveat_of(self, measure: str) -> str:
        """Return what to bear in mind of a measure, in brackets; empty where nothing is."""
        return f" ({self.caveat})" if self.caveat and measure in IN_FEATURES else ""


def write_about(directory: Path, about: About) -> None:
    """Write ``about.json`` into a run directory, atomically."""
    write_json(directory / ABOUT, asdict(about))


def read_about(directory: Path) -> About:
    """Read ``about.json`` of a run directory, or work out from its tables what the run is.

    Raises:
        ValueError: The file cannot be read, or says what no run can be.
    """
    path = Path(directory) / ABOUT
    if not path.is_file():
        return _worked_out(Path(directory))
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return _checked(
            {key.name: content[key.name] for key in fields(About) if key.name in content}
        )
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error


def _checked(content: dict[str, Any]) -> About:
    about = About(**content)
    for name, choices in (("kind", Kind), ("unit", Unit), ("step", Step)):
        if (value := getattr(about, name)) not in get_args(choices):
            raise ValueError(f"{name} must be one of {', '.join(get_args(choices))}, got {value!r}")
    if not all(isinstance(one, int) for one in (about.length, about.ended, *about.totals.values())):
        raise ValueError("length, ended and totals must be whole numbers")
    if not isinstance(about.interval, int) or about.interval < 1:
        raise ValueError(f"interval must be a whole number from 1, but got {about.interval!r}")
    return about


def _worked_out(directory: Path) -> About:
    from egan.reporting.plots.tables import read_table

    config = read_mapping(directory / "config.yaml")
    return about_of(read_table(directory / "results.csv"), config)


def about_of(results: pd.DataFrame | None, config: Mapping[str, Any]) -> About:
    """Return what a run seems to be: one with mutations evolves, one with members is a search."""
    model = str(config.get("model") or config.get("preset") or "")
    if results is None or ("operator" in results and results["operator"].astype(bool).any()):
        return About(kind="evolve", model=model)
    many = "child" in results and results["child"].nunique() > 1
    kind: Kind = "search" if many else "train"
    search = config.get("search")
    interval = search.get("interval") if isinstance(search, Mapping) else None
    if isinstance(interval, int) and interval > 0:
        return About(kind=kind, model=model, unit="rounds", interval=interval, step="updates")
    return About(kind=kind, model=model, unit="rounds", step="rounds")
