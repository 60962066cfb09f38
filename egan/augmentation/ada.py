"""ADA (Karras et al. 2020, "Training generative adversarial networks with limited data").

arXiv 2006.06676, section 2 and appendix B. Each step is taken with probability p, in this order:

    flip                    left and right change sides, or not
    quarter turns           0 to 3 of them
    translation             by whole pixels, up to 1/8 of either side
    scale                   by 2^(n/5)
    rotation                by any angle, before and after the next step
    anisotropic scale       by 2^(n/5) in one direction, its inverse in the other
    translation             by n/8 of either side
    brightness              + n/5
    contrast                times 2^(n/2)
    luma flip               darkness and light change sides, or not
    hue                     turned by any angle, of colour images
    saturation              times 2^n, of colour images

with n ~ N(0, 1), which are the published settings "bgc". The rotations have a probability q each,
1 - (1 - q)^2 = p, so that there is one with p. Where p is not too near 1 no step leaks: a generator
cannot tell a change from the rest of the pictures that have none, and does not take it over.

p follows the paper's heuristic r_t = E[sign(D(x))] of real pictures: near 1 where D knows them by
heart. Every four batches p goes up where r_t is above the target .6, else down, so fast that it may
come from 0 to 1 in `kimg` thousands of pictures.

Unlike the authors' code, geometry is one bilinear resampling of the mirrored picture, without the
wavelet filters that keep it from aliasing, and p ends at the strength, 1 if nothing is said.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SHIFT = 0.125
SCALE, BRIGHTNESS, CONTRAST, SATURATION = 0.2, 0.2, 0.5, 1.0
LUMA = 1 / math.sqrt(3)
"""Each channel's part of the direction from black to white."""
BATCHES = 4
"""How many batches r_t is the mean of."""


@dataclass(frozen=True)
class Ada:
    """What was drawn for N images; call it with them.

    Attributes:
        geometry: Where a pixel comes from, (N, 3, 3) in pixels about the centre.
        moved: Which images have any geometry, (N,).
        colours: New colours from old, (N, 3, 3).
        shift: What is added to them, (N, 3).
        coloured: Which images have any change of colours, (N,).
    """

    geometry: Tensor
    moved: Tensor
    colours: Tensor
    shift: Tensor
    coloured: Tensor

    def __call__(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to images; those that no step is taken of stay as they are."""
        here = images.device
        warped = resampled(images, self.geometry.to(here))
        images = torch.where(self.moved.to(here).view(-1, 1, 1, 1), warped, images)
        changed = recoloured(images, self.colours.to(here), self.shift.to(here))
        return torch.where(self.coloured.to(here).view(-1, 1, 1, 1), changed, images)


def draw(shape: tuple[int, int, int, int], *, rng: torch.Generator, strength: float = 1.0) -> Ada:
    """Draw for images of a shape (N, C, H, W), each step with probability p, the strength."""
    count, channels, height, width = shape
    draws = _Draws(count, rng, strength)
    geometry, moved = _geometry(draws, height, width)
    colours, shift, coloured = _colours(draws, has_hue=channels == 3)
    return Ada(geometry, moved, colours, shift, coloured)


class _Draws:
    """Numbers for N images, and who takes a step; as many are drawn whatever p is.

    Attributes:
        taken: Who has taken a step so far, (N,).
    """

    def __init__(self, count: int, rng: torch.Generator, p: float) -> None:
        self.count, self.rng, self.p = count, rng, p
        self.taken = torch.zeros(count, dtype=torch.bool)

    def uniform(self, low: float, high: float, *, num: int = 1) -> Tensor:
        """Draw (num, N)."""
        return low + (high - low) * torch.rand(num, self.count, generator=self.rng)

    def normal(self, *, num: int = 1) -> Tensor:
        """Draw (num, N)."""
        return torch.randn(num, self.count, generator=self.rng)

    def gated(self, values: Tensor, neutral: float = 0.0, *, p: float | None = None) -> Tensor:
        """Return values (num, N) where the step is taken, else what changes nothing."""
        takes = torch.rand(self.count, generator=self.rng) < (self.p if p is None else p)
        self.taken = self.taken | takes
        return torch.where(takes, values, torch.full_like(values, neutral))

    def again(self) -> Tensor:
        """Return who has taken a step since it was asked last, (N,)."""
        taken, self.taken = self.taken, torch.zeros_like(self.taken)
        return taken


def _geometry(draws: _Draws, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Return where pixels come from, (N, 3, 3), and of which images, (N,)."""
    q = 1 - math.sqrt(max(0.0, 1 - draws.p))
    [flip] = draws.gated(draws.uniform(0, 2).floor())
    [turns] = draws.gated(draws.uniform(0, 4).floor())
    whole = draws.gated(draws.uniform(-SHIFT, SHIFT, num=2))
    [scale] = draws.gated(SCALE * draws.normal())
    [before] = draws.gated(draws.uniform(-math.pi, math.pi), p=q)
    [stretch] = draws.gated(SCALE * draws.normal())
    [after] = draws.gated(draws.uniform(-math.pi, math.pi), p=q)
    part = draws.gated(SHIFT * draws.normal(num=2))
    one = torch.ones_like(scale)
    steps = (
        scaling(1 - 2 * flip, one),
        rotation(turns * math.pi / 2),
        shifting((whole[0] * width).round(), (whole[1] * height).round()),
        scaling(2**-scale, 2**-scale),
        rotation(before),
        scaling(2**-stretch, 2**stretch),
        rotation(after),
        shifting(part[0] * width, part[1] * height),
    )
    geometry = steps[0]
    for step in steps[1:]:
        geometry = geometry @ step
    return geometry, draws.again()


def _colours(draws: _Draws, *, has_hue: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Return the new colours from old, (N, 3, 3) and (N, 3), and of which images, (N,)."""
    [bright] = draws.gated(BRIGHTNESS * draws.normal())
    [strong] = draws.gated(CONTRAST * draws.normal())
    [flip] = draws.gated(draws.uniform(0, 2).floor())
    shift = bright[:, None].expand(-1, 3)
    colours = (2**strong).view(-1, 1, 1) * torch.eye(3)
    shift = (2**strong)[:, None] * shift
    steps = [luma_flip(flip)]
    if has_hue:
        [angle] = draws.gated(draws.uniform(-math.pi, math.pi))
        [full] = draws.gated(SATURATION * draws.normal())
        steps += [hue(angle), saturation(2**full)]
    for step in steps:
        colours, shift = step @ colours, (step @ shift[:, :, None])[:, :, 0]
    return colours, shift, draws.again()


def shifting(right: Tensor, down: Tensor) -> Tensor:
    """Return where pixels come from if images move by (N,) pixels each, (N, 3, 3)."""
    zero, one = torch.zeros_like(right), torch.ones_like(right)
    return _rows([[one, zero, -right], [zero, one, -down], [zero, zero, one]])


def scaling(across: Tensor, along: Tensor) -> Tensor:
    """Return where pixels come from if distances between them are divided by (N,), (N, 3, 3)."""
    zero, one = torch.zeros_like(across), torch.ones_like(across)
    return _rows([[across, zero, zero], [zero, along, zero], [zero, zero, one]])


def rotation(angle: Tensor) -> Tensor:
    """Return where pixels come from if images turn by angles (N,), (N, 3, 3)."""
    zero, one, c, s = torch.zeros_like(angle), torch.ones_like(angle), angle.cos(), angle.sin()
    return _rows([[c, -s, zero], [s, c, zero], [zero, zero, one]])


def luma_flip(flip: Tensor) -> Tensor:
    """Return the mirror images of colours about mid grey's plane where `flip` (N,) is 1."""
    return torch.eye(3) - 2 * flip.view(-1, 1, 1) * _luma()


def hue(angle: Tensor) -> Tensor:
    """Return colours turned about the grey axis by angles (N,), (N, 3, 3)."""
    c, s = angle.cos().view(-1, 1, 1), angle.sin().view(-1, 1, 1)
    cross = LUMA * torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])
    return c * torch.eye(3) + s * cross + (1 - c) * _luma()


def saturation(factor: Tensor) -> Tensor:
    """Return colours with their distance from the grey axis times (N,), (N, 3, 3)."""
    return _luma() + factor.view(-1, 1, 1) * (torch.eye(3) - _luma())


def resampled(images: Tensor, geometry: Tensor) -> Tensor:
    """Take each pixel of images (N, C, H, W) from where (N, 3, 3) says, bilinearly.

    Beyond its edges an image is mirrored.
    """
    half = torch.tensor([images.shape[3] / 2, images.shape[2] / 2, 1.0], device=images.device)
    theta = (geometry * half / half[:, None])[:, :2].to(images)  # where edges are at -1 and 1
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(
        images, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )


def recoloured(images: Tensor, colours: Tensor, shift: Tensor) -> Tensor:
    """Map the colours of images (N, 3, H, W); of grey ones (N, 1, H, W) as of equal channels."""
    colours, shift = colours.to(images), shift.to(images)
    if images.shape[1] == 1:
        factor, added = colours.sum(dim=2).mean(dim=1), shift.mean(dim=1)
        return images * factor.view(-1, 1, 1, 1) + added.view(-1, 1, 1, 1)
    return (colours @ images.flatten(2) + shift[:, :, None]).view_as(images)


def _rows(rows: list[list[Tensor]]) -> Tensor:
    return torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)


def _luma() -> Tensor:
    return torch.full((3, 3), LUMA**2)


class Adaptive(nn.Module):
    """p of a run, and what was heard of real pictures since it moved; a part of the run's state.

    Attributes:
        p: The probability of each step, from 0 to 1.
        signs: The sum of sign(D(x)) over what was heard.
        heard: Over how many pictures.
    """

    p: Tensor
    signs: Tensor
    heard: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("p", torch.zeros(()))
        self.register_buffer("signs", torch.zeros(()))
        self.register_buffer("heard", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def hear(self, logits: Tensor) -> None:
        """Take note of D's logits (N,) of real pictures, augmented as D sees them."""
        self.signs += logits.sign().sum().to(self.signs)
        self.heard += len(logits)

    @torch.no_grad()
    def adapt(self, *, target: float, kimg: float, least: int) -> None:
        """Move p towards the r_t that is wanted, where `least` pictures were heard."""
        heard = int(self.heard)
        if heard < least or kimg == 0:
            return
        way = torch.sign(self.signs / heard - target)
        self.p.add_(way * heard / (1000 * kimg)).clamp_(0.0, 1.0)
        self.signs.zero_()
        self.heard.zero_()
