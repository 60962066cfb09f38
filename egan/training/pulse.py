"""Is a model well? What is felt of it at a look, for `egan.judging.collapse`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from egan.judging.collapse import FAKE, FINITE, LOSS, REAL
from egan.tasks import Batch
from egan.training.model import Model

NUM_ASKED = 250


def pulse(model: Model, rng: torch.Generator, *, gives_logits: bool) -> dict[str, float]:
    """Return whether all is finite and, of a game, what D says of real and generated samples.

    Args:
        model: A model; of niches their mixture, of which the mean is taken.
        rng: What samples are drawn with.
        gives_logits: Whether there is a D whose sigmoid is a probability.
    """
    found: dict[str, list[float]] = {REAL: [], FAKE: [], LOSS: []}
    finite = all(
        bool(torch.isfinite(tensor).all())
        for network in model.networks.values()
        for tensor in network.state_dict().values()
    )
    with model.judging():
        for game in _games(model) if gives_logits else ():
            game.rng = rng
            real, fake = _words(game, game.draw), _words(game, game.fake)
            finite = finite and bool(torch.isfinite(torch.cat([real, fake])).all())
            for name, value in _felt(real, fake).items():
                found[name].append(value)
    means = {name: sum(values) / len(values) for name, values in found.items() if values}
    return {FINITE: float(finite), **means}


def _words(game: Any, draw: Callable[[int], Batch]) -> Tensor:
    """Return D's logits of samples, asked in batches of the size that it learns from."""
    size = game.settings.batch_size
    batches = range(max(1, NUM_ASKED // size))
    return torch.cat([game.logits(game.seen(draw(size))) for _ in batches])


def _felt(real: Tensor, fake: Tensor) -> dict[str, float]:
    loss = F.softplus(-real).mean() + F.softplus(fake).mean()
    return {
        REAL: float(real.sigmoid().mean()),
        FAKE: float(fake.sigmoid().mean()),
        LOSS: float(loss),
    }


def _games(model: Any) -> tuple[Any, ...]:
    return getattr(model, "members", (model,))
