"""A whole evolution: its parts, its search, and the same as one member of a population.

E-GAN × PBT: the search around such members varies learning rates, weights and steps; the evolution
inside them is the same engine with the same generators and discriminator as in a run of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from egan.config.shares import shares
from egan.evolution.discriminator import SharedDiscriminator
from egan.evolution.generator import EvolvedGenerator
from egan.evolution.mixture import mixture_of
from egan.evolution.rivals import RivalDiscriminators
from egan.evolution.scoring import has_buffers
from egan.training.arithmetic import check_compiler
from egan.training.renewal import RENEWALS, renewed
from population import Callback, Evolution, Executor, InlineExecutor, Niches, Search
from population.member import Hyperparameters, Member
from population.records.snapshot import Snapshot
from population.state import State, pack, unpack
from population.strategy import Individual

if TYPE_CHECKING:
    from egan.config import ArithmeticConfig, EvolutionConfig, RunConfig
    from egan.tasks import Task
    from egan.training.game import Game
    from egan.training.model import Model


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What an evolution of a game is made of.

    Attributes:
        build: Builds the game, or with ``side`` one side of it, from hyperparameters.
        mutations: The names of the objectives that children are made with.
        evolution: Variation, scoring and selection.
        batch_size: Samples per update, which niches divide.
    """

    build: Callable[..., Game]
    mutations: tuple[str, ...]
    evolution: EvolutionConfig
    batch_size: int

    @property
    def member(self) -> Callable[[Hyperparameters], EvolvedGenerator]:
        """What builds members: generators."""
        return partial(
            EvolvedGenerator, build=self.build, evolution=self.evolution, mutations=self.mutations
        )

    @property
    def environment(self) -> Callable[[], SharedDiscriminator | RivalDiscriminators]:
        """What builds their environment: the discriminator, or several."""
        several = self.evolution.discriminators > 1
        kind = RivalDiscriminators if several else SharedDiscriminator
        return partial(kind, build=self.build, evolution=self.evolution)

    @property
    def strategy(self) -> Evolution | Niches:
        """Who has children, and who survives.

        Where the discriminator has saturated for any child of a generation, diversity counts for
        none of them: it is highest for those that fool nobody, and next to it quality is nothing.
        """
        settings = self.evolution
        if settings.niches:
            members = [{"batch_size": n} for n in shares(self.batch_size, settings.niches)]
            return Niches(self.mutations, members=members, drawn=settings.random_mutation)
        return Evolution(
            self.mutations,
            mu=settings.num_survivors,
            plus=settings.selection == "plus",
            objectives=("quality", "diversity") if settings.selection == "pareto" else (),
            unless=("saturated", "quality"),
            random_operator=settings.random_mutation,
            contest_every=settings.contest_every,
            bandit=settings.bandit,
            crossover=settings.crossover,
            losers_teach=settings.losers_teach,
        )

    def check(self, arithmetic: ArithmeticConfig) -> None:
        """See that the game can be computed and learned as the settings ask.

        Raises:
            ValueError: It cannot; the message names the flag.
        """
        check_compiler(arithmetic)
        game = self.build({}, arithmetic=replace(arithmetic, compile=False))
        if self.evolution.reuse_gradient and not game.is_logistic:
            raise ValueError(
                "--evolution.reuse-gradient takes a step along the gradient of "
                "-log D(x) - log(1 - D(G(z))), which scoring has found, but the discriminator of "
                f"{type(game).__name__} has a loss of its own. Leave it out."
            )
        asked = {"compile": arithmetic.compile, "vectorize": arithmetic.vectorize}
        networks = [game.networks[name] for side in game.sides for name in side]
        for flag in (name for name, is_asked in asked.items() if is_asked):
            if has_buffers(networks):
                raise ValueError(
                    f"--arithmetic.{flag} needs networks without running statistics, but "
                    f"{type(game).__name__} has some (batch or spectral norm). Leave one of them "
                    "out."
                )


def parts_of(config: RunConfig, game: Callable[..., Game], task: Task) -> Parts:
    """Return the parts of the evolution that settings ask for.

    Args:
        config: The run's settings.
        game: The paper's class.
        task: What it learns from.
    """
    build = partial(
        game,
        settings=config.settings,
        task=task,
        device=config.device,
        arithmetic=config.arithmetic,
    )
    return Parts(
        build=build,
        mutations=config.mutations,
        evolution=config.evolution,
        batch_size=config.settings.batch_size,
    )


def evolution_search(
    parts: Parts,
    *,
    seed: int,
    executor: Executor | None = None,
    directory: Path | None = None,
    callbacks: Sequence[Callback] = (),
    **options: Any,
) -> Search:
    """Return the search that an evolution is: generators in a discriminator.

    Args:
        parts: What it is made of.
        seed: The seed of everything.
        executor: Where children are made; by default in this process.
        directory: The run directory.
        callbacks: Listeners.
        options: More for `Search`: ``name``, ``identity``, ``checkpoint_every``, ``profile``.
    """
    return Search(
        parts.member,
        parts.strategy,
        environment=parts.environment,
        executor=executor or InlineExecutor(),
        directory=directory,
        seed=seed,
        callbacks=callbacks,
        **options,
    )


class WholeEvolution(Member):
    """Generators, their discriminator and their evolution; a step is a number of generations.

    It is scored as its paper's task scores the averaged best generator, or the mixture of niches,
    on latent codes that all members of a round share. It trains on random numbers of its own.

    Args:
        hyperparameters: Any of `RunConfig.kinds`.
        config: The settings of the evolution; its executor, seed and cadence play no part.
        game: The paper's class.
        task: What it learns from and is judged by.

    Raises:
        ValueError: A hyperparameter is unknown or out of its range.

    Wang et al. 2018, arXiv 1803.00657, within Jaderberg et al. 2017, arXiv 1711.09846.
    """

    def __init__(
        self,
        hyperparameters: Hyperparameters,
        *,
        config: RunConfig,
        game: Callable[..., Game],
        task: Task,
    ) -> None:
        self.given = config
        self.game_type = game
        self.task = task
        self.configure(hyperparameters)
        self.inside = random_start(self.parts)  # first: both draw weights from one stream
        self.model = self._model()

    def configure(self, hyperparameters: Hyperparameters) -> None:
        """Apply hyperparameters from the next step on, whatever the state was trained with."""
        self.config = self.given.tuned(hyperparameters)
        self.parts = parts_of(self.config, self.game_type, self.task)

    def _model(self) -> Model:
        """Build what is judged: the game, or the mixture of its niches."""
        niches = self.config.evolution.niches
        game = self.parts.build({})
        if not niches:
            return game
        others = [self.parts.build({}, side="members") for _ in range(1, niches)]
        return mixture_of([game, *others], self.config)

    def step(self, operator: str | None = None) -> None:
        """Evolve for the settings' ``interval`` of generations.

        Begin anew before, all survivors and the discriminator, where the operator says so; the
        mutations are the evolution's own.

        Raises:
            NothingSurvivesError: No child has had a finite fitness for a while.
        """
        if operator in RENEWALS:
            self.load_state_dict(renewed(self.state_dict(), self.parts.build({}), operator))
        interval = self.config.search.interval
        search = evolution_search(
            self.parts, seed=self.seeds.own("step"), checkpoint_every=interval
        )
        search.archive.save(replace(self.inside, identity=search.identity))
        search.resume().run(self.inside.generation + interval)
        self.inside = search.archive.latest(search.identity)

    def evaluate(self) -> dict[str, float]:
        """Score the best survivor as the paper does, by its averaged weights; niches as one."""
        self.model.load_state_dict(best_of(self.state_dict()))
        self.model.seeds = self.seeds
        return self.model.evaluate()

    def state_dict(self) -> State:
        """Return the survivors, the discriminator, both with optimisers, and how far it is."""
        inside = self.inside
        return {
            "generation": inside.generation,
            "idle": inside.idle,
            "strategy": dict(inside.strategy),
            "survivors": [
                {"generation": one.generation, "index": one.index, "state": unpack(one.state)}
                for one in inside.population
            ],
            "discriminator": None if inside.environment is None else unpack(inside.environment),
            **({"niches": self.parts.evolution.niches} if self.parts.evolution.niches else {}),
        }

    def load_state_dict(self, state: State) -> None:
        """Take over a state made by :meth:`state_dict`."""
        self.inside = Snapshot(
            generation=state["generation"],
            idle=state["idle"],
            strategy=state["strategy"],
            population=[
                Individual(**{**one, "state": pack(one["state"])}) for one in state["survivors"]
            ],
            environment=pack(state["discriminator"]),
        )


def random_start(parts: Parts) -> Snapshot:
    """Return an evolution before its first generation, drawn from torch's current stream."""
    # members before what they live in, all from one stream
    num = parts.evolution.niches or parts.evolution.num_survivors
    generators = [parts.member({}) for _ in range(num)]
    environment = parts.environment()
    survivors = [
        Individual(generation=0, index=i, state=pack(generator.state_dict()))
        for i, generator in enumerate(generators)
    ]
    return Snapshot(
        generation=0,
        population=survivors,
        environment=pack(environment.state_dict()),
        strategy=parts.strategy.state_dict(),
    )


def best_of(state: Mapping[str, Any]) -> State:
    """Return the state of the game with the best survivor of a whole evolution's state.

    Of one with niches, that of their mixture, see `egan.evolution.mixture`.
    """
    if "niches" in state:
        members = [one["state"] for one in state["survivors"]]
        return {"members": members, "environment": state["discriminator"]}
    return joined(state["survivors"][0]["state"], state["discriminator"])


def joined(member: Mapping[str, Any], environment: Mapping[str, Any] | None) -> State:
    """Return the state of a game from those of its two sides."""
    if environment is None:
        return dict(member)
    parts = ("networks", "optimizers")
    return {**member, **{name: {**member[name], **environment[name]} for name in parts}}
