"""f-GAN: bounds on finite laws, and the Gaussian that is nearest to two in each divergence.

On finite laws V is a table, one output for each of 7 points, and the model's own loss is computed
on points as often as the laws have them; the divergence itself is the sum over them.

Fits, (mean, sigma) of a Gaussian, are held against the numerical minimum of each divergence. They
stand beside what needs no game in one dimension: a kernel density of a million points (bandwidth of
4 by the likelihood of as many others), to which the Gaussian is fitted by quadrature. Fits of
squared_hellinger and jensen_shannon are too near each other to be told apart.

reverse_kl takes 3,000 updates, where others take 1,500: one of its seeds was on its way at 1,500.

Saboteurs: f* taken for the identity, one conjugate swapped, the game of another f, and one game
whatever is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from scipy.optimize import minimize
from scipy.stats import spearmanr
from torch import Tensor, nn

from acceptance import Figures
from acceptance.training import built, minimised, train
from egan.collection.fgan import line
from egan.collection.fgan.model import Fgan
from egan.collection.fgan.networks import Bounded
from egan.data import load
from egan.data.line import BIMODAL
from egan.judging.features import Features
from egan.losses.divergences import F_DIVERGENCES
from egan.tasks import Batch, Generation
from egan.training.model import stream

UPDATES, SLOW_UPDATES = 1500, 3000
SLOW = ("reverse_kl",)
TRIALS, LAWS, POINTS, COUNT, BOUND = 100, 5, 7, 128, 100.0
WRONG = {
    "kl": "pearson",
    "reverse_kl": "kl",
    "pearson": "kl",
    "squared_hellinger": "kl",
    "jensen_shannon": "kl",
}
"""The smooth divergences, each with another one whose fit is not its own; gan has
jensen_shannon's minimum."""
GRID = torch.linspace(-6, 6, 4001, dtype=torch.float64)
BANDWIDTHS = (0.02, 0.04, 0.08, 0.16)
NUM_POINTS, NUM_QUICK = 1_000_000, 10_000

Fits = dict[str, list[tuple[float, float]]]
"""(mean, sigma) of each seed, by divergence."""


class Line(Fgan):
    """The model with the preset that fits one Gaussian."""

    presets = {"small": line, "paper": line}  # noqa: RUF012 - as in Fgan


class Tied(Line):
    """f*(g(v)) is g(v), as if f* were the identity."""

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return E[g(V(G(z)))]."""
        return self.divergence.activation(self.logits(fake)).mean()


class Swapped(Line):
    """kl is played with pearson's conjugate."""

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return E[f*(g(V(G(z))))], for kl of another f."""
        name = self.settings.divergence
        f = F_DIVERGENCES["pearson" if name == "kl" else name]
        return f.fake_loss(self.logits(fake))


class Table(nn.Module):
    """V as a number for each point of a finite set."""

    def __init__(self) -> None:
        super().__init__()
        self.outputs = nn.Parameter(torch.zeros(POINTS, dtype=torch.float64))

    def forward(self, points: Tensor) -> Tensor:
        """Map points (N, 1), from 0 to 6, to outputs (N,)."""
        return self.outputs[points[:, 0].long()]


def accept(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Compare bounds with divergences, and fits with the numerical minimum."""
    fits: Fits = {name: [fitted(name, seed, quick=quick) for seed in seeds] for name in WRONG}
    densities = [estimated(seed, NUM_QUICK if quick else NUM_POINTS) for seed in seeds]
    by_density = {name: [nearest(name, density) for density in densities] for name in WRONG}
    return [
        Figures(
            mark="bound",
            found=[largest_excess(Line, seed) for seed in seeds],
            saboteur="f* taken for the identity",
            sabotaged=[largest_excess(Tied, seeds[0])],
        ),
        Figures(
            mark="tight",
            found=[largest_gap(Line, seed) for seed in seeds],
            saboteur="kl with pearson's conjugate",
            sabotaged=[largest_gap(Swapped, seeds[0])],
        ),
        *[fit(name, fits, by_density[name]) for name in WRONG],
        *of_sigmas(fits),
    ]


def fit(name: str, fits: Fits, by_density: list[tuple[float, float]]) -> Figures:
    """Return how far the fits of a divergence are from its minimum."""
    return Figures(
        mark=name,
        found=[distance(one, name) for one in fits[name]],
        baseline=[distance(one, name) for one in by_density],
        baseline_name="kernel density and quadrature",
        saboteur=f"the game of {WRONG[name]}",
        sabotaged=[distance(one, name) for one in fits[WRONG[name]]],
    )


def of_sigmas(fits: Fits) -> list[Figures]:
    """Return whether the fits' deviations are in the order of the minima's, and how far apart."""
    sigmas = {name: [sigma for _, sigma in found] for name, found in fits.items()}
    found = [ranked([sigmas[name][at] for name in WRONG]) for at in range(len(sigmas["kl"]))]
    saboteur, kl = "kl's game whatever is asked for", sigmas["kl"][:1]
    return [
        Figures(mark="order", found=found, saboteur=saboteur, sabotaged=[ranked(kl * len(WRONG))]),
        Figures(
            mark="sigma",
            found=sigmas["kl"],
            baseline=sigmas["reverse_kl"],
            baseline_name="sigma of reverse_kl",
            saboteur=saboteur,
            sabotaged=kl,
            sabotaged_baseline=kl,
        ),
    ]


def ranked(sigmas: Sequence[float]) -> float:
    """Return the rank correlation of deviations with those of the minima; of equal ones 0."""
    wanted = [minimum(name)[1] for name in WRONG]
    return float(spearmanr(sigmas, wanted)[0]) if np.ptp(sigmas) else 0.0


def distance(found: tuple[float, float], name: str) -> float:
    """Return the larger of the distances of mean and sigma from the minimum's."""
    return float(np.abs(np.subtract(found, minimum(name))).max())


def on_table(kind: type[Line], name: str) -> tuple[Line, Table]:
    """Return the model of a divergence, with a table for V, and the table."""
    model, table = built(kind, 0, task=task(), quick=True, divergence=name), Table()
    assert isinstance(model, Line)
    model.networks["discriminator"] = nn.Sequential(table, Bounded(BOUND))
    return model, table


def law(rng: torch.Generator) -> tuple[Tensor, Batch]:
    """Return a law on the points, (7,), and 128 samples that are exactly distributed so."""
    weights = torch.rand(POINTS, generator=rng) + 0.2
    drawn = torch.multinomial(weights, COUNT - POINTS, replacement=True, generator=rng)
    counts = torch.bincount(drawn, minlength=POINTS) + 1
    return counts.double() / COUNT, Batch(torch.arange(POINTS).repeat_interleave(counts)[:, None])


def largest_excess(kind: type[Line], seed: int) -> float:
    """Return how far F comes above D_f for random V, over all divergences."""
    rng, excess = torch.Generator().manual_seed(seed), []
    for name, f in F_DIVERGENCES.items():
        model, table = on_table(kind, name)
        for _ in range(TRIALS):
            (p, real), (q, fake) = law(rng), law(rng)
            with torch.no_grad():
                table.outputs.normal_(0, 2, generator=rng)
                excess.append(float(-model.discriminator_loss(real, fake) - f.value(p, q)))
    return max(excess)


def largest_gap(kind: type[Line], seed: int) -> float:
    """Return how far F is from D_f once V has learned by the model's loss."""
    rng, gaps = torch.Generator().manual_seed(seed), []
    for name, f in F_DIVERGENCES.items():
        for _ in range(LAWS):
            model, table = on_table(kind, name)
            (p, real), (q, fake) = law(rng), law(rng)
            loss = minimised(table.parameters(), partial(model.discriminator_loss, real, fake))
            gaps.append(abs(-loss - float(f.value(p, q))))
    return max(gaps)


@cache
def task() -> Generation:
    """Return the two Gaussians to be fitted."""
    data = load("bimodal")
    return Generation(data, data, Features(lambda points: points))


def fitted(name: str, seed: int, *, quick: bool) -> tuple[float, float]:
    """Fit a Gaussian by the game; return its mean and deviation."""
    model = built(Line, seed, task=task(), quick=quick, divergence=name)
    train(model, seed, updates=SLOW_UPDATES if name in SLOW else UPDATES, quick=quick)
    assert isinstance(model, Fgan)
    weight, mean = model.average.map.weight, model.average.map.bias
    return mean.item(), weight.norm().item()


def estimated(seed: int, num_points: int) -> np.ndarray:
    """Return a kernel density of points on `GRID`, of the best bandwidth for as many others."""
    rng = stream(seed)
    edges = np.linspace(-6 - 0.0015, 6 + 0.0015, len(GRID) + 1)
    counts, others = (
        np.histogram(task().data.draw(num_points, rng).numpy(), bins=edges)[0] for _ in range(2)
    )
    spacing = edges[1] - edges[0]

    def density(bandwidth: float) -> np.ndarray:
        share = counts / counts.sum() / spacing
        return gaussian_filter1d(share, bandwidth / spacing, mode="constant", truncate=37)

    return max(map(density, BANDWIDTHS), key=lambda p: float(others @ np.log(p + 1e-300)))


@cache
def minimum(name: str) -> tuple[float, float]:
    """Return mean and deviation of the Gaussian q that minimises D_f(p‖q), by quadrature."""
    return nearest(name, BIMODAL.density(GRID.numpy()))


def nearest(name: str, density: np.ndarray) -> tuple[float, float]:
    """Return mean and deviation of the Gaussian nearest to a density on `GRID`."""
    p = torch.from_numpy(density)

    def divergence(at: np.ndarray) -> float:
        q = torch.distributions.Normal(at[0], np.exp(at[1])).log_prob(GRID).exp()
        seen = (p > 1e-300) & (q > 1e-300)
        return float(F_DIVERGENCES[name].value(p[seen], q[seen]))

    starts = [(mean, np.log(sigma)) for mean in (-1.0, 0.0, 1.0) for sigma in (0.5, 1.0, 1.5)]
    fits = [minimize(divergence, start, method="Nelder-Mead") for start in starts]
    best = min(fits, key=lambda fit: fit.fun)
    return float(best.x[0]), float(np.exp(best.x[1]))
