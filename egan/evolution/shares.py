"""Shares of a batch: equal ones, or those that move to niches whom the mixture cannot do without.

    d_i = MMD²(mixture without i) − MMD²(mixture),   w_i ← w_i exp(η d_i / max_j |d_j|) / Z

on held-out samples; the mixture has the weights w, and so has the batch that its members and the
discriminator are trained on. A weight never falls below a quarter of an equal one before they are
made to sum to 1, so that nobody dies, and who is needed again can come back.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

import fitness
from egan.config.shares import apportioned, shares
from fitness.arrays import Array
from population.state import State

if TYPE_CHECKING:
    from egan.config.evolution import EvolutionConfig
    from egan.tasks import Task
    from egan.training.game import Game

logger = logging.getLogger("egan")

RATE = 0.5
"""η: what is needed most grows by e^½ before all are made to sum to 1."""
FLOOR = 0.25
"""The least weight, in equal ones."""
NUM_SHOWN, LEAST_SHOWN = 2000, 50
"""Samples of all members together, and at least of each, that needs are found from."""


def num_shown(evolution: EvolutionConfig, generation: int) -> int:
    """Return how many samples a niche shows in a generation, 0 where shares do not move."""
    if not evolution.shares_move or generation % evolution.share_every:
        return 0
    return max(LEAST_SHOWN, NUM_SHOWN // evolution.niches)


class Shares:
    """How a batch is divided among those that give to it.

    Args:
        evolution: Whether there are niches, and whether their shares move.
        game: What the batch is for.

    Attributes:
        weights: Of niches whose shares move, (M,), at least 0, their sum 1; None for equal ones.
    """

    def __init__(self, evolution: EvolutionConfig, game: Game) -> None:
        self.settings, self.task = game.settings, game.task
        num = evolution.niches
        self.weights: Array | None = np.full(num, 1 / num) if evolution.shares_move else None

    def size_of(self, niche: int) -> int | None:
        """Return how many samples a niche has, where shares move."""
        if self.weights is None:
            return None
        return apportioned(self.settings.batch_size, self.weights.tolist())[niche]

    def of(self, contributions: Sequence[State]) -> list[int]:
        """Return how many samples of each survivor a batch has: the best ones' first, or theirs."""
        if self.weights is None:
            return shares(self.settings.batch_size, len(contributions))
        steps = self.settings.discriminator_steps
        return [len(one["samples"]) // steps for one in contributions]

    def look(self, contributions: Sequence[State]) -> None:
        """Move shares to where they are needed, if all niches are there and show samples."""
        if self.weights is None or len(contributions) < len(self.weights):
            return
        if "shown" in contributions[0]:
            try:
                self.move(needs(contributions, self.task, self.weights))
            except ValueError as error:  # samples that are not finite must not cost the run
                logger.warning("the niches keep their shares: %s", error)

    def move(self, needs: Array) -> None:
        """Move weights to where the needs (M,) are greater."""
        assert self.weights is not None
        largest = float(np.abs(needs).max())
        if largest == 0:
            return
        moved = self.weights * np.exp(RATE * needs / largest)
        floored = np.maximum(moved / moved.sum(), FLOOR / len(moved))
        self.weights = floored / floored.sum()

    def state_dict(self) -> State:
        """Return the weights, where they move."""
        return {} if self.weights is None else {"shares": self.weights}

    def load_state_dict(self, state: State) -> None:
        """Take over what :meth:`state_dict` returned, or a state that has it."""
        if self.weights is not None:
            self.weights = np.array(state["shares"])


def needs(contributions: Sequence[State], task: Task, weights: Array) -> Array:
    """Return d_i (M,) of niches that show samples.

    Raises:
        ValueError: Some of them are not finite.
    """
    shown = [task.features.features(one["shown"]) for one in contributions]
    real = task.features.features(task.held_out.real(task.num_judged))
    return fitness.removal_costs(shown, real, weights, kernel=task.data.kind.kernel)
