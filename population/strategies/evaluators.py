"""The evaluators of FIRE PBT: how fast would these weights improve, and have they won?"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from population.strategies.curves import best_score_difference, binomial_p, overlap, smoothed

SIGNIFICANT = 0.01
"""The p-value below which an evaluator has won."""


@dataclass(kw_only=True)
class Evaluator:
    """A copy of a patient member's weights that trains with a greedy member's hyperparameters.

    Attributes:
        parent: The slot of the patient member.
        child: The slot of the greedy member.
        place: Where it stands in the population; None before its first generation.
        curve: Its scores so far.
    """

    parent: int
    child: int
    place: int | None = None
    curve: list[float] = field(default_factory=list)

    def has_won(self, rival: Sequence[float]) -> bool:
        """Return whether its curve is above its child's, and not by chance."""
        if not rival or best_score_difference(self.curve, rival) <= 0:
            return False
        return binomial_p(self.curve, rival) < SIGNIFICANT

    def is_over(self, rival: Sequence[float], *, longest: int) -> bool:
        """Return whether its time is up, or losing to its child has become too likely.

        The p-value that is likely enough falls from 1 at the start to that of a winner.
        """
        spent = len(self.curve)
        if not rival or overlap(smoothed(self.curve), smoothed(rival)) is None:
            return spent >= longest
        return binomial_p(self.curve, rival) > SIGNIFICANT + max(0.0, 1 - spent / longest)


def rates(evaluators: Sequence[Evaluator]) -> dict[int, float]:
    """Return the fitness of each patient member that is being evaluated, by its slot.

    The sum, over all others, of how much higher its evaluator's curve gets from the same score on.
    """
    curves = {one.parent: one.curve for one in evaluators}
    return {
        slot: sum(best_score_difference(curve, curves[rival]) for rival in curves if rival != slot)
        for slot, curve in curves.items()
    }
