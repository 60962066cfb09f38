"""What a run is: trained, searched, or evolved, each made by one function. Needs no torch.

    train     one model, in rounds of updates
    search    a population of models, or of whole evolutions, whose hyperparameters are searched
    evolve    generators that are mutated and selected in a discriminator
    niches    generators that are mutated in a discriminator, and all go on

Session, listeners, preparation, overview and outcome read the plan; nobody else asks which it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from egan import collection
from egan.collection.search import strategy_of
from egan.config import RunConfig, to_dict

if TYPE_CHECKING:
    from egan.runs.preparation import Prepared
    from population import Callback, Executor, Search
    from population.member import Hyperparameters
    from population.state import State

Kind = Literal["train", "search", "evolve", "niches"]
Step = Literal["updates", "generations"]
Shown = Callable[["Sequence[State]", "State | None"], "State"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A run as it is carried out.

    Attributes:
        config: The run's settings.
        kind: How the model is raised.
        model: The paper's name in the collection.
        unit: What the run's length is counted in, which is also the flag that sets it.
        length: How many of them there are, those before a resume included.
        interval: Steps in one of them.
        step: What a step is.
        num_children: Children in one of them.
        children: What one of them makes, for a reader.
        how: What is added to a preset's name where the run is not of its default kind.
        make: From the plan, what is prepared and options of `Search` to the search.
        shown: From the states of the best members, and of the environment, to that of the model
            that is shown.
        num_shown: How many members that takes.
    """

    config: RunConfig
    kind: Kind
    model: str
    unit: Literal["rounds", "generations"]
    length: int
    interval: int
    step: Step
    num_children: int
    children: str
    how: str
    make: Callable[..., Search]
    shown: Shown
    num_shown: int = 1

    @property
    def one(self) -> str:
        """What a single one of its units is called."""
        return self.unit.removesuffix("s")

    @property
    def name(self) -> str:
        """What a run directory is called after its number."""
        return "-".join([*self.config.preset.split(":"), *([self.how] if self.how else [])])

    @property
    def look_every(self) -> int:
        """Generations, or rounds, between looks."""
        return self.config.look_every or max(1, self.length // 20)

    @property
    def checkpoint_every(self) -> int:
        """Generations, or rounds, between checkpoints: rounds are few and dear."""
        often = self.look_every if self.unit == "generations" else 1
        return self.config.checkpoint_every or often

    @property
    def in_process(self) -> bool:
        """Whether all is computed in this process; a single model is, if nothing else is said."""
        config = self.config
        one = self.kind == "train" and config.workers is None and config.address is None
        return config.executor == "inline" or one

    @property
    def num_workers(self) -> int:
        """Worker actors: one per sibling, but of others on this machine no more than processors."""
        if self.config.workers or self.kind == "evolve":
            return self.config.workers or self.num_children
        processors = self.num_children if self.config.address else os.cpu_count() or 1
        return min(self.num_children, processors)

    @property
    def actors(self) -> int:
        """Ray actors: the workers, and one for what their members live in."""
        return self.num_workers + self.has_environment

    @property
    def has_environment(self) -> bool:
        """Whether members live in something that learns, a discriminator."""
        return self.unit == "generations"

    def varied(self, hyperparameters: Hyperparameters) -> Hyperparameters:
        """Return those of a member's hyperparameters that are settings of the model it shows."""
        return hyperparameters if self.kind == "search" else {}

    @property
    def executor(self) -> Executor:
        """Where children are made."""
        from population import InlineExecutor, RayExecutor

        if self.in_process:
            return InlineExecutor()
        address = self.config.address
        return RayExecutor(
            self.num_workers,
            address=address,
            num_gpus=self.config.gpus_per_worker,
            runtime_env={"py_modules": [str(Path(__file__).parents[1])]} if address else None,
        )

    def search(
        self,
        prepared: Prepared,
        *,
        directory: Path | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> Search:
        """Return the search that the run is."""
        return self.make(
            self,
            prepared,
            executor=self.executor,
            directory=directory,
            seed=self.config.seed,
            name=self.config.preset,
            callbacks=callbacks,
            checkpoint_every=self.checkpoint_every,
            profile=self.config.profile,
            identity={**self.identity, **prepared.identity},
        )

    @property
    def identity(self) -> dict[str, Any]:
        """The settings that a resumed run must share: all that its bits depend on.

        Not where the data lie or are held: their contents count, see `Dataset.fingerprint`.
        """
        settings = to_dict(self.config)
        for name in ("path", "store"):
            settings["data"].pop(name)
        names = ["data", "settings", "device", "arithmetic"]
        names += ["evolve", "evolution"] if self.config.mutations else []
        rounds = {"interval": self.config.search.interval} if self.unit == "rounds" else {}
        looks = {"rollback at looks every": self.look_every} if self._goes_back else {}
        return {"model": self.model, **rounds, **looks, **{name: settings[name] for name in names}}

    @property
    def _goes_back(self) -> bool:
        """Whether what looks see may change the run."""
        return self.config.on_collapse == "rollback"


def plan(config: RunConfig) -> Plan:
    """Return how a run is carried out.

    Raises:
        ValueError: There is no such preset or model.
    """
    if config.search.strategy is not None:
        return _search(config)
    return _evolve(config) if config.mutations else _train(config)


def _train(config: RunConfig) -> Plan:
    """A population of one that never varies, in rounds of updates."""
    settings = config.search
    return Plan(
        **_common(config),
        kind="train",
        unit="rounds",
        length=settings.rounds,
        interval=settings.interval,
        step="updates",
        num_children=1,
        children=f"{settings.interval} updates",
        how="train" if _default(config).mutations else "",
        make=_of_models,
        shown=_itself,
    )


def _search(config: RunConfig) -> Plan:
    """A population of whole models, or of whole evolutions, whose hyperparameters are searched."""
    settings = config.search
    step: Step = "generations" if config.mutations else "updates"
    evolves = bool(config.mutations) and not _default(config).mutations
    return Plan(
        **_common(config),
        kind="search",
        unit="rounds",
        length=settings.rounds,
        interval=settings.interval,
        step=step,
        num_children=settings.population,
        children=f"{settings.interval} {step} of {settings.population} members",
        how=f"evolve-{settings.strategy}" if evolves else str(settings.strategy),
        make=_of_evolutions if config.mutations else _of_models,
        shown=_best_inside if config.mutations else _itself,
    )


def _evolve(config: RunConfig) -> Plan:
    """Generators for members, and their discriminator for an environment."""
    niches = config.evolution.niches
    num_children = config.evolution.num_children(config.mutations)
    crossed = config.evolution.crossover
    how = "" if _default(config).mutations else "evolve"
    return Plan(
        **_common(config),
        kind="niches" if niches else "evolve",
        unit="generations",
        length=config.generations,
        interval=1,
        step="generations",
        num_children=num_children,
        children=f"{num_children + crossed} {'niches' if niches else 'children'}",
        how="niches" if niches and not _default(config).evolution.niches else how,
        make=_of_generators,
        shown=_all_sides if niches else _both_sides,
        num_shown=niches or 1,
    )


def _common(config: RunConfig) -> dict[str, Any]:
    return {"config": config, "model": collection.named(config.preset)[0]}


def _default(config: RunConfig) -> RunConfig:
    return collection.preset(config.preset)


def _itself(states: Sequence[State], environment: State | None) -> State:  # noqa: ARG001
    return states[0]


def _best_inside(states: Sequence[State], environment: State | None) -> State:  # noqa: ARG001
    from egan.evolution.whole import best_of

    return best_of(states[0])


def _both_sides(states: Sequence[State], environment: State | None) -> State:
    from egan.evolution.whole import joined

    return joined(states[0], environment)


def _all_sides(states: Sequence[State], environment: State | None) -> State:
    """Return the state of a mixture, see `egan.evolution.mixture`."""
    return {"members": list(states), "environment": environment}


def _of_models(plan: Plan, prepared: Prepared, **options: Any) -> Search:
    """Return a search whose members are models."""
    from population import Search

    return Search(prepared.member, strategy_of(plan.config), **options)


def _of_evolutions(plan: Plan, prepared: Prepared, **options: Any) -> Search:
    """Return a search whose members are whole evolutions."""
    from egan.evolution.whole import WholeEvolution
    from population import Search

    game: Any = prepared.model_type
    member = partial(WholeEvolution, config=plan.config, game=game, task=prepared.task)
    return Search(member, strategy_of(plan.config), **options)


def _of_generators(plan: Plan, prepared: Prepared, **options: Any) -> Search:
    """Return an evolution."""
    from egan.evolution.whole import evolution_search

    return evolution_search(prepared.parts(plan.config), **options)
