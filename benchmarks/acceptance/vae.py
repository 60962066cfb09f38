"""VAE: a likelihood that is known exactly, densities of digits, bounds, and what midpoints show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from acceptance import Check, above, at_most
from acceptance.training import reference, task_of, train, trained
from egan.collection.vae import Autoencoder, Decoder, Encoder, Vae
from egan.data.dataset import Array, Dataset
from egan.data.line import NUM_JUDGED
from egan.judging.features import Features
from egan.tasks import Density, Task
from egan.training.model import stream

UPDATES, LINEAR_UPDATES = 2000, 1500
GREY_LEVEL, WHITE = 16, 255
NUM_WEIGHTED, NUM_PAIRS = 50, 250
DIM, LATENT_DIM, NOISE = 8, 3, 0.5


@dataclass(frozen=True)
class Principal:
    """Points x = W z + noise (Tipping and Bishop 1999), z ~ N(0, 1), whose density is known."""

    weight: Array

    def points(self, n: int, rng: np.random.Generator) -> Array:
        """Draw (n, D) float32 points."""
        z, noise = (rng.standard_normal((n, d)) for d in self.weight.shape[::-1])
        return (z @ self.weight.T + NOISE * noise).astype(np.float32)

    def log_density(self, points: Tensor) -> Tensor:
        """Return log p(x) of points (N, D): (N,)."""
        covariance = self.weight @ self.weight.T + NOISE**2 * np.eye(len(self.weight))
        law = MultivariateNormal(torch.zeros(DIM), torch.as_tensor(covariance).float())
        return law.log_prob(points)


class LinearVae(Vae):
    """Encoder and decoder without a hidden layer, so that the bound can be tight."""

    def build(self) -> dict[str, nn.Module]:
        """Build both."""
        encoder = Encoder(nn.Flatten(), DIM, LATENT_DIM)
        self.vae = Autoencoder(encoder, Decoder(nn.Linear(LATENT_DIM, DIM)))
        return {"vae": self.vae}


class PixelwiseVae(Vae):
    """A Gaussian likelihood with a deviation for each pixel, which starts as that of the data."""

    def build(self) -> dict[str, nn.Module]:
        """Build both."""
        built = super().build()
        data = self.task.data
        variance = data.tensor(np.arange(len(data))).var(dim=0)
        self.vae.decoder.log_variance = nn.Parameter(variance.log())
        return built


def accept(seeds: Sequence[int], *, quick: bool) -> list[Check]:
    """Measure each clause; the baselines have no latent code."""
    models = [trained("vae", seed, task=digits(), updates=UPDATES, quick=quick) for seed in seeds]
    densities = [density_of_digits(seed, quick=quick) for seed in seeds]
    bounds = [bounds_of(model, seed) for model, seed in zip(models, seeds, strict=True)]
    midpoints = [confidence_between(model) for model in models]
    return [
        at_most(
            "linear VAE: log p(x) - ELBO, nats", [gap(seed, quick=quick) for seed in seeds], 0.05
        ),
        above(
            "digits with noise of a grey level: ELBO, nats",
            [elbo for elbo, _ in densities],
            [plain for _, plain in densities],
            baseline_name="a Gaussian per pixel, log p(x)",
        ),
        above(
            f"digits: bound of {NUM_WEIGHTED} codes, nats",
            [many for many, _ in bounds],
            [one for _, one in bounds],
            baseline_name="ELBO",
        ),
        above(
            "classifier's confidence, codes halfway between digits",
            [codes for codes, _ in midpoints],
            [pixels for _, pixels in midpoints],
            baseline_name="pixels halfway",
        ),
    ]


def digits() -> Task:
    """Return the digits."""
    return task_of(reference())


def gap(seed: int, *, quick: bool) -> float:
    """Train a linear VAE on principal components; return what its bound lacks to the law."""
    rng = np.random.default_rng(seed)
    law = Principal(rng.standard_normal((DIM, LATENT_DIM)))
    data = Dataset("principal", law.points(NUM_JUDGED, rng), process=law)
    task = Density(data, data, Features(lambda points: points), likelihood="gaussian")
    changed = {"likelihood": "gaussian", "batch_size": 512, "lr": 5e-3}
    model = trained(LinearVae, seed, task=task, updates=LINEAR_UPDATES, quick=quick, **changed)
    model.configure({"lr": 5e-4})
    train(model, seed, updates=LINEAR_UPDATES // 3, quick=quick)
    assert isinstance(model, LinearVae)
    points = data.real(NUM_JUDGED)
    with model.judging():
        model.rng = stream(seed)
        return float((law.log_density(points) - model.bound(points, 1)).mean())


def density_of_digits(seed: int, *, quick: bool) -> tuple[float, float]:
    """Return the ELBO of held-out digits, and their log-density under a Gaussian per pixel.

    Some pixels are never inked, where a density has no upper limit: noise fills each grey level.
    """
    known = digits()
    parts = filled(known.data, seed), filled(known.held_out, seed + 1)
    task = Density(*parts, known.features, likelihood="gaussian")
    model = trained(
        PixelwiseVae, seed, task=task, updates=UPDATES, quick=quick, likelihood="gaussian"
    )
    with model.judging():
        model.rng = stream(seed)
        elbo = model.score()["fitness"]
    old, new = (part.tensor(np.arange(len(part))) for part in parts)
    plain = torch.distributions.Normal(old.mean(dim=0), old.std(dim=0))
    return elbo, float(plain.log_prob(new).sum(dim=(1, 2, 3)).mean())


def filled(data: Dataset, seed: int) -> Dataset:
    """Return images whose grey levels, 16 apart, are spread evenly up to the next."""
    noise = np.random.default_rng(seed).integers(0, GREY_LEVEL, data.samples.shape)
    samples = np.minimum(data.samples.astype(np.int64) + noise, WHITE).astype(np.uint8)
    return replace(data, samples=samples)


def bounds_of(model: Vae, seed: int) -> tuple[float, float]:
    """Return the bound with 50 codes per sample and the ELBO, of the same held-out digits."""
    samples = model.task.held_out.real(NUM_PAIRS)
    with model.judging():
        model.rng = stream(seed)
        many = float(model.bound(samples, NUM_WEIGHTED).mean())
        return many, fmean(float(model.bound(samples, 1).mean()) for _ in range(NUM_WEIGHTED))


def confidence_between(model: Vae) -> tuple[float, float]:
    """Return a classifier's mean highest probability halfway between digits of two classes.

    In the latent space, and in that of pixels.
    """
    held = model.task.held_out
    assert held.labels is not None
    chosen = np.random.default_rng(0).permutation(len(held)).reshape(2, -1)[:, :NUM_PAIRS]
    chosen = chosen[:, held.labels[chosen[0]] != held.labels[chosen[1]]]
    first, second = (held.tensor(part) for part in chosen)
    with model.judging():
        codes = [model.encode(part).mean for part in (first, second)]
        between = model.mean((codes[0] + codes[1]) / 2), (first + second) / 2
    found = (reference().second.probabilities(part) for part in between)
    return tuple(float(p.max(axis=1).mean()) for p in found)  # type: ignore[return-value,union-attr]
