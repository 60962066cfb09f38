"""The settings of a run: frozen dataclasses, each field with a line of help. Needs no torch."""

from __future__ import annotations

import dataclasses
import math
import os
from typing import Annotated, Any, Literal

import tyro

Betas = tuple[float, float]


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataConfig:
    """What to learn from."""

    name: str = "digits"
    """Data set: digits, gaussians8, gaussians25, swiss_roll, folder, cifar10, mnist, npz."""
    path: str | None = None
    """Folder or file on disk, for folder, cifar10, mnist and npz."""
    image_size: int | None = None
    """Height and width in pixels, a power of two from 8 to 256; images are resized to it."""
    channels: int | None = None
    """1 for grey, 3 for colour; by default what the images have."""


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
class SearchConfig:
    """A search for hyperparameters around a population of whole E-GANs."""

    strategy: Annotated[str | None, tyro.conf.arg(name="search", metavar="NAME")] = None
    """Search hyperparameters by pbt, pb2, random or halving; see the top of this help."""
    population: int = 8
    """Members: whole E-GANs that train side by side."""
    rounds: int = 20
    """Rounds to run, those before a resume included; after each, members are compared."""
    interval: int = 100
    """Generations that every member evolves in a round."""
    space: Annotated[dict[str, str], tyro.conf.Suppress] = dataclasses.field(
        default_factory=dict, hash=False
    )
    """What to search, by name: `low,high[,log]`, a list `a,b,c`, or options `a|b`."""
    model: Annotated[str, tyro.conf.Suppress] = "egan"
    """What the members are, see `egan.models`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Everything that a run depends on."""

    preset: Annotated[str, tyro.conf.Suppress] = "digits"
    """The preset that the other settings started from."""
    generations: int = 2000
    """Generations to run, those before a resume included."""
    seed: int = 0
    """Seed of everything; the same seed gives the same bits on any executor."""
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    generator: GeneratorConfig = dataclasses.field(default_factory=GeneratorConfig)
    discriminator: DiscriminatorConfig = dataclasses.field(default_factory=DiscriminatorConfig)
    evolution: EvolutionConfig = dataclasses.field(default_factory=EvolutionConfig)
    fitness: FitnessConfig = dataclasses.field(default_factory=FitnessConfig)
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

    @property
    def is_search(self) -> bool:
        """Whether hyperparameters are searched, by a population of whole models."""
        return self.search.strategy is not None

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
    def interval(self) -> int:
        """Generations, or rounds of a search, between looks at the samples."""
        return self.look_every or max(1, self.length // 20)

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
        names = ("data", "generator", "discriminator", "evolution", "fitness", "device")
        settings["data"].pop("path")
        return {name: settings[name] for name in names}


WHERE_ONLY = ("executor", "workers", "address", "output", "gpus_per_worker")
"""Settings that say where a run happens, not what comes out of it."""

CADENCE = ("generations", "look_every", "checkpoint_every")
"""Settings that say how far a run goes and how often it is looked at."""


def check(config: RunConfig) -> RunConfig:
    """Return the settings if they make sense together.

    Raises:
        ValueError: One does not; the message names it, what it was, and what is expected.
    """
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
    if config.device == "cuda" and config.executor == "ray" and config.gpus_per_worker == 0:
        raise ValueError(
            "--device cuda needs --gpus-per-worker above 0, so that Ray gives workers a GPU "
            f"(1/{config.num_workers + 1} shares one between all of them)."
        )
    return config


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
    from egan.data import LOADERS
    from egan.lazy import lookup
    from egan.networks import DISCRIMINATORS, GENERATORS

    lookup(LOADERS, config.data.name, kind="data set (--data.name)")
    lookup(GENERATORS, config.generator.network, kind="network (--generator.network)")
    lookup(DISCRIMINATORS, config.discriminator.network, kind="network (--discriminator.network)")
    for name in config.evolution.mutations:
        mutations.check(name)


def _check_ranges(config: RunConfig) -> None:
    for name, value, least in _integers(config):
        if value is not None and value < least:
            raise ValueError(f"--{name} must be {least} or more, but got {value}.")
    for name, number, positive in _numbers(config):
        if not math.isfinite(number) or number < 0 or (positive and number == 0):
            bound = "above 0" if positive else "at least 0"
            raise ValueError(f"--{name} must be a number {bound}, but got {number}.")
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
        ("seed", config.seed, 0),
        ("workers", config.workers, 1),
        ("population", config.search.population, 2),
        ("rounds", config.search.rounds, 1),
        ("interval", config.search.interval, 1),
        ("look-every", config.look_every, 1),
        ("checkpoint-every", config.checkpoint_every, 1),
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
        ("gpus-per-worker", config.gpus_per_worker, False),
    ]


def to_dict(config: Any) -> dict[str, Any]:
    """Return a config as plain dicts, lists and values, for YAML and JSON."""
    return {name: _plain(value) for name, value in dataclasses.asdict(config).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(child) for name, child in value.items()}
    return list(value) if isinstance(value, tuple) else value
