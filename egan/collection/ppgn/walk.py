"""The walk over codes that PPGN samples by; it knows no network, only what it is handed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

HIGHEST = 30.0
"""Codes lie between 0 and this, as in the authors' script."""

Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class Walk:
    """h <- h + ε₁ (E(G(h)) − h) + ∂ drive(G(h)) / ∂h + N(0, ε₃²), codes h (N, F).

    Attributes:
        make: G, from codes (N, F) to images (N, C, H, W).
        encode: E, from images to codes.
        drive: What is climbed: of images, (N,), weighted already.
        prior: ε₁.
        noise: ε₃.
        step_size: The mean absolute length of each step; 0 for that of its terms.

    Nguyen et al. 2016, arXiv 1612.00005, section 2.
    """

    make: Function
    encode: Function
    drive: Function
    prior: float
    noise: float
    step_size: float = 0.0

    def step(self, codes: Tensor, rng: torch.Generator) -> Tensor:
        """Take a step; its noise is drawn on the CPU."""
        with torch.enable_grad():
            leaf = codes.detach().requires_grad_()
            images = self.make(leaf)
            [climb] = torch.autograd.grad(self.drive(images).sum(), leaf)
        with torch.no_grad():
            drawn = torch.randn(codes.shape, generator=rng).to(codes)
            back = self.encode(images.detach()) - codes
            change = self.prior * back + climb + self.noise * drawn
            if self.step_size:
                mean = change.abs().mean(dim=1, keepdim=True)
                change = change * (self.step_size / mean.clamp_min(1e-20))
            return (codes + change).clamp(0.0, HIGHEST)

    def steps(self, start: Tensor, rng: torch.Generator, *, count: int) -> Iterator[Tensor]:
        """Yield the start, and codes (N, F) after each of `count` steps."""
        codes = start
        yield codes
        for _ in range(count):
            codes = self.step(codes, rng)
            yield codes

    def end(self, start: Tensor, rng: torch.Generator, *, count: int) -> Tensor:
        """Return the codes (N, F) after `count` steps."""
        codes = start
        for _ in range(count):
            codes = self.step(codes, rng)
        return codes


def started(count: int, code_dim: int, rng: torch.Generator) -> Tensor:
    """Draw where walks begin (count, code_dim): N(0, 1), and 0 in the place of what is below."""
    return torch.randn(count, code_dim, generator=rng).clamp_min(0.0)
