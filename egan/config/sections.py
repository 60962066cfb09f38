"""The sections of settings that every run has, whatever it trains. Needs no torch."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

import tyro

from egan.config.checks import check_number, check_range


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataConfig:
    """What to learn from."""

    name: str = "digits"
    """Data set: digits, overlapped_digits, mnist5k, overlapped_mnist5k, stacked_mnist, shapes,
    scenes, bimodal, gaussians8, gaussians25, ring16, swiss_roll, folder, cifar10, mnist, npz."""
    path: str | None = None
    """Folder or file on disk, for folder, cifar10, mnist and npz."""
    image_size: int | None = None
    """Height and width in pixels, 28, 112 or a power of two from 8 to 1024, to resize to."""
    channels: int | None = None
    """1 for grey, 3 for colour; by default what the images have."""
    hold_out: bool = True
    """Keep fixed parts of the data from training: one to judge by, one for a final verdict."""


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
    "reuse_gradient": "there is no scored batch whose gradient is known",
}
"""Settings that niches contradict, each with why."""


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
    contest_every: int = 1
    """Generations between contests of all mutations; the last winner's mutation in between."""
    bandit: bool = False
    """Between contests, mutations come from a bandit that learns which ones win contests."""
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
        for name in ("num_survivors", "contest_every"):
            check_range(f"evolution.{name.replace('_', '-')}", getattr(self, name))
        check_range("evolution.num-samples", self.num_samples, least=2)
        check_number("evolution.diversity-weight", self.diversity_weight)
        cap = self.diversity_cap
        check_number("evolution.diversity-cap", cap, positive=True, infinite=True)
        check_range("evolution.niches", self.niches, least=0)
        if self.niches:
            self._check_niches()
        else:
            self._check_scoring(mutations)
        if self.bandit:
            self._check_bandit(mutations)

    @property
    def scored_by(self) -> Literal["gradient", "pairwise", "none"]:
        """What diversity is taken from; none where nobody is scored, as in niches."""
        return "none" if self.niches else self.diversity

    @property
    def own_codes(self) -> bool:
        """Whether every child draws codes of its own."""
        return self.fresh_codes or self.niches > 0

    def num_children(self, mutations: tuple[str, ...]) -> int:
        """Return how many children a generation has, of all parents together."""
        if self.niches:
            return self.niches
        per_parent = 1 if self.random_mutation else len(mutations)
        return self.num_survivors * (per_parent + (self.selection == "plus"))

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

    def _check_scoring(self, mutations: tuple[str, ...]) -> None:
        if self.diversity == "none" and self.num_children(mutations) > self.num_survivors:
            raise ValueError(
                "--evolution.diversity none leaves nothing to select by; use it with one mutation, "
                "or with --evolution.random-mutation."
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


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArithmeticConfig:
    """How networks are computed: what is faster depends on the machine, and changes last bits."""

    precision: Literal["float32", "bfloat16"] = "float32"
    """Of forward and backward passes; weights, optimisers and scores stay float32."""
    channels_last: bool = False
    """Let convolutions work with the channels as the last axis in memory."""
    compile: bool = False
    """Compile the networks with torch.compile, which takes a minute at the start."""
    vectorize: Literal["auto", "on", "off"] = "auto"
    """Score siblings at once, by torch.func; auto tries on a GPU which is faster, off on CPUs."""

    def check(self, evolution: EvolutionConfig) -> None:
        """See that siblings that are scored at once are scored alike.

        Raises:
            ValueError: They are not; the message names the flag.
        """
        if self.vectorize != "on":
            return
        for flag, got, wanted in (
            ("evolution.diversity", evolution.diversity, "gradient"),
            ("evolution.fresh-codes", evolution.fresh_codes, False),
            ("evolution.niches", evolution.niches, 0),
            ("arithmetic.compile", self.compile, False),
        ):
            if got != wanted:
                raise ValueError(
                    "--arithmetic.vectorize on scores siblings at once, on shared codes, by the "
                    f"discriminator's gradient, but got --{flag} {got}; expected {wanted}."
                )
