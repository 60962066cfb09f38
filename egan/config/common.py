"""The settings that all runs share, whatever they train. Needs no torch."""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from typing import Annotated, Any, Literal, Self

import tyro


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataConfig:
    """What to learn from."""

    name: str = "digits"
    """Data set: digits, overlapped_digits, shapes, scenes, bimodal, gaussians8, gaussians25,
    swiss_roll, folder, cifar10, mnist, npz."""
    path: str | None = None
    """Folder or file on disk, for folder, cifar10, mnist and npz."""
    image_size: int | None = None
    """Height and width in pixels, 28, 112 or a power of two from 8 to 1024, to resize to."""
    channels: int | None = None
    """1 for grey, 3 for colour; by default what the images have."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """A search for hyperparameters with a population of whole models."""

    strategy: Annotated[str | None, tyro.conf.arg(name="search", metavar="NAME")] = None
    """Search hyperparameters by pbt, pb2, random or halving; see the top of this help."""
    population: int = 8
    """Members: whole models that train side by side."""
    rounds: int = 20
    """Rounds to run, those before a resume included; after each, members are compared."""
    interval: int = 100
    """Generations (of E-GAN) or updates (of another model) that every member trains in a round."""
    space: Annotated[dict[str, str], tyro.conf.Suppress] = dataclasses.field(
        default_factory=dict, hash=False
    )
    """What to search, by name: `low,high[,log]`, a list `a,b,c`, or options `a|b`."""
    model: Annotated[str, tyro.conf.Suppress] = "egan"
    """What the members of a search with E-GAN's settings are, see `egan.runs.models`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class CommonConfig(ABC):
    """What all runs have, whatever they train; `egan.collection` extends it as `RunConfig` does."""

    preset: Annotated[str, tyro.conf.Suppress] = "digits"
    """The preset that the other settings started from."""
    seed: int = 0
    """Seed of everything; the same seed gives the same bits on any executor."""
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    search: Annotated[SearchConfig, tyro.conf.arg(name="")] = dataclasses.field(
        default_factory=SearchConfig
    )
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
    """Folder that the numbered run directory is made in."""
    look_every: int | None = None
    """Generations, or rounds of a search, between looks at samples; by default 20 looks a run."""
    checkpoint_every: int | None = None
    """Generations between checkpoints; by default as often as looks, in a search every round."""
    features: str | None = None
    """Your own feature extractor for sample distances, as module:function."""
    profile: bool = False
    """Also record in results.csv where each generation's time goes, phase by phase."""

    @property
    def is_search(self) -> bool:
        """Whether hyperparameters are searched, by a population of whole models."""
        return self.search.strategy is not None

    @property
    def has_rounds(self) -> bool:
        """Whether it goes in rounds, of which `search` says how many, not in generations."""
        return self.is_search

    @property
    def in_process(self) -> bool:
        """Whether all is computed in this process, without Ray."""
        return self.executor == "inline"

    @property
    def interval(self) -> int:
        """Generations, or rounds of a search, between looks at the samples."""
        return self.look_every or max(1, self.length // 20)

    @property
    @abstractmethod
    def name(self) -> str:
        """What a run directory is called after its number."""

    @property
    @abstractmethod
    def length(self) -> int:
        """How far the run goes: generations, or rounds."""

    @property
    @abstractmethod
    def unit(self) -> str:
        """What its length is counted in, which is also the flag that sets it."""

    @property
    @abstractmethod
    def evolves(self) -> bool:
        """Whether generators evolve in a discriminator."""

    @property
    @abstractmethod
    def num_workers(self) -> int:
        """Worker actors."""

    @property
    @abstractmethod
    def children(self) -> str:
        """What a generation or round makes, for a reader."""

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """Return the settings that a resumed run must share: all that its bits depend on.

        Not where the data lie: their contents count, see `Dataset.fingerprint`.
        """

    @abstractmethod
    def checked(self) -> Self:
        """Return the settings if they make sense together.

        Raises:
            ValueError: They do not; the message names a setting, what it was, what is expected.
        """


WHERE_ONLY = ("executor", "workers", "address", "output", "gpus_per_worker")
"""Settings that say where a run happens, not what comes out of it."""

CADENCE = ("generations", "look_every", "checkpoint_every")
"""Settings that say how far a run goes and how often it is looked at."""


def check_common(config: CommonConfig) -> None:
    """See that the settings that all runs share make sense.

    Raises:
        ValueError: One does not; the message names it, what it was, and what is expected.
    """
    from egan.data import LOADERS
    from egan.lazy import lookup

    lookup(LOADERS, config.data.name, kind="data set (--data.name)")
    check_range("seed", config.seed, least=0)
    check_range("population", config.search.population, least=2)
    for name in ("workers", "look_every", "checkpoint_every"):
        check_range(name.replace("_", "-"), getattr(config, name))
    check_range("rounds", config.search.rounds)
    check_range("interval", config.search.interval)
    check_number("gpus-per-worker", config.gpus_per_worker)
    if config.device == "cuda" and not config.in_process and config.gpus_per_worker == 0:
        raise ValueError(
            "--device cuda needs --gpus-per-worker above 0, so that Ray gives workers a GPU "
            f"(1/{config.num_workers + 1} shares one between all of them)."
        )


def check_range(flag: str, value: int | None, *, least: int = 1) -> None:
    """See that a whole number, where there is one, is large enough.

    Raises:
        ValueError: It is not.
    """
    if value is not None and value < least:
        raise ValueError(f"--{flag} must be {least} or more, but got {value}.")


def check_number(flag: str, value: float, *, positive: bool = False) -> None:
    """See that a number is finite and at least 0, or above it.

    Raises:
        ValueError: It is not.
    """
    if not math.isfinite(value) or value < 0 or (positive and value == 0):
        bound = "above 0" if positive else "at least 0"
        raise ValueError(f"--{flag} must be a number {bound}, but got {value}.")


def to_dict(config: Any) -> dict[str, Any]:
    """Return a config as plain dicts, lists and values, for YAML and JSON."""
    return {name: _plain(value) for name, value in dataclasses.asdict(config).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(child) for name, child in value.items()}
    return list(value) if isinstance(value, tuple) else value
