"""How an evolution varies, scores and selects. Needs no torch."""

from __future__ import annotations

import dataclasses
import math
from typing import Literal

from egan.config.checks import check_number, check_range

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
