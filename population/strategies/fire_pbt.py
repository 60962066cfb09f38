"""FIRE PBT: a second sub-population is ranked by how fast its weights improve, not by scores."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from population.spaces import SearchSpace
from population.spaces.domain import STRENGTH
from population.strategies import selection
from population.strategies.evaluators import Evaluator, rates
from population.strategies.exploring import ExploringStrategy, num_losers
from population.strategy import Child, Individual, Offspring


class FirePBT(ExploringStrategy):
    """PBT with a sub-population whose fitness is the rate at which its weights would improve.

    The assumption: of two networks with similar scores and hyperparameters, the one that improves
    faster ends better. Slots are, in this order, a *greedy* sub-population P1, which is plain PBT
    by truncation; a *patient* one, P2, which is PBT with another fitness; and *evaluators*.

    - An evaluator that is free takes the member of P2 that has waited longest, copies its weights,
      and trains them with the hyperparameters of P1's best member, its child.
    - The fitness of a member of P2 that is being evaluated is the sum, over all others that are, of
      the difference of best scores from the same score on, between the evaluators' curves.
    - Where an evaluator's curve gets higher than its child's from the same score on, and is above
      it more often than by chance (a binomial test, p < 0.01), the child takes over its weights.
    - An evaluator stops then; when its curve has not come to its child's within ``max_evaluation``
      generations; when the test's p exceeds 0.01 + max(0, 1 - T / max_evaluation) after T
      generations; and when its child or its parent is replaced.

    A curve starts where weights were last copied. Curves are smoothed before they are compared.

    What is ours: two sub-populations, where the paper allows for a chain of them; all decisions
    are made every ``ready_every`` generations, at which evaluators also begin, the first of them
    after P2 has trained once; ties go to the lower slot; of evaluators that win against one child
    only one that beats the others too hands on its weights; a member that failed or whose score is
    NaN goes on from a good one of its sub-population, or else from any good one, at once; the
    result is the best of all by score, evaluators and P2 included.

    Dalibard and Jaderberg 2021, arXiv 2109.13800, of which there is no published code. How curves
    are compared, the shares of the slots and the stopping rules are as in ``firepbt.py`` of
    AwesomeLemon/IPBT, whose authors quote the paper's rules beside them.

    Args:
        space: What to search: a :class:`population.SearchSpace` or the dict of one.
        population_size: How many train, evaluators included, at least 4; ``len(initial)`` if left
            out.
        num_evaluators: How many of them evaluate; by default a quarter.
        quantile: The share of losers in truncation, in (0, 0.5]; at least one member.
        ready_every: The generations between decisions, at least 1.
        max_evaluation: When to give up on an evaluator, in generations; by default three times
            ``ready_every``.
        perturbation: The size of a step as a fraction of a domain's range; 0 for none.
        resample_probability: How often a value is drawn again instead, in [0, 1].
        initial: Hyperparameters of the first members; what they leave out is drawn.
        objective: The score that ranks P1.

    Raises:
        ValueError: A setting is out of its range, or ``initial`` is not of the space.
    """

    smallest = 4

    def __init__(
        self,
        space: SearchSpace | Mapping[str, Any],
        population_size: int | None = None,
        *,
        num_evaluators: int | None = None,
        quantile: float = 0.2,
        ready_every: int = 5,
        max_evaluation: int | None = None,
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
        size = self.population_size
        self.num_evaluators = size // 4 if num_evaluators is None else num_evaluators
        self.quantile = quantile
        self.ready_every = ready_every
        self.max_evaluation = 3 * ready_every if max_evaluation is None else max_evaluation
        self._check_settings()
        self.num_members = size - self.num_evaluators
        half = (self.num_members + 1) // 2
        self.greedy = tuple(range(half))
        self.patient = tuple(range(half, self.num_members))
        self.curves: list[list[float]] = [[] for _ in self.greedy]
        self.waits = [0] * len(self.patient)
        self.evaluators: list[Evaluator] = []
        self.heirs: dict[int, int] = {}
        self.moves: dict[int, list[int]] = {}

    def _check_settings(self) -> None:
        if not 1 <= self.num_evaluators <= self.population_size - 3:
            raise ValueError(
                f"num_evaluators={self.num_evaluators!r}: expected an integer of at least 1 that "
                f"leaves 3 of population_size={self.population_size} for members."
            )
        if not 0.0 < self.quantile <= 0.5:
            raise ValueError(f"quantile={self.quantile!r}: expected a share in (0, 0.5].")
        if self.ready_every < 1 or self.max_evaluation < 1:
            raise ValueError(
                f"ready_every={self.ready_every!r}, max_evaluation={self.max_evaluation!r}: "
                "expected integers of at least 1."
            )
        if len(self.given) > self.population_size - self.num_evaluators:
            raise ValueError(
                f"initial has {len(self.given)} members, but {self.num_evaluators} of "
                f"population_size={self.population_size} are evaluators; raise one or shorten the "
                "other."
            )

    def initial(self, rng: np.random.Generator) -> list[dict[str, Any]]:
        """Return the given hyperparameters, then drawn ones, of all that are no evaluators."""
        return super().initial(rng)[: self.num_members]

    def ask(self, population: Sequence[Individual], rng: np.random.Generator) -> list[Offspring]:
        """Return one child per member, then one per evaluator that is at work."""
        own = [self.space.clip(member.hyperparameters) for member in population]
        sources = {
            slot: places[int(rng.integers(len(places)))] for slot, places in self.moves.items()
        }
        offspring = []
        for slot in range(self.num_members):
            weights = self.heirs.get(slot, sources.get(slot, slot))
            values = own[weights] if slot in sources else own[slot]
            if slot in sources:
                values = self.varied(values, rng)
            elif weights != slot:
                values = self.space.inherit(values, own[weights], rng)
            offspring.append(Offspring(parent=weights, hyperparameters=values))
        return offspring + [self._evaluation(one, own, sources, rng) for one in self.evaluators]

    def _evaluation(
        self,
        evaluator: Evaluator,
        own: Sequence[Mapping[str, Any]],
        sources: Mapping[int, int],
        rng: np.random.Generator,
    ) -> Offspring:
        """Return the next generation of an evaluator, which keeps what it began with."""
        if evaluator.place is not None:
            return Offspring(parent=evaluator.place, hyperparameters=own[evaluator.place])
        weights = sources.get(evaluator.parent, evaluator.parent)
        values = self.space.inherit(own[evaluator.child], own[weights], rng)
        return Offspring(parent=weights, hyperparameters=values)

    def tell(self, children: Sequence[Child]) -> list[int]:
        """Take over the scores, and decide who is replaced, evaluated, or left alone."""
        survivors = super().tell(children)
        if not survivors:
            return []
        scores = self.scores_of(children)
        self._record(scores)
        self.heirs, self.moves = {}, {}
        if self.round % self.ready_every == 0:
            self._decide(scores)
        self._rescue(scores)
        self._forget_replaced()
        if self.round % self.ready_every == 0:
            self._assign(scores)
        return survivors

    def _record(self, scores: Sequence[float]) -> None:
        """Let curves grow; an evaluator without a finite score is over."""
        for slot in self.greedy:
            self.curves[slot] += [scores[slot]] * bool(np.isfinite(scores[slot]))
        busy = {one.parent for one in self.evaluators}
        for place, slot in enumerate(self.patient):
            self.waits[place] += slot not in busy
        for place, evaluator in enumerate(self.evaluators, start=self.num_members):
            evaluator.place = place
            evaluator.curve.append(scores[place])
        self.evaluators = [one for one in self.evaluators if np.isfinite(one.curve[-1])]

    def _decide(self, scores: Sequence[float]) -> None:
        """Let both sub-populations exploit, and judge the evaluators."""
        self._exploit({slot: scores[slot] for slot in self.greedy}, len(self.greedy))
        self._exploit(rates(self.evaluators), len(self.patient))
        self._forget_replaced()
        self._judge()

    def _exploit(self, fitness: Mapping[int, float], size: int) -> None:
        """Let the worst of some slots copy one of the best of them."""
        slots = list(fitness)
        order = [slots[i] for i in selection.ranking(list(fitness.values()))]
        usable = [slot for slot in order if np.isfinite(fitness[slot])]
        count = min(len(usable) // 2, num_losers(size, self.quantile))
        for slot in usable[len(usable) - count :]:
            self.moves[slot] = usable[:count]

    def _judge(self) -> None:
        """Hand on the weights of evaluators that won, and end those that will not."""
        over = [
            one.is_over(self.curves[one.child], longest=self.max_evaluation)
            for one in self.evaluators
        ]
        going = []
        for evaluator, is_over in zip(self.evaluators, over, strict=True):
            if evaluator.has_won(self.curves[evaluator.child]):
                assert evaluator.place is not None
                self.heirs[evaluator.child] = evaluator.place
                self.curves[evaluator.child] = list(evaluator.curve)
            elif not is_over and evaluator.child not in self.heirs:
                going.append(evaluator)
        self.evaluators = going

    def _rescue(self, scores: Sequence[float]) -> None:
        """Let members without a finite score go on from a good one."""
        usable = [place for place in selection.ranking(scores) if np.isfinite(scores[place])]
        for group in (self.greedy, self.patient):
            alive = [i for i in usable if i in group and i not in self.moves]
            donors = alive[: num_losers(len(group), self.quantile)] or usable[:1]
            self.moves |= {slot: donors for slot in group if not np.isfinite(scores[slot])}
        self.moves = dict(sorted(self.moves.items()))

    def _forget_replaced(self) -> None:
        """Begin the curves of replaced members anew, and end the evaluators of these."""
        for slot in self.moves:
            if slot in self.greedy:
                self.curves[slot] = []
                self.heirs.pop(slot, None)
            else:
                self.waits[slot - len(self.greedy)] = -1
        self.evaluators = [
            one for one in self.evaluators if not {one.parent, one.child} & set(self.moves)
        ]

    def _assign(self, scores: Sequence[float]) -> None:
        """Give evaluators that are free to the members that have waited longest."""
        busy = {one.parent for one in self.evaluators}
        waiting = sorted(
            (slot for slot in self.patient if slot not in busy),
            key=lambda slot: -self.waits[slot - len(self.greedy)],
        )
        rested = [slot for slot in self.greedy if slot not in self.moves] or list(self.greedy)
        child = rested[selection.ranking([scores[slot] for slot in rested])[0]]
        for slot in waiting[: self.num_evaluators - len(self.evaluators)]:
            self.waits[slot - len(self.greedy)] = 0
            self.evaluators.append(Evaluator(parent=slot, child=child))

    def state_dict(self) -> dict[str, Any]:
        """Return curves, waits, evaluators, and who is replaced next."""
        return {
            **super().state_dict(),
            "curves": [list(curve) for curve in self.curves],
            "waits": list(self.waits),
            "evaluators": [asdict(one) for one in self.evaluators],
            "heirs": [list(pair) for pair in self.heirs.items()],
            "moves": [[slot, list(places)] for slot, places in self.moves.items()],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state made by :meth:`state_dict`."""
        super().load_state_dict(state)
        self.curves = [[float(v) for v in curve] for curve in state["curves"]]
        self.waits = [int(wait) for wait in state["waits"]]
        self.evaluators = [Evaluator(**one) for one in state["evaluators"]]
        self.heirs = {int(slot): int(place) for slot, place in state["heirs"]}
        self.moves = {int(slot): [int(i) for i in places] for slot, places in state["moves"]}

    def describe(self) -> dict[str, Any]:
        """Return the settings that a resumed run must share."""
        return {
            **super().describe(),
            "num_evaluators": self.num_evaluators,
            "quantile": self.quantile,
            "ready_every": self.ready_every,
            "max_evaluation": self.max_evaluation,
        }
