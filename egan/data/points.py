"""Points in a plane, drawn afresh for every batch: mixtures of Gaussians and a swiss roll.

Those of 8 and 25 are of E-GAN (Wang et al., arXiv 1803.00657), as in its published code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from egan.data.dataset import Array, Dataset, Mixture, Process

NUM_JUDGED = 10_000
JUDGED_SEED = 1803


@dataclass(frozen=True)
class SwissRoll:
    """A spiral: x = (t cos t, t sin t) / scale + noise, t uniform in [1.5 pi, 4.5 pi].

    Attributes:
        noise: Standard deviation before the division by `scale`.
        scale: 7.5 brings the spiral to about [-2, 2].
    """

    noise: float = 0.25
    scale: float = 7.5

    def points(self, n: int, rng: np.random.Generator) -> Array:
        """Draw (n, 2) float32 points."""
        t = 1.5 * np.pi * (1.0 + 2.0 * rng.random(n))
        spiral = np.stack([t * np.cos(t), t * np.sin(t)], axis=1)
        noisy = spiral + self.noise * rng.standard_normal((n, 2))
        return (noisy / self.scale).astype(np.float32)


def gaussians8(**_: Any) -> Dataset:
    """Eight Gaussians of std .02 on a circle of radius 2, all divided by 1.414."""
    return _mixture("gaussians8", _circle(8) / 1.414, 0.02 / 1.414)


def ring16(**_: Any) -> Dataset:
    """Sixteen Gaussians of std .02 on a circle of radius 2, by turns 1:10 likely; all / 1.414."""
    weights = np.tile([1.0, 10.0], 8) / 88.0
    return _mixture("ring16", _circle(16) / 1.414, 0.02 / 1.414, weights)


def _circle(count: int) -> Array:
    """Return points (count, 2) spread evenly on a circle of radius 2."""
    angles = 2.0 * np.pi * np.arange(count) / count
    circle: Array = 2.0 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return circle


def gaussians25(**_: Any) -> Dataset:
    """Twenty-five Gaussians of std .05 on the grid {-4, -2, 0, 2, 4}^2, all divided by 2.828."""
    line = np.arange(-4.0, 5.0, 2.0)
    centres = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    return _mixture("gaussians25", centres / 2.828, 0.05 / 2.828)


def swiss_roll(**_: Any) -> Dataset:
    """A noisy spiral, about [-2, 2] in both directions."""
    roll = SwissRoll()
    return Dataset("swiss_roll", _judged(roll), process=roll)


def _mixture(name: str, centres: Array, std: float, weights: Array | None = None) -> Dataset:
    mixture = Mixture(centres.astype(np.float32), std, weights)
    return Dataset(name, _judged(mixture), mixture=mixture)


def _judged(process: Process) -> Array:
    """Draw the fixed points that samples are compared with."""
    return process.points(NUM_JUDGED, np.random.default_rng(JUDGED_SEED))
