"""A member for the measurements: it trains for a given time and has a state of a given size."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import torch

from population import Member
from population.state import State

NUM_ARRAYS = 8


class Sleeper(Member):
    """Trains by sleeping and improves by its learning rate.

    Args:
        hyperparameters: `lr`, in [0, 1].
        seconds: How long a step takes.
        num_bytes: The size of the state.
    """

    def __init__(
        self, hyperparameters: Mapping[str, Any], *, seconds: float, num_bytes: int
    ) -> None:
        self.seconds = seconds
        self.weights = [torch.zeros(num_bytes // 4 // NUM_ARRAYS) for _ in range(NUM_ARRAYS)]
        self.skill = 0.0
        self.configure(hyperparameters)

    def configure(self, hyperparameters: Mapping[str, Any]) -> None:
        """Set the learning rate."""
        self.lr = hyperparameters["lr"]

    def step(self, operator: str | None = None) -> None:  # noqa: ARG002
        """Sleep."""
        time.sleep(self.seconds)
        self.skill += self.lr

    def evaluate(self) -> float:
        """Return what was learnt."""
        return self.skill

    def state_dict(self) -> State:
        """Return the weights."""
        return {"weights": self.weights, "skill": self.skill}

    def load_state_dict(self, state: State) -> None:
        """Take over the weights."""
        self.weights, self.skill = state["weights"], state["skill"]
