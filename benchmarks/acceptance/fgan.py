"""f-GAN: bounds on finite laws, and the Gaussian that is nearest to two in each divergence."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from scipy.optimize import minimize

from acceptance import Check, above, at_most
from acceptance.training import built, train
from egan.collection.fgan import Fgan, line
from egan.data import load
from egan.data.line import BIMODAL
from egan.judging.features import Features
from egan.losses.divergences import F_DIVERGENCES
from egan.tasks import Generation

UPDATES, TRIALS, POINTS = 1500, 100, 7
FITTED = ("kl", "reverse_kl", "pearson", "squared_hellinger", "jensen_shannon")
"""The smooth divergences; gan has jensen_shannon's minimum."""
GRID = torch.linspace(-6, 6, 4001, dtype=torch.float64)


class Line(Fgan):
    """The model with the preset that fits one Gaussian."""

    presets = {"small": line, "paper": line}  # noqa: RUF012 - as in Fgan


def accept(seeds: Sequence[int], *, quick: bool) -> list[Check]:
    """Compare bounds with divergences, and fits with the numerical minimum."""
    bounds = [bound(seed) for seed in seeds]
    fits = {name: [fitted(name, seed, quick=quick) for seed in seeds] for name in FITTED}
    checks = [
        at_most("7 laws of f: largest excess of F over the divergence", [b[0] for b in bounds], 0),
        at_most("7 laws of f: largest gap of F at f'(p/q)", [b[1] for b in bounds], 1e-9),
    ]
    for name, found in fits.items():
        far = [float(np.abs(np.subtract(one, minimum(name))).max()) for one in found]
        wanted = "({:.3f}, {:.3f})".format(*minimum(name))
        checks.append(at_most(f"{name}: distance of (mean, sigma) from {wanted}", far, 0.05))
    sigmas = ([sigma for _, sigma in fits[name]] for name in ("kl", "reverse_kl"))
    return [*checks, above("sigma of kl", *sigmas, baseline_name="sigma of reverse_kl")]


def bound(seed: int) -> tuple[float, float]:
    """Return how far F comes above D_f for random functions, at most 0, and from it at the best."""
    rng = torch.Generator().manual_seed(seed)
    above_it, gap = -np.inf, 0.0
    for f in F_DIVERGENCES.values():
        for _ in range(TRIALS):
            p, q = torch.rand(2, POINTS, generator=rng, dtype=torch.float64) + 0.01
            p, q = p / p.sum(), q / q.sum()
            v = 2 * torch.randn(POINTS, generator=rng, dtype=torch.float64)
            value, best = f.value(p, q), f.slope(p / q)
            above_it = max(above_it, float(p @ f.activation(v) - q @ f.penalty(v) - value))
            gap = max(gap, abs(float(p @ best - q @ f.conjugate(best) - value)))
    return above_it, gap


def fitted(name: str, seed: int, *, quick: bool) -> tuple[float, float]:
    """Fit a Gaussian by the game; return its mean and deviation."""
    data = load("bimodal")
    task = Generation(data, data, Features(lambda points: points))
    model = built(Line, seed, task=task, quick=quick, divergence=name)
    train(model, seed, updates=UPDATES, quick=quick)
    assert isinstance(model, Fgan)
    weight, mean = model.average.map.weight, model.average.map.bias
    return mean.item(), weight.norm().item()


@cache
def minimum(name: str) -> tuple[float, float]:
    """Return mean and deviation of the Gaussian q that minimises D_f(p‖q), by quadrature."""
    p = torch.from_numpy(BIMODAL.density(GRID.numpy()))

    def divergence(at: np.ndarray) -> float:
        q = torch.distributions.Normal(at[0], np.exp(at[1])).log_prob(GRID).exp()
        seen = (p > 1e-300) & (q > 1e-300)
        return float(F_DIVERGENCES[name].value(p[seen], q[seen]))

    starts = [(mean, np.log(sigma)) for mean in (-1.0, 0.0, 1.0) for sigma in (0.5, 1.0, 1.5)]
    fits = [minimize(divergence, start, method="Nelder-Mead") for start in starts]
    best = min(fits, key=lambda fit: fit.fun)
    return float(best.x[0]), float(np.exp(best.x[1]))
