"""Population based training: the worst copy the best and vary what they copied."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from population.spaces import SearchSpace
from population.spaces.domain import STRENGTH
from population.spaces.tree import Tree
from population.strategies.exploring import ExploringStrategy, num_losers, shuffled_ranking
from population.strategy import Individual, Offspring, SlotStrategy

EXPLOITS = ("truncation", "tournament")


class PopulationBasedTraining(ExploringStrategy, SlotStrategy):
    """Members that train side by side; every few generations the worst exploit and explore.

    *Exploit*: a loser goes on from a better member's weights. By truncation the worst
    ``quantile`` each copy one of the best ``quantile``, drawn uniformly; by tournament every
    member is compared with another one, and the worse of the two copies the better. Ties are
    broken at random. A member that failed or whose score is NaN always exploits, and at once;
    nobody copies it.

    *Explore*: the loser's hyperparameters are drawn again with ``resample_probability``, each on
    its own, or else moved by a random step in its domain's own scale.

    Nothing but weights (the member's state) and hyperparameters passes from one to another.

    Jaderberg et al. 2017, arXiv 1711.09846.

    Args:
        space: What to search: a :class:`population.SearchSpace` or the dict of one.
        population_size: How many members there are, at least 2; ``len(initial)`` if left out.
        exploit: ``"truncation"`` or ``"tournament"``.
        quantile: The share of losers in truncation, in (0, 0.5]; at least one member.
        perturbation: The size of a step as a fraction of a domain's range; 0 for none.
        resample_probability: How often a value is drawn again instead, in [0, 1].
        copy_hyperparameters: Whether a loser varies the winner's hyperparameters, or its own.
            Structural ones always come with the weights.
        ready_every: The generations between exploits, at least 1.
        initial: Hyperparameters of the first members; what they leave out is drawn.
        objective: The score that ranks members.

    Raises:
        ValueError: A setting is out of its range, or ``initial`` is not of the space.
    """

    def __init__(
        self,
        space: SearchSpace | Mapping[str, Any],
        population_size: int | None = None,
        *,
        exploit: str = "truncation",
        quantile: float = 0.2,
        perturbation: float = STRENGTH,
        resample_probability: float = 0.25,
        copy_hyperparameters: bool = True,
        ready_every: int = 1,
        initial: Sequence[Mapping[str, Any]] = (),
        objective: str = "fitness",
    ) -> None:
        super().__init__(
            space,
            population_size,
            perturbation=perturbation,
            resample_probability=resample_probability,
            initial=initial,
            objective=objective,
        )
        if exploit not in EXPLOITS:
            raise ValueError(f"exploit={exploit!r}: expected one of {', '.join(EXPLOITS)}.")
        if not 0.0 < quantile <= 0.5:
            raise ValueError(f"quantile={quantile!r}: expected a share in (0, 0.5].")
        if ready_every < 1:
            raise ValueError(f"ready_every={ready_every!r}: expected an integer of at least 1.")
        self.exploit = exploit
        self.quantile = quantile
        self.copy_hyperparameters = copy_hyperparameters
        self.ready_every = ready_every

    def ask(self, population: Sequence[Individual], rng: np.random.Generator) -> list[Offspring]:
        """Return one child per slot: of its own member, or of the one it exploits."""
        own = [self.space.clip(member.hyperparameters) for member in population]
        donors = self.donors(self.scores_of(population), rng)
        bases = [
            own[donor] if self.copy_hyperparameters else self.space.inherit(own[i], own[donor], rng)
            for i, donor in donors.items()
        ]
        running = [own[i] for i in range(len(population)) if i not in donors]
        explored = dict(zip(donors, self.explore(bases, running, rng), strict=True))
        return [
            Offspring(parent=donors.get(i, i), hyperparameters=explored.get(i, own[i]))
            for i in range(len(population))
        ]

    def ask_one(
        self, population: Sequence[Individual], slot: int, rng: np.random.Generator
    ) -> Offspring | None:
        """Let a slot go on, or exploit another one, by its rank among the newest scores."""
        member = population[slot]
        own = self.space.clip(member.hyperparameters)
        donor = self._donor_of(slot, population, rng) if member.scores or member.failed else None
        if donor is None:
            return None if member.failed else Offspring(parent=slot, hyperparameters=own)
        theirs = self.space.clip(population[donor].hyperparameters)
        base = theirs if self.copy_hyperparameters else self.space.inherit(own, theirs, rng)
        others = [one.hyperparameters for one in population if one is not member]
        [explored] = self.explore([base], others, rng)
        return Offspring(parent=donor, hyperparameters=explored)

    def _donor_of(
        self, slot: int, population: Sequence[Individual], rng: np.random.Generator
    ) -> int | None:
        """Return whom a slot copies, by the rule of :meth:`donors` among those with a score."""
        self.round = population[slot].generation
        scores = self.scores_of(population)
        finite = np.isfinite(scores)
        peers = [i for i in range(len(scores)) if i == slot or finite[i]]
        if len(peers) == 1:
            return None
        place = peers.index(slot)
        donor = self.donors([scores[i] for i in peers], rng, only=place).get(place)
        return None if donor is None else peers[donor]

    def donors(
        self, scores: Sequence[float], rng: np.random.Generator, *, only: int | None = None
    ) -> dict[int, int]:
        """Return whom each loser copies, by slot; nobody before the first scores.

        Args:
            scores: The ranking score of each slot.
            rng: Where all draws come from.
            only: The slot that matters, where the others' draws are not wanted.
        """
        order = shuffled_ranking(scores, rng)
        finite = np.isfinite(scores)
        usable = [i for i in order if finite[i]]
        if not usable:
            return {}
        count = num_losers(len(order), self.quantile)
        losers = order[len(usable) :]
        if self.is_ready and self.exploit == "truncation":
            losers = order[-max(count, len(losers)) :]
        if only is not None:
            losers = [only] if only in losers else []
        donors = {i: usable[int(rng.integers(min(count, len(usable))))] for i in losers}
        if self.is_ready and self.exploit == "tournament":
            donors |= duels(usable, rng, only=only)
        return dict(sorted(donors.items()))

    def explore(
        self,
        bases: Sequence[Tree],
        running: Sequence[Tree],  # noqa: ARG002 - successors look at what the others do
        rng: np.random.Generator,
    ) -> list[dict[str, Any]]:
        """Return new hyperparameters for each loser from those it inherits.

        Args:
            bases: What each loser starts from.
            running: What the members that go on by themselves train with.
            rng: Where all draws come from.
        """
        return [self.varied(base, rng) for base in bases]

    @property
    def is_ready(self) -> bool:
        """Whether the coming generation begins with exploits."""
        return self.round % self.ready_every == 0

    def describe(self) -> dict[str, Any]:
        """Return the settings that a resumed run must share."""
        return {
            **super().describe(),
            "exploit": self.exploit,
            "quantile": self.quantile,
            "copy_hyperparameters": self.copy_hyperparameters,
            "ready_every": self.ready_every,
        }


def duels(
    order: Sequence[int], rng: np.random.Generator, *, only: int | None = None
) -> dict[int, int]:
    """Compare each place with a random other one; return the better one for each that lost.

    Args:
        order: The places, best first.
        rng: Where the opponents come from.
        only: The place to compare; all by default.
    """
    lost = {}
    for rank, place in enumerate(order if len(order) > 1 else ()):
        if only not in (None, place):
            continue
        opponent = int(rng.integers(len(order) - 1))
        opponent += opponent >= rank
        if opponent < rank:
            lost[place] = order[opponent]
    return lost
