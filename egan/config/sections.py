"""The sections of settings that every run has, whatever it trains. Needs no torch."""

from __future__ import annotations

import dataclasses
import math
from typing import Annotated, Any, Literal

import tyro

from egan.config.checks import check_number, check_range

PAIRS, DOMAINS = "pairs", "domains"


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataConfig:
    """What to learn from."""

    name: str = "digits"
    """Data set: digits, overlapped_digits, mnist5k, overlapped_mnist5k, stacked_mnist,
    digits_to_mnist, shapes, scenes, bimodal, five_modes, gaussians8, gaussians25, ring16,
    swiss_roll, openmoji, openmoji_lines, photographs, folder, pairs, side_by_side, domains,
    cifar10, mnist, npz."""
    path: str | None = None
    """Folder or file on disk, for folder, side_by_side, cifar10, mnist and npz."""
    pairs: tuple[str, str] | None = None
    """Two folders, of sources and of their targets, which have equal names; says --data.name pairs.
    With --data.name domains, of one domain and of another, with a subfolder for every class each.
    """
    swap: bool = False
    """Exchange sources and targets."""
    image_size: int | None = None
    """Height and width in pixels, 28, 112 or a power of two from 8 to 1024, to resize to."""
    channels: int | None = None
    """1 for grey, 3 for colour; by default what the images have."""
    store: Literal["auto", "memory", "mapped"] = "auto"
    """Where the images of a folder are held: in memory, mapped from a file in the cache that is
    prepared once, or by auto mapped where they would fill the memory."""
    hold_out: bool = True
    """Keep fixed parts of the data from training: one to judge by, one for a final verdict."""

    def __post_init__(self) -> None:
        """Take two folders for what they are."""
        if self.pairs is not None:
            if self.name != DOMAINS:
                object.__setattr__(self, "name", PAIRS)
            object.__setattr__(self, "pairs", tuple(self.pairs))

    @property
    def options(self) -> dict[str, Any]:
        """What `egan.data.load` takes beside the name."""
        return {
            "path": self.pairs or self.path,
            "image_size": self.image_size,
            "channels": self.channels,
            "swap": self.swap,
            "store": self.store,
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """Rounds of training: of one model, or of a population whose hyperparameters are searched."""

    strategy: Annotated[str | None, tyro.conf.arg(name="search", metavar="NAME")] = None
    """Search hyperparameters by pbt, pb2, mf_pbt, fire_pbt, ipbt, random or halving; see the top of
    this help."""
    population: int = 8
    """Members of a search: whole models that train side by side."""
    rounds: int = 20
    """Rounds to run, those before a resume included; after each, members are compared."""
    interval: int = 100
    """Updates (or generations, of whole evolutions) that every member trains in a round."""
    space: Annotated[dict[str, str], tyro.conf.Suppress] = dataclasses.field(
        default_factory=dict, hash=False
    )
    """What to search, by name: `low,high[,log]`, a list `a,b,c`, or options `a|b`."""
    options: Annotated[dict[str, str], tyro.conf.Suppress] = dataclasses.field(
        default_factory=dict, hash=False
    )
    """Settings of the search itself, by name, such as `quantile`."""

    def check(self) -> None:
        """See that every number is in its range.

        Raises:
            ValueError: One is not; the message names its flag.
        """
        check_range("population", self.population, least=2)
        check_range("rounds", self.rounds)
        check_range("interval", self.interval)


UNLIKE_NICHES = {
    "num_survivors": "all of them survive",
    "selection": "nobody is selected",
    "contest_every": "there are no contests",
    "bandit": "there are no contests that it could learn from",
    "crossover": "there are no mutants of one parent to rank by pairs",
    "losers_teach": "there are no losers",
    "reuse_gradient": "there is no scored batch whose gradient is known",
}
"""Settings that niches contradict, each with why."""

UNLIKE_CROSSOVER = {
    "bandit": "which learns what a mutation is worth from children of one parent",
    "random_mutation": "which holds none",
}
"""Settings that crossover contradicts, each with why."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvolutionConfig:
    """Variation, fitness = quality + diversity_weight * diversity, and selection (--evolve)."""

    num_survivors: int = 1
    """How many children survive each generation (mu)."""
    selection: Literal["comma", "plus", "pareto"] = "comma"
    """Best children; best of children and parents; or by fronts of (quality, diversity)."""
    fresh_codes: bool = False
    """Draw codes per child, as the paper does, instead of one batch shared by siblings."""
    random_mutation: bool = False
    """Baseline: one child per parent (or niche), its mutation drawn at random, no selection."""
    niches: int = 0
    """Generators that never compete: they divide the batch and share the discriminator, and samples
    come from all of them. Mutations are dealt to them in turn; see --evolution.random-mutation."""
    mixture: Literal["uniform", "fitted"] = "uniform"
    """How often each niche makes a sample: all alike, or as fits held-out data best."""
    share_every: int = 0
    """Generations after which the niches' shares of the batch move to those that the mixture needs,
    by its distance to held-out data without each; 0 for shares that are equal for good."""
    contest_every: int = 1
    """Generations between contests of all mutations; the last winner's mutation in between."""
    bandit: bool = False
    """Between contests, mutations come from a bandit that learns which ones win contests."""
    discriminators: int = 1
    """With two or more, discriminators evolve too (CDE-GAN): each is mutated by its own loss and by
    least squares, and those of the smallest gradient survive."""
    crossover: int = 0
    """Children a contest that are distilled from two mutants each, as in IE-GAN: the pairs of the
    highest fitness. Its paper's diversity is pairwise."""
    losers_teach: bool = False
    """Let the discriminator learn from all children's samples, which divide its batch, instead of
    the survivors' alone."""
    diversity: Literal["gradient", "pairwise", "none"] = "gradient"
    """-log of the discriminator's gradient norm; mean distance of pairs; or no scoring at all."""
    diversity_weight: float = 0.01
    """Weight of diversity (gamma), at least 0."""
    diversity_cap: float = 3.0
    """Diversity at which the discriminator has saturated: from there on quality alone ranks that
    generation's children. inf for never, as published."""
    num_samples: int = 128
    """Samples per child that are scored; the survivors' train the discriminator."""
    reuse_gradient: bool = False
    """Take the discriminator's first step on the scored batch, whose gradient scoring has found."""

    def check(self, mutations: tuple[str, ...]) -> None:
        """See that the settings make sense together, and with the mutations of the run.

        Raises:
            ValueError: One does not; the message names it, what it was, and what is expected.
        """
        for name in ("num_survivors", "contest_every", "discriminators"):
            check_range(f"evolution.{name.replace('_', '-')}", getattr(self, name))
        check_range("evolution.num-samples", self.num_samples, least=2)
        check_number("evolution.diversity-weight", self.diversity_weight)
        cap = self.diversity_cap
        check_number("evolution.diversity-cap", cap, positive=True, infinite=True)
        check_range("evolution.niches", self.niches, least=0)
        check_range("evolution.share-every", self.share_every, least=0)
        check_range("evolution.crossover", self.crossover, least=0)
        if self.niches:
            self._check_niches()
        else:
            self._check_scoring(mutations)
        if self.losers_teach and not self.niches and self.num_teachers(mutations) == 1:
            raise ValueError(
                "--evolution.losers-teach has the discriminator learn from children that do not "
                "survive, but there is one child a generation; leave it out, or have more "
                "mutations (--evolve)."
            )
        if self.bandit:
            self._check_bandit(mutations)
        if self.crossover:
            self._check_crossover(mutations)

    @property
    def scored_by(self) -> Literal["gradient", "pairwise", "none"]:
        """What diversity is taken from; none where nobody is scored, as in niches."""
        return "none" if self.niches else self.diversity

    @property
    def own_codes(self) -> bool:
        """Whether every child draws codes of its own."""
        return self.fresh_codes or self.niches > 0

    def num_children(self, mutations: tuple[str, ...]) -> int:
        """Return how many children of one parent a generation has, of all parents together."""
        if self.niches:
            return self.niches
        per_parent = 1 if self.random_mutation else len(mutations)
        return self.num_survivors * (per_parent + (self.selection == "plus"))

    @property
    def shares_move(self) -> bool:
        """Whether niches' shares of the batch change."""
        return self.share_every > 0 and self.niches > 1

    def num_teachers(self, mutations: tuple[str, ...]) -> int:
        """Return how many children give the discriminator a share of its batch."""
        if not self.losers_teach:
            return self.niches or self.num_survivors
        return self.num_children(mutations) + self.crossover

    def _check_niches(self) -> None:
        """See that nothing asks for contests, which niches do not hold."""
        plain = type(self)()
        for name, why in UNLIKE_NICHES.items():
            got = getattr(self, name)
            if got != getattr(plain, name):
                flag = f"--evolution.{name.replace('_', '-')}" + f" {got}" * (got is not True)
                raise ValueError(
                    f"--evolution.niches {self.niches} lets every member go on from itself, but "
                    f"got {flag}: {why}. Leave one of them out."
                )
        if self.share_every and self.discriminators > 1:
            raise ValueError(
                "--evolution.share-every moves the shares of one discriminator's batch, but got "
                f"--evolution.discriminators {self.discriminators}; leave one of them out."
            )
        if self.share_every and self.niches == 1:
            raise ValueError(
                "--evolution.share-every moves shares among niches, but got --evolution.niches 1; "
                "expected 2 or more."
            )

    def _check_scoring(self, mutations: tuple[str, ...]) -> None:
        if self.diversity == "none" and self.num_children(mutations) > self.num_survivors:
            raise ValueError(
                "--evolution.diversity none leaves nothing to select by; use it with one mutation, "
                "or with --evolution.random-mutation."
            )
        if self.reuse_gradient and self.discriminators > 1:
            raise ValueError(
                "--evolution.reuse-gradient takes the step of one discriminator by its own loss, "
                f"but got --evolution.discriminators {self.discriminators}; leave one of them out."
            )
        if self.reuse_gradient and self.diversity != "gradient":
            raise ValueError(
                "--evolution.reuse-gradient needs scores that take the discriminator's gradient, "
                f"but got --evolution.diversity {self.diversity}; expected gradient."
            )

    def _check_bandit(self, mutations: tuple[str, ...]) -> None:
        if self.contest_every == 1:
            raise ValueError(
                "--evolution.bandit proposes mutations between contests, but got "
                "--evolution.contest-every 1, which leaves nothing in between; expected 2 or more."
            )
        if self.random_mutation:
            raise ValueError(
                "--evolution.bandit learns from contests, but got --evolution.random-mutation, "
                "which holds none; leave one of them out."
            )
        if len(mutations) == 1:
            raise ValueError(
                "--evolution.bandit chooses among mutations, but got --evolve "
                f"{mutations[0]} alone; expected two or more."
            )

    def _check_crossover(self, mutations: tuple[str, ...]) -> None:
        for name, why in UNLIKE_CROSSOVER.items():
            if getattr(self, name):
                raise ValueError(
                    f"--evolution.crossover {self.crossover} pairs the mutants of a contest, but "
                    f"got --evolution.{name.replace('_', '-')}, {why}; leave one of them out."
                )
        mutants = self.num_survivors * len(mutations)
        pairs = math.comb(mutants, 2)
        if self.crossover > pairs:
            raise ValueError(
                f"--evolution.crossover must be at most {pairs}, the pairs among {mutants} mutants "
                f"a generation, but got {self.crossover}; expected fewer crossings, more mutations "
                "(--evolve) or more survivors (--evolution.num-survivors)."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArithmeticConfig:
    """How networks are computed: what is faster depends on the machine, and changes last bits."""

    precision: Literal["float32", "bfloat16"] = "float32"
    """Of forward and backward passes; weights, optimisers and scores stay float32."""
    channels_last: bool = False
    """Let convolutions work with the channels as the last axis in memory."""
    compile: bool = False
    """Compile the networks with torch.compile, which takes a minute at the start."""
    vectorize: bool = False
    """Score siblings at once, by torch.func: fewer and larger operations."""

    def check(self, evolution: EvolutionConfig) -> None:
        """See that siblings that are scored at once are scored alike.

        Raises:
            ValueError: They are not; the message names the flag.
        """
        if not self.vectorize:
            return
        for flag, got, wanted in (
            ("evolution.diversity", evolution.diversity, "gradient"),
            ("evolution.fresh-codes", evolution.fresh_codes, False),
            ("evolution.niches", evolution.niches, 0),
            ("evolution.discriminators", evolution.discriminators, 1),
            ("arithmetic.compile", self.compile, False),
        ):
            if got != wanted:
                raise ValueError(
                    "--arithmetic.vectorize scores siblings at once, on shared codes, by the "
                    f"discriminator's gradient, but got --{flag} {got}; expected {wanted}."
                )
