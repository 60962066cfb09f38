"""A Boltzmann machine's units in layers: energy, Gibbs sampling, mean field, and an estimate of Z.

Layers are N x units each, the visible one first. Those of even number do not touch each other, and
neither do those of odd number: given the one half, the other is independent, and can be summed out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

INITIAL_DEVIATION = 0.01
MOST_SUMMED = 14
"""Units of a half over whose 16,384 states a sum is taken."""


class Machine(nn.Module):
    """Binary units x_0 (visible), x_1 ..., each layer joined to the next by a matrix.

    E(x) = −Σ_l b_l · x_l − Σ_l x_l W_l x_{l+1}

    Args:
        sizes: Units of each layer: 64, 128 or 64, 128, 32.
        num_chains: Chains that go on; the layers of even number are kept of them.
    """

    def __init__(self, sizes: Sequence[int], *, num_chains: int) -> None:
        super().__init__()
        self.sizes = tuple(sizes)
        weights = [INITIAL_DEVIATION * torch.randn(a, b) for a, b in pairwise(sizes)]
        self.weights = nn.ParameterList(nn.Parameter(one) for one in weights)
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(size)) for size in sizes)
        for i in self.even:
            start = torch.full((num_chains, sizes[i]), 0.5).bernoulli()
            self.register_buffer(f"chains_{i}", start)

    @property
    def even(self) -> range:
        """The layers of even number: all that a round of Gibbs sampling starts from."""
        return range(0, len(self.sizes), 2)

    @property
    def odd(self) -> range:
        """The layers of odd number."""
        return range(1, len(self.sizes), 2)

    @property
    def chains(self) -> dict[int, Tensor]:
        """The layers of even number of the chains that go on."""
        return {i: self.get_buffer(f"chains_{i}") for i in self.even}

    def go_on(self, state: dict[int, Tensor]) -> None:
        """Keep where the chains are."""
        for i, layer in state.items():
            self.get_buffer(f"chains_{i}").copy_(layer)

    def field(self, layers: dict[int, Tensor], i: int) -> Tensor:
        """Return what the neighbours of layer i, and its biases, put on it: (N, units)."""
        total: Tensor = self.biases[i]
        if i > 0:
            total = total + layers[i - 1] @ self.weights[i - 1]
        if i < len(self.weights):
            total = total + layers[i + 1] @ self.weights[i].T
        return total

    def energy(self, layers: dict[int, Tensor]) -> Tensor:
        """Return E of all layers, of units or of their means, (N,)."""
        alone = [layers[i] @ bias for i, bias in enumerate(self.biases)]
        joint = [
            ((layers[i] @ weight) * layers[i + 1]).sum(dim=1)
            for i, weight in enumerate(self.weights)
        ]
        return -torch.stack(alone + joint).sum(dim=0)

    def means(self, layers: dict[int, Tensor], which: range) -> dict[int, Tensor]:
        """Return P(x_l = 1 | the other half) of each layer of a half."""
        return {i: self.field(layers, i).sigmoid() for i in which}

    def gibbs(
        self, even: dict[int, Tensor], *, rounds: int, rng: torch.Generator
    ) -> dict[int, Tensor]:
        """Take rounds of Gibbs sampling, each of the odd layers and then of the even ones."""
        for _ in range(rounds):
            even = bernoulli(self.means(self.drawn_odd(even, rng), self.even), rng)
        return even

    def drawn_odd(self, even: dict[int, Tensor], rng: torch.Generator) -> dict[int, Tensor]:
        """Draw the layers of odd number."""
        return bernoulli(self.means(even, self.odd), rng)

    def completed(self, even: dict[int, Tensor]) -> dict[int, Tensor]:
        """Return all layers, those of odd number as their means."""
        return {**even, **self.means(even, self.odd)}

    def mean_field(self, visible: Tensor, *, steps: int) -> dict[int, Tensor]:
        """Return all layers as means of the factorial q(h | v) that is nearest, v as it is (N, D).

        With one hidden layer that is P(h | v).
        """
        upper = self.even[1:]
        layers = {0: visible}
        for i in upper:
            layers[i] = torch.full_like(visible[:, :1], 0.5).expand(-1, self.sizes[i])
        for _ in range(steps if upper else 1):
            layers |= self.means(layers, self.odd)
            layers |= self.means(layers, upper)
        return layers

    def log_weight(self, visible: Tensor, *, steps: int) -> Tensor:
        """Return E_q[−E(v, h)] + H(q) of visible units (N, D): at most log p(v) + log Z, (N,)."""
        layers = self.mean_field(visible, steps=steps)
        hidden = torch.cat([layers[i] for i in range(1, len(self.sizes))], dim=1)
        return entropy(hidden).sum(dim=1) - self.energy(layers)

    def log_even(self, even: dict[int, Tensor], share: float, base: Tensor) -> Tensor:
        """Return log p + log Z of the even layers, at a share of the machine's energy, (N,).

        At a share of 0 units are independent: visible ones with biases `base` (D,), others fair.
        """
        kept = share * torch.stack([even[i] @ self.biases[i] for i in self.even]).sum(dim=0)
        summed = [F.softplus(share * self.field(even, i)).sum(dim=1) for i in self.odd]
        return kept + (1 - share) * (even[0] @ base) + torch.stack(summed).sum(dim=0)

    def exact_log_partition(self) -> Tensor | None:
        """Return log Z, summed over one half, the other summed out; None where both are large."""
        half, other = sorted((self.even, self.odd), key=self._units)
        if self._units(half) > MOST_SUMMED:
            return None
        codes = torch.arange(2 ** self._units(half), device=self.biases[0].device)
        bits = codes[:, None] >> torch.arange(self._units(half), device=codes.device) & 1
        wide = bits.to(self.biases[0].dtype)
        parts = torch.split(wide, [self.sizes[i] for i in half], dim=1)
        layers = dict(zip(half, parts, strict=True))
        kept = torch.stack([layers[i] @ self.biases[i] for i in half]).sum(dim=0)
        summed = [F.softplus(self.field(layers, i)).sum(dim=1) for i in other]
        return (kept + torch.stack(summed).sum(dim=0)).logsumexp(dim=0)

    def _units(self, half: range) -> int:
        return sum(self.sizes[i] for i in half)

    def log_partition(
        self, base: Tensor, *, temperatures: int, num: int, rng: torch.Generator
    ) -> Tensor:
        """Estimate log Z by annealed importance sampling of `num` chains.

        Args:
            base: Biases (D,) of the visible units at the start, such as those of the data's means.
            temperatures: Steps from independent units to the machine.
            num: Chains.
            rng: The stream of their draws.
        """
        fair = {i: base.new_zeros(num, self.sizes[i]) for i in self.even}
        even = bernoulli(
            {i: (one + (base if i == 0 else 0)).sigmoid() for i, one in fair.items()}, rng
        )
        total = base.new_zeros(num)
        for k in range(1, temperatures + 1):
            before, share = (k - 1) / temperatures, k / temperatures
            total = total + self.log_even(even, share, base) - self.log_even(even, before, base)
            even = self._annealed(even, share, base, rng)
        others = sum(self.sizes[1:]) * math.log(2)
        return total.logsumexp(dim=0) - math.log(num) + F.softplus(base).sum() + others

    def _annealed(
        self, even: dict[int, Tensor], share: float, base: Tensor, rng: torch.Generator
    ) -> dict[int, Tensor]:
        odd = bernoulli({i: (share * self.field(even, i)).sigmoid() for i in self.odd}, rng)
        fields = {i: share * self.field(odd, i) for i in self.even}
        fields[0] = fields[0] + (1 - share) * base
        return bernoulli({i: field.sigmoid() for i, field in fields.items()}, rng)


def bernoulli(means: dict[int, Tensor], rng: torch.Generator) -> dict[int, Tensor]:
    """Draw units of layers with some means, in the order of the layers, on the CPU."""
    return {
        i: (torch.rand(one.shape, generator=rng).to(one.device) < one).to(one.dtype)
        for i, one in means.items()
    }


def entropy(means: Tensor) -> Tensor:
    """Return the entropy of independent units with some means, in nats, of the same shape."""
    return -torch.xlogy(means, means) - torch.xlogy(1 - means, 1 - means)
