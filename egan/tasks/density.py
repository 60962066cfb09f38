"""Explaining data: a likelihood, or a bound of it, on what was held out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from egan.tasks.base import Scores
from egan.tasks.generation import Generation

if TYPE_CHECKING:
    from egan.data.dataset import Dataset
    from egan.judging.features import Features

Likelihood = Literal["bernoulli", "gaussian"]
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
        likelihood: Of a number of a sample: Bernoulli of pixels brought to [0, 1], or Gaussian.
            Figures of the two cannot be compared.
    """

    leading: ClassVar[tuple[str, ...]] = ("elbo", "frechet")

    def __init__(
        self,
        data: Dataset,
        held_out: Dataset,
        features: Features,
        *,
        likelihood: Likelihood = "gaussian",
    ) -> None:
        super().__init__(data, held_out, features)
        self.likelihood = likelihood

    @property
    def meaning(self) -> str:
        """Say whose density it is."""
        return "the log-density of data that were held out, or a lower bound of it, in nats each"

    def score(self, model: Any, rng: torch.Generator) -> Scores:
        """Return the mean of log p(x), in nats, on held-out data."""
        samples = self.held_out.real(self.num_judged)
        return {"fitness": float(model.log_density(samples, rng).mean())}

    def baselines(self) -> Mapping[str, Scores]:
        """Add the density of numbers that know nothing of each other, in nats."""
        real, held_out = (
            part.tensor(np.arange(len(part))).flatten(1) for part in (self.data, self.held_out)
        )
        name = "each pixel alone" if self.data.kind.bounded else "Gaussian of each coordinate"
        nats = float(independent_density(real, held_out, likelihood=self.likelihood).mean())
        return {name: {"fitness": nats, "elbo": nats}, **super().baselines()}


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
