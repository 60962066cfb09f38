"""The settings of a run of E-GAN: frozen dataclasses, a line of help each. Needs no torch."""

from __future__ import annotations

import dataclasses
import os
from typing import Any, Literal, Self

from egan.config.common import (
    CADENCE,
    WHERE_ONLY,
    CommonConfig,
    DataConfig,
    SearchConfig,
    check_common,
    check_number,
    check_range,
    to_dict,
)

__all__ = [
    "CADENCE",
    "WHERE_ONLY",
    "ArithmeticConfig",
    "CommonConfig",
    "DataConfig",
    "DiscriminatorConfig",
    "EvolutionConfig",
    "FitnessConfig",
    "GeneratorConfig",
    "RunConfig",
    "SearchConfig",
    "check",
    "to_dict",
]

Betas = tuple[float, float]


@dataclasses.dataclass(frozen=True, kw_only=True)
class GeneratorConfig:
    """The members of the population."""

    network: str = "dcgan"
    """Network: dcgan for images, mlp for points and tiny images."""
    width: int = 64
    """Channels or units of the last hidden layer."""
    depth: int | None = None
    """Hidden layers (mlp only)."""
    norm: Literal["none", "batch"] = "none"
    """Normalisation of hidden layers."""
    init: Literal["default", "normal", "orthogonal"] = "default"
    """Initial weights: torch's default, N(0, 0.02), or orthogonal."""
    latent_dim: int = 64
    """Dimensions of the latent code z."""
    latent: Literal["normal", "uniform"] = "normal"
    """Distribution of z: N(0, 1), or uniform in [-1, 1]."""
    lr: float = 1e-3
    """Adam's learning rate."""
    betas: Betas = (0.5, 0.99)
    """Adam's decay rates."""
    ema_decay: float = 0.99
    """Decay of the exponential average of the surviving generator; 0 switches it off."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DiscriminatorConfig:
    """The environment that members are scored in."""

    network: str = "dcgan"
    """Network: dcgan for images, mlp for points and tiny images."""
    width: int = 64
    """Channels or units of the first hidden layer."""
    depth: int | None = None
    """Hidden layers (mlp only)."""
    norm: Literal["none", "batch", "spectral"] = "none"
    """Normalisation of hidden layers."""
    init: Literal["default", "normal", "orthogonal"] = "default"
    """Initial weights: torch's default, N(0, 0.02), or orthogonal."""
    input_scale: float = 1.0
    """Factor on the discriminator's input; above 1 it resolves fine structure sooner."""
    lr: float = 1e-3
    """Adam's learning rate."""
    betas: Betas = (0.5, 0.99)
    """Adam's decay rates."""
    steps: int = 1
    """Training steps per generation."""
    r1_weight: float = 0.0
    """Weight of R1, half the squared gradient norm on real samples."""
    gradient_penalty_weight: float = 0.0
    """Weight of the gradient penalty between real and generated samples (2 or 10 are usual)."""
    reuse_gradient: bool = False
    """Take the first step on the scored batch, whose gradient scoring has found already."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvolutionConfig:
    """Variation and selection."""

    mutations: tuple[str, ...] = ("minimax", "heuristic", "least_squares")
    """Objectives that children are made with; --list names all."""
    num_survivors: int = 1
    """How many children survive each generation (mu)."""
    batch_size: int = 64
    """Latent codes per mutation, and real samples per discriminator step."""
    selection: Literal["comma", "plus", "pareto"] = "comma"
    """Best children; best of children and parents; or by fronts of (quality, diversity)."""
    fresh_codes: bool = False
    """Draw codes per child, as the paper does, instead of one batch shared by siblings."""
    random_mutation: bool = False
    """Baseline: one child per parent, its mutation drawn at random, no selection."""
    contest_every: int = 1
    """Generations between contests of all mutations; the last winner's mutation in between."""
    bandit: bool = False
    """Between contests, mutations come from a bandit that learns which ones win contests."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class FitnessConfig:
    """Fitness = quality + diversity_weight * diversity."""

    diversity: Literal["gradient", "pairwise", "none"] = "gradient"
    """-log of the discriminator's gradient norm; mean distance of pairs; or no scoring at all."""
    diversity_weight: float = 0.01
    """Weight of diversity (gamma), at least 0."""
    diversity_cap: float = 3.0
    """Highest diversity that counts, so that a saturated discriminator rewards nobody."""
    num_samples: int = 64
    """Samples per child that are scored; the survivors' train the discriminator."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArithmeticConfig:
    """How networks are computed: what is faster depends on the machine, and changes last bits."""

    precision: Literal["float32", "bfloat16"] = "float32"
    """Of forward and backward passes; weights, Adam and scores stay float32."""
    channels_last: bool = False
    """Let convolutions work with the channels as the last axis in memory."""
    compile: bool = False
    """Compile the networks with torch.compile, which takes a minute at the start."""
    vectorize: Literal["auto", "on", "off"] = "auto"
    """Score siblings at once, by torch.func; auto tries on a GPU which is faster, off on CPUs."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunConfig(CommonConfig):
    """Everything that a run of E-GAN depends on."""

    generations: int = 2000
    """Generations to run, those before a resume included."""
    generator: GeneratorConfig = dataclasses.field(default_factory=GeneratorConfig)
    discriminator: DiscriminatorConfig = dataclasses.field(default_factory=DiscriminatorConfig)
    evolution: EvolutionConfig = dataclasses.field(default_factory=EvolutionConfig)
    fitness: FitnessConfig = dataclasses.field(default_factory=FitnessConfig)
    arithmetic: ArithmeticConfig = dataclasses.field(default_factory=ArithmeticConfig)

    @property
    def name(self) -> str:
        """What a run directory is called after its number."""
        return f"{self.preset}-{self.search.strategy}" if self.is_search else self.preset

    @property
    def length(self) -> int:
        """How far the run goes: generations, or rounds of a search."""
        return self.search.rounds if self.is_search else self.generations

    @property
    def unit(self) -> str:
        """What its length is counted in, which is also the flag that sets it."""
        return "rounds" if self.is_search else "generations"

    @property
    def evolves(self) -> bool:
        """Whether it is an E-GAN by itself, not a population of them."""
        return not self.is_search

    @property
    def children(self) -> str:
        """What a generation or round makes, for a reader."""
        if self.is_search:
            return f"{self.search.interval} generations of {self.search.population} members"
        return f"{self.num_children} children"

    @property
    def num_children(self) -> int:
        """Children per generation of E-GAN."""
        evolution = self.evolution
        per_parent = 1 if evolution.random_mutation else len(evolution.mutations)
        return evolution.num_survivors * (per_parent + (evolution.selection == "plus"))

    @property
    def num_workers(self) -> int:
        """Worker actors: one per child, or in a search one per member and processor."""
        if self.workers or not self.is_search:
            return self.workers or self.num_children
        processors = self.search.population if self.address else os.cpu_count() or 1
        return min(self.search.population, processors)

    def identity(self) -> dict[str, Any]:
        """Return the settings that a resumed run must share: all that its bits depend on.

        Not where the data lie: their contents count, see `Dataset.fingerprint`.
        """
        settings = to_dict(self)
        names = (
            *("data", "generator", "discriminator", "evolution", "fitness", "arithmetic"),
            "device",
        )
        settings["data"].pop("path")
        return {name: settings[name] for name in names}

    def checked(self) -> Self:
        """Return the settings if they make sense together, see `check`, with a whole search.

        Raises:
            ValueError: They do not.
        """
        check(self)
        return self


def check(config: RunConfig) -> RunConfig:
    """Return the settings if they make sense together.

    Raises:
        ValueError: One does not; the message names it, what it was, and what is expected.
    """
    check_common(config)
    _check_names(config)
    _check_ranges(config)
    names = config.evolution.mutations
    if not names or len(set(names)) < len(names):
        raise ValueError(f"--evolution.mutations must be distinct names, but got {names}.")
    if config.fitness.diversity == "none" and config.num_children > config.evolution.num_survivors:
        raise ValueError(
            "--fitness.diversity none leaves nothing to select by; use it with one mutation, or "
            "with --evolution.random-mutation."
        )
    if config.evolution.bandit:
        _check_bandit(config.evolution)
    if config.discriminator.reuse_gradient:
        _check_gradient_is_there(config)
    _check_arithmetic(config)
    return config


def _check_arithmetic(config: RunConfig) -> None:
    """See that nothing with running statistics is compiled or vectorised."""
    for flag, asked in (
        ("compile", config.arithmetic.compile),
        ("vectorize on", config.arithmetic.vectorize == "on"),
    ):
        for part in ("generator", "discriminator"):
            norm = getattr(config, part).norm
            if asked and norm != "none":
                raise ValueError(
                    f"--arithmetic.{flag} needs networks without running statistics, but got "
                    f"--{part}.norm {norm}; expected none. Leave one of them out."
                )

    if config.arithmetic.vectorize == "on":
        _check_vectorize(config)


def _check_vectorize(config: RunConfig) -> None:
    """See that siblings are scored alike, by what `torch.func` can batch."""
    for flag, got, wanted in (
        ("fitness.diversity", config.fitness.diversity, "gradient"),
        ("evolution.fresh-codes", config.evolution.fresh_codes, False),
        ("arithmetic.compile", config.arithmetic.compile, False),
    ):
        if got != wanted:
            raise ValueError(
                "--arithmetic.vectorize on scores siblings at once, on shared codes, by the "
                f"discriminator's gradient, but got --{flag} {got}; expected {wanted}."
            )


def _check_bandit(evolution: EvolutionConfig) -> None:
    if evolution.contest_every == 1:
        raise ValueError(
            "--evolution.bandit proposes mutations between contests, but got "
            "--evolution.contest-every 1, which leaves nothing in between; expected 2 or more."
        )
    if evolution.random_mutation:
        raise ValueError(
            "--evolution.bandit learns from contests, but got --evolution.random-mutation, which "
            "holds none; leave one of them out."
        )
    if len(evolution.mutations) == 1:
        raise ValueError(
            "--evolution.bandit chooses among mutations, but got --evolution.mutations "
            f"{evolution.mutations[0]} alone; expected two or more."
        )


def _check_gradient_is_there(config: RunConfig) -> None:
    if config.fitness.diversity != "gradient":
        raise ValueError(
            "--discriminator.reuse-gradient needs scores that take the discriminator's gradient, "
            f"but got --fitness.diversity {config.fitness.diversity}; expected gradient."
        )
    if config.discriminator.norm != "none":
        raise ValueError(
            "--discriminator.reuse-gradient needs a discriminator without statistics, which are "
            f"kept in training only, but got --discriminator.norm {config.discriminator.norm}; "
            "expected none."
        )


def _check_names(config: RunConfig) -> None:
    import mutations
    from egan.lazy import lookup
    from egan.networks import DISCRIMINATORS, GENERATORS

    lookup(GENERATORS, config.generator.network, kind="network (--generator.network)")
    lookup(DISCRIMINATORS, config.discriminator.network, kind="network (--discriminator.network)")
    for name in config.evolution.mutations:
        mutations.check(name)


def _check_ranges(config: RunConfig) -> None:
    for name, value, least in _integers(config):
        check_range(name, value, least=least)
    for name, number, positive in _numbers(config):
        check_number(name, number, positive=positive)
    for part in ("generator", "discriminator"):
        betas = getattr(config, part).betas
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"--{part}.betas must be in [0, 1), but got {betas}.")
    if not config.generator.ema_decay < 1:
        raise ValueError(
            f"--generator.ema-decay must be below 1, but got {config.generator.ema_decay}."
        )


def _integers(config: RunConfig) -> list[tuple[str, int | None, int]]:
    return [
        ("generations", config.generations, 1),
        ("generator.latent-dim", config.generator.latent_dim, 1),
        ("generator.width", config.generator.width, 1),
        ("generator.depth", config.generator.depth, 1),
        ("discriminator.width", config.discriminator.width, 1),
        ("discriminator.depth", config.discriminator.depth, 1),
        ("discriminator.steps", config.discriminator.steps, 1),
        ("evolution.num-survivors", config.evolution.num_survivors, 1),
        ("evolution.batch-size", config.evolution.batch_size, config.evolution.num_survivors + 1),
        ("evolution.contest-every", config.evolution.contest_every, 1),
        ("fitness.num-samples", config.fitness.num_samples, 2),
    ]


def _numbers(config: RunConfig) -> list[tuple[str, float, bool]]:
    return [
        ("generator.lr", config.generator.lr, True),
        ("generator.ema-decay", config.generator.ema_decay, False),
        ("discriminator.lr", config.discriminator.lr, True),
        ("discriminator.input-scale", config.discriminator.input_scale, True),
        ("discriminator.r1-weight", config.discriminator.r1_weight, False),
        (
            "discriminator.gradient-penalty-weight",
            config.discriminator.gradient_penalty_weight,
            False,
        ),
        ("fitness.diversity-weight", config.fitness.diversity_weight, False),
        ("fitness.diversity-cap", config.fitness.diversity_cap, True),
    ]
