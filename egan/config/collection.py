"""The settings of a run of the collection: what all runs share, and the model's own."""

from __future__ import annotations

import dataclasses
import os
from typing import Annotated, Any, Self

import tyro

from egan.config.common import CommonConfig, check_common, check_number, check_range, to_dict
from egan.config.settings import Settings


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvolveConfig:
    """Evolution of the generator (--evolve): fitness = quality + diversity_weight * diversity."""

    num_survivors: int = 1
    """How many children survive each generation (mu)."""
    diversity_weight: float = 0.01
    """Weight of diversity (gamma), at least 0."""
    diversity_cap: float = 3.0
    """Highest diversity that counts, so that a saturated discriminator rewards nobody."""
    num_samples: int = 128
    """Samples per child that are scored; the survivors' train the discriminator."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class CollectionConfig(CommonConfig):
    """Everything that a run of a model of the collection depends on.

    A model's presets are functions that return one: data, rounds and the model's own settings.
    """

    settings: Annotated[Settings, tyro.conf.arg(name="")] = dataclasses.field(
        default_factory=Settings
    )
    evolve: Annotated[str | None, tyro.conf.arg(metavar="A,B,C")] = None
    """Evolve the generator by these mutations, such as minimax,heuristic,least_squares."""
    generations: int = 2000
    """Generations of --evolve to run, those before a resume included."""
    evolution: EvolveConfig = dataclasses.field(default_factory=EvolveConfig)

    @property
    def model(self) -> str:
        """The model's name in `egan.collection.MODELS`."""
        return self.preset.partition(":")[0]

    @property
    def mutations(self) -> tuple[str, ...]:
        """The mutations to evolve by; none in training and in a search."""
        return tuple(word.strip() for word in (self.evolve or "").split(",") if self.evolve)

    @property
    def evolves(self) -> bool:
        """Whether generators evolve in a discriminator."""
        return self.evolve is not None

    @property
    def has_rounds(self) -> bool:
        """Whether it goes in rounds of updates, as all but an evolution does."""
        return not self.evolves

    @property
    def in_process(self) -> bool:
        """Whether all is computed in this process; a single model is, if nothing else is said."""
        alone = self.num_children == 1 and self.workers is None and self.address is None
        return self.executor == "inline" or alone

    @property
    def name(self) -> str:
        """What a run directory is called after its number."""
        how = "evolve" if self.evolves else self.search.strategy
        return "-".join([*self.preset.split(":"), *([how] if how else [])])

    @property
    def length(self) -> int:
        """How far the run goes: rounds of updates, or generations of an evolution."""
        return self.generations if self.evolves else self.search.rounds

    @property
    def unit(self) -> str:
        """What its length is counted in, which is also the flag that sets it."""
        return "generations" if self.evolves else "rounds"

    @property
    def num_children(self) -> int:
        """Children per generation or round."""
        if self.evolves:
            return self.evolution.num_survivors * len(self.mutations)
        return self.search.population if self.is_search else 1

    @property
    def num_workers(self) -> int:
        """Worker actors: one per child, but on this machine no more than processors."""
        processors = self.num_children if self.address else os.cpu_count() or 1
        return self.workers or min(self.num_children, processors)

    @property
    def children(self) -> str:
        """What is trained, for a reader."""
        if self.evolves:
            return f"{self.num_children} children"
        members = f" of {self.search.population} members" if self.is_search else ""
        return f"{self.search.interval} updates{members}"

    def identity(self) -> dict[str, Any]:
        """Return the settings that a resumed run must share: all that its bits depend on."""
        settings = to_dict(self)
        settings["data"].pop("path")
        names = ("data", "settings", "evolve", "evolution", "device")
        shared = {name: settings[name] for name in names}
        interval = {"interval": self.search.interval} if self.has_rounds else {}
        return {"model": self.model, **interval, **shared}

    def checked(self) -> Self:
        """Return the settings if they make sense together.

        Raises:
            ValueError: They do not; the message names a setting, what it was, what is expected.
        """
        from egan import collection

        check_common(self)
        self.settings.check()
        check_range("generations", self.generations)
        check_range("evolution.num-survivors", self.evolution.num_survivors)
        check_range("evolution.num-samples", self.evolution.num_samples, least=2)
        check_number("evolution.diversity-weight", self.evolution.diversity_weight)
        check_number("evolution.diversity-cap", self.evolution.diversity_cap, positive=True)
        if self.evolves:
            self._check_evolution(collection.load(self.model))
        return self

    def _check_evolution(self, model: Any) -> None:
        import mutations

        if self.is_search:
            raise ValueError(
                f"--evolve and --search {self.search.strategy} are two ways to run a model; give "
                "one of them."
            )
        if not model.evolves:
            raise ValueError(
                f"--evolve needs a generator against a discriminator, but {self.model} has no "
                "discriminator. Train it, tune it with --search, or take another model; --list "
                "names them, and those that evolve."
            )
        if len(set(self.mutations)) < len(self.mutations):
            raise ValueError(f"--evolve must be distinct names, but got {self.evolve}.")
        for name in self.mutations:
            mutations.check(name)
