"""Points on a line from a mixture of Gaussians whose density and distribution are known exactly.

What a divergence or a distance should have given can be computed by quadrature, so that f-GAN
(Nowozin et al., arXiv 1606.00709) and the Wasserstein critic (Arjovsky et al., arXiv 1701.07875)
are checked against numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from egan.data.dataset import Array, Dataset

NUM_JUDGED = 10_000
JUDGED_SEED = 1606


@dataclass(frozen=True)
class LineMixture:
    """A mixture of Gaussians on the line: p(x) = sum_k weight_k N(x; mean_k, std_k^2).

    Attributes:
        weights: K shares that sum to 1.
        means: K means.
        stds: K standard deviations, above 0.

    Raises:
        ValueError: If their numbers differ, a share or deviation is not above 0, or the shares do
            not sum to 1.
    """

    weights: tuple[float, ...]
    means: tuple[float, ...]
    stds: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.weights) == len(self.means) == len(self.stds):
            raise ValueError(
                f"a mixture needs as many weights as means and stds, but got {self.weights}, "
                f"{self.means} and {self.stds}."
            )
        if min(self.weights, default=0) <= 0 or abs(sum(self.weights) - 1) > 1e-9:
            raise ValueError(f"weights must be above 0 and sum to 1, but got {self.weights}.")
        if min(self.stds) <= 0:
            raise ValueError(f"stds must be above 0, but got {self.stds}.")

    def points(self, n: int, rng: np.random.Generator) -> Array:
        """Draw (n, 1) float32 points."""
        which = rng.choice(len(self.weights), size=n, p=self.weights)
        noise = rng.standard_normal(n)
        drawn = np.asarray(self.means)[which] + np.asarray(self.stds)[which] * noise
        return drawn.astype(np.float32)[:, None]

    def density(self, x: Array) -> Array:
        """Return p(x) at x, of any shape, in float64."""
        from scipy.stats import norm

        result: Array = self._mixed(norm.pdf, x)
        return result

    def cumulative(self, x: Array) -> Array:
        """Return P(X <= x) at x, of any shape, in float64."""
        from scipy.stats import norm

        result: Array = self._mixed(norm.cdf, x)
        return result

    def _mixed(self, function: Any, x: Array) -> Array:
        at = np.asarray(x, dtype=np.float64)[..., None]
        return np.asarray((function(at, self.means, self.stds) * self.weights).sum(axis=-1))


BIMODAL = LineMixture(weights=(0.75, 0.25), means=(-1.0, 1.2), stds=(0.5, 0.5))

FIVE_MODES = LineMixture(
    weights=(0.2,) * 5,
    means=(-2.0, -1.6, 0.0, 0.8, 2.0),
    stds=(0.12, 0.12, 0.08, 0.08, 0.04),
)
"""MAD-GAN's mixture, with means 10, 20, 60, 80 and 110 and deviations 3, 3, 2, 2 and 1, less 60 and
divided by 25 (Ghosh et al., arXiv 1704.02906)."""


def bimodal(**_: Any) -> Dataset:
    """Two Gaussians, unequally likely, so that one Gaussian alone is nearest in each divergence."""
    return _of("bimodal", BIMODAL)


def five_modes(**_: Any) -> Dataset:
    """Five Gaussians, equally likely, of which two overlap a little and others are far apart."""
    return _of("five_modes", FIVE_MODES)


def _of(name: str, mixture: LineMixture) -> Dataset:
    judged = mixture.points(NUM_JUDGED, np.random.default_rng(JUDGED_SEED))
    return Dataset(name, judged, process=mixture)
