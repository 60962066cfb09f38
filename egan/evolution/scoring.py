"""What a child is worth: fitness = quality + weight * diversity; and the streams of its numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

import fitness
from egan.training.model import stream

if TYPE_CHECKING:
    from egan.config.evolution import EvolutionConfig
    from egan.training.game import Batch
    from population.seeding import Seeds

FAKES, REALS, SCORED_REALS, CROSSED, SHUFFLES, SHOWN = range(6)
"""Numbers of the random streams within a child's purposes."""

MIXES = 2
"""Within an update, whose step k draws real samples from stream 2 k + 1, all else from 2 k + 2."""


@dataclass(frozen=True)
class Scored:
    """What a child was scored on.

    Attributes:
        fake: Its samples, with the codes that they were made from.
        logits: Each discriminator's, (N,), without a graph; none where nothing was asked.
        gradients: Of each discriminator's loss on them and on real samples, a tensor for each of
            its parameters; none where diversity is not taken from them.
    """

    fake: Batch
    logits: Sequence[Tensor] = ()
    gradients: Sequence[Sequence[Tensor | None]] = ()


def scores(scored: Scored, settings: EvolutionConfig, seeds: Seeds) -> dict[str, float]:
    """Return fitness, quality, diversity, and whether that was capped (``saturated``, 1 or 0).

    Of several discriminators quality is the mean, diversity the sum.

    The fitness is the child's own; what its generation makes of it is `Evolution.settle`'s. Where
    nothing is scored it is 0, and NaN where samples are not finite.
    """
    if not scored.logits:
        return {"fitness": 0.0 if torch.isfinite(scored.fake.samples).all() else math.nan}
    qualities = [float(fitness.quality(logits)) for logits in scored.logits]
    quality = sum(qualities) / len(qualities)
    diversity, saturated = _diversity(scored, settings, seeds)
    return {
        "fitness": fitness.combine(quality, diversity, weight=settings.diversity_weight),
        "quality": quality,
        "diversity": diversity,
        "saturated": float(saturated),
    }


def _diversity(scored: Scored, settings: EvolutionConfig, seeds: Seeds) -> tuple[float, bool]:
    if not scored.gradients:
        rng = stream(seeds.shared("evaluate", REALS))
        samples = scored.fake.samples.cpu()
        return float(fitness.pairwise_diversity(samples, generator=rng)), False
    found = [
        fitness.diversity(
            [part for part in gradient if part is not None], cap=settings.diversity_cap
        )
        for gradient in scored.gradients
    ]
    return sum(one.value for one in found), any(one.saturated for one in found)


NOISE = 0x5EED0F0153
"""What tells the seed of the noise within networks from that of the draws that it goes with."""


def seed_noise(seed: int, device: torch.device) -> None:
    """Seed what layers such as dropout draw from; siblings meet the same noise.

    Args:
        seed: Of the draws that it goes with: a stream of its own would cost more than it does.
        device: Where the networks live.
    """
    torch.default_generator.manual_seed(seed ^ NOISE)
    if device.type == "cuda":
        torch.cuda.manual_seed_all(seed ^ NOISE)


def has_buffers(networks: Iterable[nn.Module]) -> bool:
    """Return whether networks keep running statistics or the like."""
    return any(True for network in networks for _ in network.buffers())


@contextmanager
def kept_buffers(networks: Sequence[nn.Module]) -> Iterator[None]:
    """Let networks work on copies of their running statistics for a while, then on their own again.

    The copies are left alone afterwards, so that graphs that were built on them stay good.
    """
    modules = [module for network in networks for module in network.modules()]
    before = [(one, name, own) for one in modules for name, own in one.named_buffers(recurse=False)]
    for module, name, own in before:
        setattr(module, name, own.clone())
    try:
        yield
    finally:
        for module, name, own in before:
            setattr(module, name, own)
