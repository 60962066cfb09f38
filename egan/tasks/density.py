"""Explaining data: a likelihood, or a bound of it, on what was held out."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from egan.data.levels import quantised
from egan.judging.tables import bits_per_dimension, each_alone, two_neighbours
from egan.tasks.base import Scores
from egan.tasks.generation import Generation

if TYPE_CHECKING:
    from egan.data.dataset import Dataset
    from egan.judging.features import Features

Likelihood = Literal["bernoulli", "gaussian", "categorical"]
LEAST_DEVIATION = 0.05
"""Least standard deviation of a pixel in [-1, 1]: one that never changes is worth no more."""


class Density(Generation):
    """A density log p(x), in nats, or a lower bound of it, from which samples are drawn too.

    A model offers ``log_density(samples, rng)``, (N, *shape) -> (N,), beside ``samples``. Fitness
    is its mean on data that were held out.

    Args:
        data: What is trained on.
        held_out: What is kept from training.
        features: What samples are compared in.
        likelihood: Of a number of a sample: Bernoulli of pixels brought to [0, 1], Gaussian, or
            categorical of pixels in `levels`. Figures of different ones cannot be compared.
        levels: Of categorical pixels, evenly spread.
    """

    leading: ClassVar[tuple[str, ...]] = ("bits_per_dimension", "elbo", "frechet")

    def __init__(
        self,
        data: Dataset,
        held_out: Dataset,
        features: Features,
        *,
        likelihood: Likelihood = "gaussian",
        levels: int = 256,
    ) -> None:
        super().__init__(data, held_out, features)
        self.likelihood = likelihood
        self.levels = levels

    @property
    def meaning(self) -> str:
        """Say whose density it is."""
        return "the log-density of data that were held out, or a lower bound of it, in nats each"

    def score(self, model: Any, rng: torch.Generator) -> Scores:
        """Return the mean of log p(x), in nats, on held-out data."""
        samples = self.held_out.real(self.num_judged)
        nats = float(model.log_density(samples, rng).mean())
        return {"fitness": nats, **(self.in_bits(nats) if self.is_categorical else {})}

    def look(self, model: Any, rng: torch.Generator) -> Scores:
        """Judge samples; of levels tell the bits too."""
        known = model.score() if self.is_categorical else {}
        return {**known, **super().look(model, rng)}

    @property
    def is_categorical(self) -> bool:
        """Whether samples are levels, so that densities are probabilities."""
        return self.likelihood == "categorical"

    def in_bits(self, nats: float) -> Scores:
        """Return a mean of log p of samples in levels as it is reported."""
        bits = bits_per_dimension(nats, prod(self.data.shape))
        return {"nll": -nats, "bits_per_dimension": bits}

    def baselines(self) -> Mapping[str, Scores]:
        """Add densities that know less: of each number alone, of a pixel after two neighbours."""
        real, held_out = (part.tensor(np.arange(len(part))) for part in (self.data, self.held_out))
        counted = self._counted if self.is_categorical else self._independent
        return {**counted(real, held_out), **super().baselines()}

    def _independent(self, real: Tensor, held_out: Tensor) -> dict[str, Scores]:
        name = "each pixel alone" if self.data.kind.bounded else "Gaussian of each coordinate"
        rows = real.flatten(1), held_out.flatten(1)
        nats = float(independent_density(*rows, likelihood=self.likelihood).mean())
        return {name: {"fitness": nats, "elbo": nats}}

    def _counted(self, real: Tensor, held_out: Tensor) -> dict[str, Scores]:
        real, held_out = (quantised(part, self.levels) for part in (real, held_out))
        laws = {"each pixel alone": each_alone, "two neighbours": two_neighbours}
        found = {k: law(real, held_out, levels=self.levels).mean() for k, law in laws.items()}
        return {name: self.in_bits(float(nats)) for name, nats in found.items()}


def independent_density(real: Tensor, held_out: Tensor, *, likelihood: Likelihood) -> Tensor:
    """Return log p(x) (M,) of rows (M, F), each number with the moments that it has in (N, F)."""
    if likelihood == "bernoulli":
        mean = ((real + 1) / 2).mean(dim=0).clamp(1e-3, 1 - 1e-3)
        target = (held_out + 1) / 2
        return (target * mean.log() + (1 - target) * (1 - mean).log()).sum(dim=1)
    law = torch.distributions.Normal(
        real.mean(dim=0), real.std(dim=0, correction=0).clamp(min=LEAST_DEVIATION)
    )
    nats: Tensor = law.log_prob(held_out).sum(dim=1)  # type: ignore[no-untyped-call]
    return nats
