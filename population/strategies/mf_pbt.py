"""Multiple-frequencies PBT: sub-populations that evolve at intervals of their own, and migrate."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from population.spaces import SearchSpace
from population.spaces.domain import STRENGTH
from population.strategies.exploring import ExploringStrategy, shuffled_ranking
from population.strategy import Individual, Offspring

FREQUENCIES = (1, 10, 25, 50)
"""The rounds between evolutions of the paper's four sub-populations."""
BRACKETS = 4
"""Into how many brackets a sub-population is divided when it evolves."""


class Legacy(NamedTuple):
    """What a slot goes on from, where it is not its own member.

    Attributes:
        weights: Whose weights it takes.
        hyperparameters: Whose hyperparameters.
        explores: Whether it varies them.
    """

    weights: int
    hyperparameters: int
    explores: bool


class MFPBT(ExploringStrategy):
    """PBT in sub-populations of several frequencies, so that nobody's greed takes over.

    Sub-population i evolves every ``frequencies[i]`` rounds. Its members are then ranked and
    divided into four brackets of a quarter each:

    - the first, the winners, and the second go on;
    - the third takes *migrants*: in turn, its members are compared with the best members of all
      other sub-populations, and where the migrant is better, take over its weights. Hyperparameters
      migrate with them from a sub-population that evolves more rarely only; with weights from one
      that evolves more often come the hyperparameters of the best member at home, since those that
      won in short contests would bring their greed with them. Migrants do not explore;
    - the fourth, the losers, go on from the winners, rank by rank, and explore.

    All copies are of members as they were before the round. What is ours: sub-populations whose
    sizes cannot be equal differ by one; a member that failed or whose score is NaN goes on from a
    winner at home, or else from the best of all, at once, and nobody copies it; ties are broken at
    random; structural hyperparameters always come with the weights.

    Doulazmi et al. 2025, arXiv 2506.03225: sub-populations, brackets and asymmetric migration. The
    order of comparisons, and who explores, are as in ``mf_pbt_genetics.py`` of the authors'
    published code, WaelDLZ/MF-PBT, which says of itself that it is the logic to port.

    Args:
        space: What to search: a :class:`population.SearchSpace` or the dict of one.
        population_size: How many members there are, at least 4; ``len(initial)`` if left out.
        frequencies: The rounds between evolutions of each sub-population, in rising order, each
            with 4 members or more; by default as many of 1, 10, 25 and 50 as there are members for.
        perturbation: The size of a step as a fraction of a domain's range; 0 for none.
        resample_probability: How often a value is drawn again instead, in [0, 1].
        initial: Hyperparameters of the first members; what they leave out is drawn.
        objective: The score that ranks members.

    Raises:
        ValueError: A setting is out of its range, or ``initial`` is not of the space.
    """

    smallest = BRACKETS

    def __init__(
        self,
        space: SearchSpace | Mapping[str, Any],
        population_size: int | None = None,
        *,
        frequencies: Sequence[int] = (),
        perturbation: float = STRENGTH,
        resample_probability: float = 0.25,
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
        self.frequencies = tuple(frequencies or FREQUENCIES[: self.population_size // BRACKETS])
        self._check_frequencies()
        slots = np.array_split(np.arange(self.population_size), len(self.frequencies))
        self.groups = [[int(i) for i in group] for group in slots]
        self.home = {slot: place for place, group in enumerate(self.groups) for slot in group}

    def _check_frequencies(self) -> None:
        given = list(self.frequencies)
        whole = all(type(one) is int and one >= 1 for one in given)
        if not whole or any(low >= high for low, high in pairwise(given)):
            raise ValueError(
                f"frequencies={given!r}: expected integers of at least 1 in rising order."
            )
        if len(given) * BRACKETS > self.population_size:
            raise ValueError(
                f"frequencies={given!r} needs {BRACKETS} members each, {len(given) * BRACKETS} "
                f"together, but population_size={self.population_size}; give fewer frequencies or "
                "more members."
            )

    def ask(self, population: Sequence[Individual], rng: np.random.Generator) -> list[Offspring]:
        """Return one child per slot: of its own member, or of those that it inherits from."""
        own = [self.space.clip(member.hyperparameters) for member in population]
        legacies = self.legacies(self.scores_of(population), rng)
        offspring = []
        for slot in range(len(population)):
            weights, source, explores = legacies.get(slot, Legacy(slot, slot, explores=False))
            values = own[source]
            if source != weights:
                values = self.space.inherit(values, own[weights], rng)
            values = self.varied(values, rng) if explores else values
            offspring.append(Offspring(parent=weights, hyperparameters=values))
        return offspring

    def legacies(self, scores: Sequence[float], rng: np.random.Generator) -> dict[int, Legacy]:
        """Return whom each slot inherits from that does not go on by itself.

        Args:
            scores: The ranking score of each slot; none is finite before the first round.
            rng: Where the order of ties comes from.
        """
        order = shuffled_ranking(scores, rng)
        usable = [i for i in order if np.isfinite(scores[i])]
        found: dict[int, Legacy] = {}
        if not usable:
            return found
        for place, frequency in enumerate(self.frequencies):
            ranked = [i for i in order if self.home[i] == place]
            evolves = self.round % frequency == 0
            losers = self._losers(ranked, scores, evolves=evolves)
            found |= self._exploits(ranked, losers, usable)
            if evolves:
                found |= self._migrants(place, ranked, losers, usable, scores)
        return found

    def _losers(
        self, ranked: Sequence[int], scores: Sequence[float], *, evolves: bool
    ) -> Sequence[int]:
        """Return the worst quarter where the sub-population evolves, and all that are unusable."""
        num_dead = sum(not np.isfinite(scores[i]) for i in ranked)
        count = max(num_dead, len(ranked) // BRACKETS if evolves else 0)
        return ranked[len(ranked) - count :]

    def _exploits(
        self, ranked: Sequence[int], losers: Sequence[int], usable: Sequence[int]
    ) -> dict[int, Legacy]:
        """Let losers go on from the winners at home, rank by rank."""
        alive = [i for i in ranked if i in usable and i not in losers]
        winners = alive[: len(ranked) // BRACKETS] or usable[:1]
        donors = [winners[rank % len(winners)] for rank in range(len(losers))]
        return {
            slot: Legacy(donor, donor, explores=True)
            for slot, donor in zip(losers, donors, strict=True)
        }

    def _migrants(
        self,
        place: int,
        ranked: Sequence[int],
        losers: Sequence[int],
        usable: Sequence[int],
        scores: Sequence[float],
    ) -> dict[int, Legacy]:
        """Let the third bracket take over better members of other sub-populations."""
        quarter = len(ranked) // BRACKETS
        bracket = [i for i in ranked[2 * quarter : 3 * quarter] if i not in losers]
        abroad = [i for i in usable if self.home[i] != place]
        found = {}
        for slot in bracket:
            if abroad and scores[abroad[0]] > scores[slot]:
                migrant = abroad.pop(0)
                rarer = self.home[migrant] > place
                found[slot] = Legacy(migrant, migrant if rarer else ranked[0], explores=False)
        return found

    def describe(self) -> dict[str, Any]:
        """Return the settings that a resumed run must share."""
        return {**super().describe(), "frequencies": list(self.frequencies)}
