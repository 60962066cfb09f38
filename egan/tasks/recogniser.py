"""Who knows the persons of a task of views, for a loss: another one than who judges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from egan.judging.classifier import Classifier, Recipe
from egan.judging.features import network_of

if TYPE_CHECKING:
    from egan.tasks.views import Views

SEED = 2018

__all__ = ["Classifier", "Known", "recogniser", "strangeness"]


@dataclass(frozen=True, kw_only=True)
class Known(Recipe):
    """How the recogniser is trained: a step for every three views, and 20 at least."""

    seed: int = SEED

    def num_steps(self, num_examples: int) -> int:
        """Return the number of steps for so many views."""
        return max(20, num_examples // 3)


def recogniser(task: Views) -> Classifier:
    """Return what knows the persons that a task's models learn from, frozen, on the CPU.

    It has learned from their frontal views, see `Views.compared`; gradients pass through it.
    """
    return network_of(type(task).compared(task.data), recipe=Known())


def strangeness(recogniser: Classifier, made: Tensor, true: Tensor) -> Tensor:
    """Return how far images are from true ones to a recogniser.

    The mean absolute differences of its last two layers, summed.
    """
    with torch.no_grad():
        wanted = recogniser.last_two(true)
    found = recogniser.last_two(made)
    return torch.stack([F.l1_loss(*both) for both in zip(found, wanted, strict=True)]).sum()
