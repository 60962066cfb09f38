"""The rungs of asynchronous successive halving: who has reached which, and who may go on."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from population.strategies import selection


class Ladder:
    """Rungs at ``first * factor ** k`` generations, each climbed at its own time by each slot.

    A slot passes a rung when it is among the best ``arrived // factor`` of those that have arrived,
    and never has to come back. When the last one that can arrive is there, the best passes in any
    case.

    Args:
        size: How many slots there are.
        factor: How many slots one is chosen from.
        first: The generation of the first rung.

    Attributes:
        arrived: What each slot brought to each rung, in the order of arrival.
        passed: Who may go on from each rung.
        freed: Who passed since this set was emptied last.
    """

    def __init__(self, size: int, factor: int, first: int) -> None:
        self.size = size
        self.factor = factor
        self.first = first
        self.arrived: dict[int, dict[int, float]] = {}
        self.passed: dict[int, set[int]] = {}
        self.freed: set[int] = set()

    def rung_above(self, generation: int) -> int:
        """Return the first rung at or above a generation."""
        rung = self.first
        while rung < generation:
            rung *= self.factor
        return rung

    def rung_below(self, generation: int) -> int | None:
        """Return the last rung at or below a generation; None below the first."""
        above = self.rung_above(generation)
        below = above if above == generation else above // self.factor
        return below if below >= self.first else None

    def passes(self, slot: int, generation: int, score: float, *, stopped: bool) -> bool:
        """Return whether a slot may go on; its first call at a rung is its arrival there.

        Args:
            slot: Whose turn it is.
            generation: How far it is.
            score: What it brings to the rung; NaN ranks worst and never passes.
            stopped: Whether it will never get further, so that nobody waits for it.
        """
        rung = self.rung_above(generation) if stopped else self.rung_below(generation)
        if rung is None:
            return True
        if slot not in self.arrived.setdefault(rung, {}):
            self.arrived[rung][slot] = score
            for reached in sorted(self.arrived):
                if reached >= rung:
                    self._settle(reached)
        return slot in self.passed[rung]

    def _settle(self, rung: int) -> None:
        """Let the best of those that have arrived pass."""
        slots, scores = list(self.arrived[rung]), list(self.arrived[rung].values())
        count = len(slots) // self.factor
        if len(slots) == self._expected(rung):
            count = max(1, count)
        best = {slots[i] for i in selection.truncation(scores, count)}
        passed = self.passed.setdefault(rung, set())
        self.freed |= best - passed
        passed |= best

    def _expected(self, rung: int) -> int:
        """Return how many slots reach a rung in the end."""
        if rung == self.first:
            return self.size
        below = rung // self.factor
        complete = len(self.arrived.get(below, {})) == self._expected(below)
        return len(self.passed.get(below, ())) if complete else self.size

    def state_dict(self) -> dict[str, Any]:
        """Return arrivals, in order, and passes as JSON values."""
        arrived = {
            str(rung): [[slot, score if np.isfinite(score) else None] for slot, score in at.items()]
            for rung, at in self.arrived.items()
        }
        passed = {str(rung): sorted(slots) for rung, slots in self.passed.items()}
        return {"arrived": arrived, "passed": passed}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state made by :meth:`state_dict`."""
        self.arrived = {
            int(rung): {slot: float("nan") if score is None else score for slot, score in at}
            for rung, at in state["arrived"].items()
        }
        self.passed = {int(rung): set(slots) for rung, slots in state["passed"].items()}
