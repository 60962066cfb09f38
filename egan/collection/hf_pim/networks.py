"""The networks of HF-PIM: a field, a texture and what warps it, and a dictionary of residuals."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.networks.hourglass import SLOPE, Hourglass

FAR = 2.0
"""Where coordinates end: beyond 1 a texture goes on as at its edge."""
SEEN_FROM = 0.1
"""The weight of pixels from which a texture's point counts as seen."""


class Made(NamedTuple):
    """What is made of N sources.

    Attributes:
        images: (N, C, R, R) frontal views ŷ.
        field: (N, 2, R, R) u and v of each of their pixels.
        mask: (N, 1, R, R) logits, whether each shows the face.
        texture: (N, C, R, R) in [-1, 1], rows by v and columns by u, both from -1 to 1.
    """

    images: Tensor
    field: Tensor
    mask: Tensor
    texture: Tensor


class Frontaliser(nn.Module):
    """Views (N, C, R, R) -> frontal ones, with their fields and textures.

    Args:
        shape: C, R and R.
        field_width: Channels of the first layer of the field net.
        width: Channels of the first layer of the texture net.
        bottleneck: Numbers that each net encodes a view in.
        background: Whether there is a net for what is not the face; else it is black.

    Raises:
        ValueError: The images cannot be halved down to 4x4 or 7x7 pixels.
    """

    straight: Tensor

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        field_width: int,
        width: int,
        bottleneck: int,
        background: bool,
    ) -> None:
        super().__init__()
        channels, size = shape[0], shape[-1]
        self.field_net = Hourglass(shape, 3, width=field_width, bottleneck=bottleneck)
        self.texture_net = Hourglass(shape, channels, width=width, bottleneck=bottleneck)
        self.background_net = (
            nn.Sequential(
                nn.Conv2d(channels + 1, width, 3, 1, 1),
                nn.LeakyReLU(SLOPE),
                nn.Conv2d(width, channels, 3, 1, 1),
                nn.Tanh(),
            )
            if background
            else None
        )
        middle = (torch.arange(size) + 0.5) * (2.0 / size) - 1.0
        across, down = torch.meshgrid(middle, -middle, indexing="xy")
        self.register_buffer("straight", torch.stack([across, down]), persistent=False)

    def field(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Return F̂ (N, 2, R, R), from the plane's on, and logits of the mask M̂ (N, 1, R, R)."""
        found = self.field_net(source)
        return self.straight + found[:, :2], found[:, 2:]

    def forward(self, source: Tensor, *, frozen: bool = False) -> Made:
        """Turn views to the front; `frozen` leaves the field net without a gradient."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not frozen):
            field, logits = self.field(source)
        mask = logits.sigmoid()
        # upright as the view, so that skip links lead to what they show; a texture has v upwards
        texture = torch.tanh(self.texture_net(source)).flip(2)
        beside: Tensor | float = -1.0
        if self.background_net is not None:
            beside = self.background_net(torch.cat([source, mask], dim=1))
        images = mask * warped(texture, field) + (1 - mask) * beside
        return Made(images, field, logits, texture)


def warped(texture: Tensor, field: Tensor) -> Tensor:
    """Return images ŷ(p) = T(F(p)), between the texture's points; differentiable in both.

    Args:
        texture: (N, C, S, S), rows by v and columns by u, both from -1 to 1.
        field: (N, 2, H, W) u and v.
    """
    # torch's backward pass reads outside its memory at coordinates that are no numbers
    places = field.nan_to_num().clamp(-FAR, FAR).permute(0, 2, 3, 1)
    return F.grid_sample(
        texture, places, mode="bilinear", padding_mode="border", align_corners=False
    )


def lifted(images: Tensor, field: Tensor, mask: Tensor, *, size: int) -> tuple[Tensor, Tensor]:
    """Return the texture that images show, 0 where they do not, and where they do.

    Every pixel of the face is laid on the four points around its place, by its nearness to each;
    a point has the weighted mean. Nothing of it has a gradient.

    Args:
        images: (N, C, H, W).
        field: (N, 2, H, W) u and v of their pixels.
        mask: (N, 1, H, W) in [0, 1], whether they show the face.
        size: S.

    Returns:
        Textures (N, C, S, S), and 1 where a point is seen, (N, 1, S, S).
    """
    with torch.no_grad():
        place = (field.nan_to_num().flatten(2) + 1) * (size / 2) - 0.5
        place = place.clamp(0, size - 1.001)
        before = place.floor()
        away = place - before
        column, row = before.long().unbind(1)
        values = torch.cat([images, torch.ones_like(mask)], dim=1).flatten(2)
        laid = values.new_zeros(*values.shape[:2], size * size)
        for right in (0, 1):
            for below in (0, 1):
                nearness = (away[:, 0] if right else 1 - away[:, 0]) * (
                    away[:, 1] if below else 1 - away[:, 1]
                )
                where = ((row + below) * size + column + right)[:, None].expand_as(values)
                laid.scatter_add_(2, where, values * (nearness[:, None] * mask.flatten(2)))
        laid = laid.view(*laid.shape[:2], size, size)
        weight = laid[:, -1:]
        seen = (weight > SEEN_FROM).to(weight.dtype)
        return seen * laid[:, :-1] / weight.clamp(min=SEEN_FROM), seen


class Dictionary(nn.Module):
    """Textures (N, C, S, S) and what of them is seen (N, 1, S, S) -> their residuals, and logits.

    An encoder gives a feature e_n at each of some positions; a_k, pooled over them, are what is
    left of features beside the codewords d_k that they are assigned to, see `pooled`.

    Args:
        channels: C.
        width: Channels of the encoder's first layer, and half a codeword's numbers.
        codewords: K.
        sharpness: The scales s_k to begin with.
    """

    def __init__(self, channels: int, *, width: int, codewords: int, sharpness: float) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(channels + 1, width, 4, 2, 1),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(width, 2 * width, 4, 2, 1),
        )
        self.codewords = nn.Parameter(torch.randn(codewords, 2 * width) / (2 * width) ** 0.5)
        self.log_scales = nn.Parameter(torch.full((codewords,), sharpness).log())
        self.logit = nn.Linear(codewords * 2 * width, 1)

    def forward(self, textures: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Return encodings a (N, K * E), of length 1, and logits (N,)."""
        features = self.encoder(torch.cat([textures * seen, seen], dim=1)).flatten(2).mT
        encoding = pooled(features, self.codewords, self.log_scales.exp())
        return encoding, self.logit(encoding).squeeze(1)


def pooled(features: Tensor, codewords: Tensor, scales: Tensor) -> Tensor:
    """Pool the residuals r_nk = e_n − d_k: a_k = Σ_n w_nk r_nk, of length 1 together, no order.

    w_nk = exp(−s_k |r_nk|²) / Σ_j exp(−s_j |r_nj|²).

    Args:
        features: e (N, P, E) of P positions.
        codewords: d (K, E).
        scales: s (K,).

    Returns:
        (N, K * E). Zhang et al. 2017, "Deep TEN", arXiv 1612.02844.
    """
    # multiplied out, so that residuals (N, P, K, E) are never held: |r|² = |e|² − 2 e·d + |d|²
    squared = features.square().sum(dim=2, keepdim=True) + codewords.square().sum(dim=1)
    squared = squared - 2 * features @ codewords.T
    weights = (-scales * squared).softmax(dim=2)
    left = weights.mT @ features - weights.sum(dim=1)[:, :, None] * codewords
    return F.normalize(left.flatten(1), dim=1)
