"""When a search has stopped to improve: IPBT's rule."""

from collections.abc import Mapping
from typing import Any

import numpy as np

SLOW_AFTER = 15
"""Over how many intervals the best score has to rise by a standard deviation."""


class Stagnation:
    """Looks at the best score of every interval since the search began, or began anew.

    It has come when the smoothed best score has not risen for ``patience`` intervals in a row, or
    at once when the best of the last 14 intervals is less than a standard deviation of all above
    the best of those before.

    Chebykin et al. 2025, arXiv 2511.09190, on when to restart. The paper smooths by a Gaussian
    process whose noise may change with time; ours has the same noise all the time, see
    :func:`population.strategies.curves.smoothed`.

    Args:
        patience: How many intervals without a rise there may be, at least 1.

    Raises:
        ValueError: ``patience`` is below 1.
    """

    def __init__(self, *, patience: int = 3) -> None:
        if patience < 1:
            raise ValueError(f"patience={patience!r}: expected an integer of at least 1.")
        self.patience = patience
        self.reset()

    def reset(self) -> None:
        """Forget all intervals."""
        self.best: list[float] = []
        self.failures = 0

    def has_come(self, best: float) -> bool:
        """Take the best score of another interval; return whether it is time to begin anew."""
        from population.strategies.curves import smoothed

        self.best.append(best)
        if len(self.best) < 2:
            return False
        curve = smoothed(self.best)
        self.failures = 0 if curve[-1] > curve[-2] else self.failures + 1
        return self.failures >= self.patience or self._is_slow()

    def _is_slow(self) -> bool:
        if len(self.best) < SLOW_AFTER:
            return False
        before = self.best[: len(self.best) - SLOW_AFTER + 1]
        return max(self.best) - max(before) < float(np.std(self.best, ddof=1))

    def state_dict(self) -> dict[str, Any]:
        """Return the best scores, and how many failures there were in a row."""
        return {"best": list(self.best), "failures": self.failures}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state made by :meth:`state_dict`."""
        self.best = [float(value) for value in state["best"]]
        self.failures = int(state["failures"])
