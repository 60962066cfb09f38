"""What survivors hand to the discriminator, as batches."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from egan.tasks.base import Batch
from population.state import State


def taken(contribution: State, places: torch.Tensor) -> Batch:
    """Return rows of a contribution, wherever it lives."""
    codes = {name: code[places] for name, code in contribution["codes"].items()}
    return Batch(contribution["samples"][places], codes)


def whole(contributions: Sequence[State]) -> Batch:
    """Return all rows of all contributions."""
    return joined([taken(one, torch.arange(len(one["samples"]))) for one in contributions])


def share_of_step(contributions: Sequence[State], shares: Sequence[int], step: int) -> Batch:
    """Return a step's batch: of each contribution its share, which are other rows in every step."""
    parts = []
    for contribution, share in zip(contributions, shares, strict=True):
        places = torch.arange(step * share, (step + 1) * share)
        parts.append(taken(contribution, places % len(contribution["samples"])))
    return joined(parts)


def joined(parts: Sequence[Batch]) -> Batch:
    """Return batches as one, in their order."""
    codes = {name: torch.cat([part.codes[name] for part in parts]) for name in parts[0].codes}
    return Batch(torch.cat([part.samples for part in parts]), codes)
