"""Thompson sampling on wins that fade: which operator to use where trying all costs too much."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np


class DiscountedThompson:
    """A bandit that proposes each operator as often as it believes it to be the best.

    Operator k wins a trial with an unknown probability p_k that drifts while members train. With
    S_k wins and F_k losses, that fade, the belief is Beta(1 + S_k, 1 + F_k), uniform at the start.
    A proposal draws from all beliefs and takes the highest; a contest updates them::

        p_k ~ Beta(1 + S_k, 1 + F_k),  proposed: argmax_k p_k
        S_k <- discount * S_k + wins of k,  F_k <- discount * F_k + losses of k

    Thompson, Biometrika 25 (1933); discounted: Raj and Kalyani 2017, arXiv 1707.09727.

    Args:
        operators: The names to choose from, at least one.
        discount: What a contest still counts when the next one is over, in [0, 1]; at the default
            about the last ten count, at 1 all of them.

    Raises:
        ValueError: ``discount`` is outside [0, 1].
    """

    def __init__(self, operators: Sequence[str], *, discount: float = 0.9) -> None:
        if not 0 <= discount <= 1:
            raise ValueError(f"{discount=}: expected a number in [0, 1].")
        self.discount = discount
        self._wins = dict.fromkeys(operators, 0.0)
        self._losses = dict.fromkeys(operators, 0.0)

    def propose(self, rng: np.random.Generator) -> str:
        """Return the operator with the highest draw from its belief."""
        draws = {
            name: rng.beta(1 + wins, 1 + self._losses[name]) for name, wins in self._wins.items()
        }
        return max(draws, key=draws.__getitem__)

    def learn(self, trials: Iterable[tuple[str, bool]]) -> None:
        """Let the counts fade, and add a contest's trials: an operator, and whether it won."""
        for counts in (self._wins, self._losses):
            counts.update({name: self.discount * count for name, count in counts.items()})
        for operator, won in trials:
            (self._wins if won else self._losses)[operator] += 1

    def state_dict(self) -> dict[str, list[float]]:
        """Return [S_k, F_k] by operator, as JSON values."""
        return {name: [wins, self._losses[name]] for name, wins in self._wins.items()}

    def load_state_dict(self, state: Mapping[str, Collection[float]]) -> None:
        """Take over a state made by :meth:`state_dict`."""
        for name in self._wins:
            self._wins[name], self._losses[name] = map(float, state[name])
