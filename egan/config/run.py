"""All settings of a run, whatever paper it is of and however it is raised. Needs no torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import tyro

from egan.config.checks import check_number, check_range
from egan.config.evolution import EvolutionConfig
from egan.config.sections import ArithmeticConfig, DataConfig, SearchConfig
from egan.config.settings import Kind, Settings, fitting, kinds
from egan.config.shares import shares

WHERE_ONLY = (
    *("executor", "workers", "address", "output", "gpus_per_worker"),
    *("tensorboard", "wandb"),
)
"""Settings that say where a run happens, not what comes out of it."""

CADENCE = ("generations", "look_every", "checkpoint_every")
"""Settings that say how far a run goes and how often it is looked at."""

OF_EVOLUTION: Mapping[str, Kind] = {"diversity_weight": float, "niches": int}
"""What a search may vary of the section `evolution`, where its members are whole evolutions."""
STRUCTURAL = ("niches",)
"""What of that changes shapes, so that a member keeps it for life."""
EVOLVE = "evolve"
"""The mutations, which such a search may vary too: one text such as minimax,heuristic."""

NO_MUTATIONS = "none"

LEAST_SHARE = 10
"""Samples of a batch for each niche where shares move: then a fifth of an equal share is two."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Everything that a run depends on: the paper's settings, and the sections that all runs have.

    A paper's presets are functions that return one.
    """

    preset: Annotated[str, tyro.conf.Suppress] = "digits"
    """The preset that the other settings started from: "vae", "gan:paper", or one of E-GAN's."""
    settings: Annotated[Settings, tyro.conf.arg(name="")] = dataclasses.field(
        default_factory=Settings
    )
    seed: int = 0
    """Seed of everything; the same seed gives the same bits on any executor."""
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    search: Annotated[SearchConfig, tyro.conf.arg(name="")] = dataclasses.field(
        default_factory=SearchConfig
    )
    evolve: Annotated[str | None, tyro.conf.arg(metavar="A,B,C")] = None
    """Evolve the generator by these mutations, such as minimax,heuristic,least_squares; none trains
    instead."""
    generations: int = 2000
    """Generations of an evolution to run, those before a resume included."""
    evolution: EvolutionConfig = dataclasses.field(default_factory=EvolutionConfig)
    arithmetic: ArithmeticConfig = dataclasses.field(default_factory=ArithmeticConfig)
    executor: Literal["ray", "inline"] = "ray"
    """Ray actors, or this process alone."""
    workers: int | None = None
    """Ray workers; by default one per child, or in a search one per processor."""
    address: str | None = None
    """Ray cluster: auto, host:port or ray://host:port; by default Ray starts on this machine."""
    device: Literal["cpu", "cuda"] = "cpu"
    """Where networks live."""
    gpus_per_worker: float = 0.0
    """Ray GPUs per worker; a fraction shares one."""
    output: str = "runs"
    """Folder that the numbered run directory is made in, here or elsewhere (s3://bucket/runs)."""
    look_every: int | None = None
    """Generations, or rounds, between looks at samples; by default 20 looks a run."""
    checkpoint_every: int | None = None
    """Generations, or rounds, between checkpoints; by default as often as looks, or every round."""
    on_collapse: Literal["tell", "rollback"] = "tell"
    """Where training collapses: tell, or also go back to the best look with rates halved."""
    features: str | None = None
    """What sample distances are taken in instead of a classifier of the data: inception, a
    TorchScript FILE.pt, or your own module:function."""
    text_encoder: Annotated[str | None, tyro.conf.arg(metavar="MODULE:FUNCTION")] = None
    """Your function from a list of captions to their codes (N, D), which models of captions read
    instead of words."""
    tensorboard: bool = False
    """Write curves and samples for TensorBoard, into the run's directory; egan[tensorboard]."""
    wandb: Annotated[str | None, tyro.conf.arg(metavar="PROJECT")] = None
    """Send curves and samples to this project of Weights & Biases; egan[wandb]."""
    profile: bool = False
    """Also record in results.csv where each generation's time goes, phase by phase."""

    @property
    def mutations(self) -> tuple[str, ...]:
        """The mutations that generators evolve by; none where they do not."""
        if self.evolve is None or self.evolve == NO_MUTATIONS:
            return ()
        return tuple(word.strip() for word in self.evolve.split(","))

    @property
    def reaching(self) -> dict[str, str]:
        """The settings that run code of somebody's, or reach another machine.

        A file of settings may be a stranger's: they take effect where the command line names them.
        """
        named = {
            "features": self.features,
            "text-encoder": self.text_encoder,
            "address": self.address,
            "wandb": self.wandb,
        }
        reached = {name: value for name, value in named.items() if value not in (None, "auto")}
        return reached | ({"output": self.output} if "://" in self.output else {})

    @property
    def kinds(self) -> dict[str, Kind]:
        """The hyperparameters that a search may vary, each int, float, bool or str."""
        varied = {**OF_EVOLUTION, EVOLVE: str} if self.mutations else {}
        return kinds(type(self.settings)) | varied

    @property
    def structural(self) -> tuple[str, ...]:
        """Those of them that change shapes."""
        return (*type(self.settings).structural(), *(STRUCTURAL if self.mutations else ()))

    def tuned(self, hyperparameters: Mapping[str, Any]) -> Self:
        """Return the settings with hyperparameters in their places, checked.

        Raises:
            ValueError: There is no such setting, or the value is not of its kind or range.
        """
        own = {} if not self.mutations else OF_EVOLUTION
        evolution = {k: fitting(k, v, own[k]) for k, v in hyperparameters.items() if k in own}
        evolve = str(hyperparameters.get(EVOLVE, self.evolve)) if own else self.evolve
        known = {*own, EVOLVE} if own else set()
        settings = {k: v for k, v in hyperparameters.items() if k not in known}
        config = dataclasses.replace(
            self,
            evolve=evolve,
            settings=self.settings.tuned(settings, known=self.kinds),
            evolution=dataclasses.replace(self.evolution, **evolution),
        )
        if own and not config.mutations:
            raise ValueError(f"hyperparameter evolve must name mutations, but got {evolve!r}.")
        config.check()
        return config

    def check(self) -> None:
        """See that every setting is in its range, and that they make sense together.

        Raises:
            ValueError: One does not; the message names it, what it was, and what is expected.
        """
        from egan.data import LOADERS
        from egan.lazy import lookup

        lookup(LOADERS, self.data.name, kind="data set (--data.name)")
        check_range("seed", self.seed, least=0)
        for name in ("workers", "look_every", "checkpoint_every", "generations"):
            check_range(name.replace("_", "-"), getattr(self, name))
        check_number("gpus-per-worker", self.gpus_per_worker)
        self.search.check()
        self.settings.check()
        if self.mutations:
            self._check_evolution()

    def _check_evolution(self) -> None:
        import mutations

        if len(set(self.mutations)) < len(self.mutations):
            raise ValueError(f"--evolve must be distinct names, but got {self.evolve}.")
        for name in self.mutations:
            mutations.check(name)
        self.evolution.check(self.mutations)
        self.arithmetic.check(self.evolution)
        if self.evolution.niches:
            self._check_niches()
            return
        teachers = self.evolution.num_teachers(self.mutations)
        if self.settings.batch_size < teachers + 1:
            who = "children" if self.evolution.losers_teach else "survivors"
            raise ValueError(
                f"--batch-size must be {teachers + 1} or more, so that each of the "
                f"{teachers} {who} gives the discriminator a share, but "
                f"got {self.settings.batch_size}."
            )

    def _check_niches(self) -> None:
        niches, size = self.evolution.niches, self.settings.batch_size
        if size < niches:
            raise ValueError(
                f"--batch-size must be {niches} or more, so that each of {niches} niches "
                f"(--evolution.niches) has a share of the batch, but got {size}."
            )
        possible = set(shares(size, niches))
        if self.evolution.share_every:
            least = LEAST_SHARE * niches
            if size < least:
                raise ValueError(
                    f"--batch-size must be {least} or more, so that each of {niches} niches keeps "
                    f"a share of it while they move (--evolution.share-every), but got {size}."
                )
            possible = set(range(2, size))
        for share in sorted(possible):
            try:
                self.settings.tuned({"batch_size": share})
            except ValueError as error:
                raise ValueError(
                    f"--evolution.niches {niches} gives a member {share} of the {size} samples of "
                    f"a batch, which the model does not take: {error}"
                ) from error


def to_dict(config: Any) -> dict[str, Any]:
    """Return a config as plain dicts, lists and values, for YAML and JSON."""
    return {name: _plain(value) for name, value in dataclasses.asdict(config).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(child) for name, child in value.items()}
    return list(value) if isinstance(value, tuple) else value
