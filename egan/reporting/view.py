"""A run directory to look at, finished or not: headline, curves, samples. It is only read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from egan.judging.measures import OBJECTIVE
from egan.reporting.about import About, read_about
from egan.reporting.headline import headline
from egan.reporting.mappings import read_mapping
from egan.reporting.plots import (
    fitness_curves,
    measure_curves,
    mutation_shares,
    quality_diversity,
)
from egan.reporting.plots.tables import read_table
from population.plots import html
from population.records.plain_files import check_plain, read_plain
from population.records.result import read_result

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    Draw = Callable[[], Figure | None]

SHOWN = ("score", "looks")
"""The figures that a notebook shows; `RunView.figures` has all."""


class RunView:
    """What there is to see of a run directory now; a notebook shows it.

    Args:
        directory: The folder of a run.

    Raises:
        ValueError: It is no folder of a run, or a link.
    """

    def __init__(self, directory: str | Path) -> None:
        self.path = Path(directory)
        check_plain(self.path)
        if not any((self.path / name).exists() for name in ("config.yaml", "results.csv")):
            raise ValueError(
                f"{self.path} is no run directory; give a run, such as runs/00000-digits."
            )

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.resolve().name

    @property
    def about(self) -> About:
        """What the run is."""
        return read_about(self.path)

    @property
    def results(self) -> pd.DataFrame | None:
        """A row per child; None where none is finished yet."""
        return read_table(self.path / "results.csv")

    @property
    def metrics(self) -> pd.DataFrame | None:
        """A row per look; None where there was none yet."""
        return read_table(self.path / "metrics.csv")

    def headline(self) -> list[tuple[str, str]]:
        """Return the names and values that say how the run goes.

        Raises:
            ValueError: A file of the run cannot be read.
        """
        config = read_mapping(self.path / "config.yaml")
        timing = read_mapping(self.path / "timing.json")
        return headline(self.results, self.metrics, config, timing, about=self.about)

    def figures(self) -> dict[str, Figure]:
        """Return the figures that there are data for, by name.

        Raises:
            ValueError: A file of the run cannot be read.
        """
        return drawn(self.drawings())

    def drawings(self) -> dict[str, Draw]:
        """Return what draws the figures that there are data for, by name, without drawing them.

        Raises:
            ValueError: A file of the run cannot be read.
        """
        results, about = self.results, self.about
        drawings = drawings_of(results, self.metrics, about)
        if about.kind == "search" and results is not None:
            drawings["lineage"] = self._lineage
        return drawings

    def _lineage(self) -> Figure:
        return read_result(self.path).plot_lineage(unit=self.about.unit.removesuffix("s"))

    def samples(self) -> tuple[str, Path] | None:
        """Return the picture of the last look, and when that was; None where there is none."""
        pictures = [p for p in self.path.glob("samples/[0-9]*.png") if p.stem.isdigit()]
        if not pictures:
            return None
        last = max(pictures, key=lambda path: int(path.stem))
        return self.about.when(int(last.stem)), last

    def _repr_html_(self) -> str:
        """Return what a notebook shows; of what cannot be read, why."""
        title = html.headline([("run", self.name)])
        try:
            return "".join([title, html.headline(self.headline()), *self._shown()])
        except (ValueError, OSError) as error:
            return title + html.headline([("cannot be read", str(error))])

    def _shown(self) -> Iterator[str]:
        for name, figure in self.figures().items():
            if name in SHOWN:
                yield html.picture(figure, name)
        if seen := self.samples():
            when, path = seen
            yield html.headline([("samples", when)]) + html.embedded(read_plain(path), when)


def figures_of(
    results: pd.DataFrame | None, metrics: pd.DataFrame | None, about: About
) -> dict[str, Figure]:
    """Draw a run's tables: its score, mutations, their parts, and the looks, where there are any.

    Args:
        results: A row per child, as in ``results.csv``.
        metrics: A row per look, as in ``metrics.csv``.
        about: What the run is.
    """
    return drawn(drawings_of(results, metrics, about))


def drawings_of(
    results: pd.DataFrame | None, metrics: pd.DataFrame | None, about: About
) -> dict[str, Draw]:
    """Return what draws a run's tables, by the figure's name, without drawing them."""
    drawings: dict[str, Draw] = {}
    if results is not None:
        if about.competes and OBJECTIVE in results.select_dtypes("number"):
            drawings["score"] = partial(fitness_curves, results, about=about)
        if about.kind == "evolve":
            if "operator" in results and results["operator"].astype(bool).any():
                drawings["mutations"] = partial(mutation_shares, results)
            drawings["parts"] = partial(quality_diversity, results)
    if metrics is not None:
        drawings["looks"] = partial(measure_curves, metrics, about=about)
    return drawings


def drawn(drawings: Mapping[str, Draw]) -> dict[str, Figure]:
    """Draw figures; what turns out to have nothing to show is left out."""
    figures = {name: draw() for name, draw in drawings.items()}
    return {name: figure for name, figure in figures.items() if figure is not None}
