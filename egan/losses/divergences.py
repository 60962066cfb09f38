"""The games of f-GAN: an f-divergence as a game between a generator and a free function V.

D_f(p‖q) = Σ q f(p/q) for a convex f, and for any T with values where the conjugate
f* is finite, D_f(p‖q) ≥ E_p[T] − E_q[f*(T)], tight at T = f'(p/q). The network's output v, any real
number, becomes T = g(v) by an activation that reaches all those values.
Nowozin et al. 2016, arXiv 1606.00709.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from mutations.logits import flat

LOG2 = math.log(2)
Map = Callable[[Tensor], Tensor]


@dataclass(frozen=True, kw_only=True, slots=True)
class FDivergence:
    """A divergence by its functions, each elementwise.

    Attributes:
        f: the convex function of u = p/q, u > 0.
        slope: f'(u), the best T; f'(1) is the threshold between real and generated.
        conjugate: f*(t) = sup over u of u t − f(u).
        activation: g(v), from any real v to where f* is finite, rising.
        penalty: f*(g(v)) in one formula, which keeps the digits that f* after g loses.
    """

    f: Map
    slope: Map
    conjugate: Map
    activation: Map
    penalty: Map

    def value(self, real: Tensor, generated: Tensor) -> Tensor:
        """Return D_f(p‖q) = Σ q f(p/q) of two laws (K,) on one finite set, positive everywhere."""
        return (generated * self.f(real / generated)).sum()

    def real_loss(self, real_outputs: Tensor) -> Tensor:
        """The half of minus the bound on real samples: −E[g(v)], (M,) -> ().

        Raises:
            ValueError: if `real_outputs` is empty or not floating-point.
        """
        return -self.activation(flat(real_outputs, name="real outputs")).mean()

    def fake_loss(self, fake_outputs: Tensor) -> Tensor:
        """The half of minus the bound on generated samples: E[f*(g(v))], (N,) -> ().

        Raises:
            ValueError: if `fake_outputs` is empty or not floating-point.
        """
        return self.penalty(flat(fake_outputs, name="fake outputs")).mean()

    def discriminator_loss(self, real_outputs: Tensor, fake_outputs: Tensor) -> Tensor:
        """Minus the bound: E[f*(g(v))] on fakes − E[g(v)] on real samples, (M,), (N,) -> ().

        Raises:
            ValueError: if either is empty or not floating-point.
        """
        return self.real_loss(real_outputs) + self.fake_loss(fake_outputs)

    def generator_loss(self, fake_outputs: Tensor) -> Tensor:
        """The generator's half of the bound, to be minimised: −E[f*(g(v))], (N,) -> ().

        Raises:
            ValueError: if `fake_outputs` is empty or not floating-point.
        """
        return -self.penalty(flat(fake_outputs, name="fake outputs")).mean()

    def heuristic_loss(self, fake_outputs: Tensor) -> Tensor:
        """The paper's alternative with stronger slopes at the start: −E[g(v)], (N,) -> ().

        Raises:
            ValueError: if `fake_outputs` is empty or not floating-point.
        """
        return -self.activation(flat(fake_outputs, name="fake outputs")).mean()


def _log_mean(u: Tensor) -> Tensor:
    return torch.log1p(u) - LOG2


F_DIVERGENCES: dict[str, FDivergence] = {
    "kl": FDivergence(
        f=lambda u: u * u.log(),
        slope=lambda u: 1 + u.log(),
        conjugate=lambda t: (t - 1).exp(),
        activation=lambda v: v,
        penalty=lambda v: (v - 1).exp(),
    ),
    "reverse_kl": FDivergence(
        f=lambda u: -u.log(),
        slope=lambda u: -1 / u,
        conjugate=lambda t: -1 - (-t).log(),
        activation=lambda v: -(-v).exp(),
        penalty=lambda v: v - 1,
    ),
    "pearson": FDivergence(
        f=lambda u: (u - 1).square(),
        slope=lambda u: 2 * (u - 1),
        conjugate=lambda t: t.square() / 4 + t,
        activation=lambda v: v,
        penalty=lambda v: v.square() / 4 + v,
    ),
    "squared_hellinger": FDivergence(
        f=lambda u: (u.sqrt() - 1).square(),
        slope=lambda u: 1 - u.rsqrt(),
        conjugate=lambda t: t / (1 - t),
        activation=lambda v: -torch.expm1(-v),
        penalty=torch.expm1,
    ),
    "jensen_shannon": FDivergence(  # twice the Jensen-Shannon divergence
        f=lambda u: u * u.log() - (u + 1) * _log_mean(u),
        slope=lambda u: u.log() - _log_mean(u),
        conjugate=lambda t: -(2 - t.exp()).log(),
        activation=lambda v: LOG2 - F.softplus(-v),
        penalty=lambda v: F.softplus(v) - LOG2,
    ),
    "gan": FDivergence(  # twice the Jensen-Shannon divergence − log 4
        f=lambda u: u * u.log() - (u + 1) * torch.log1p(u),
        slope=lambda u: u.log() - torch.log1p(u),
        conjugate=lambda t: -torch.log(-torch.expm1(t)),
        activation=lambda v: -F.softplus(-v),
        penalty=F.softplus,
    ),
    "total_variation": FDivergence(
        f=lambda u: 0.5 * (u - 1).abs(),
        slope=lambda u: 0.5 * (u - 1).sign(),
        conjugate=lambda t: t,
        activation=lambda v: 0.5 * v.tanh(),
        penalty=lambda v: 0.5 * v.tanh(),
    ),
}
"""By name; `gan` is the only one with f(1) of not 0, but minus log 4."""
