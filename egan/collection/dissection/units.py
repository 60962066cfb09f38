"""Look into a generator: which of its units draw what, and what happens without them.

N samples, U units of a layer with maps of h x w, C classes, images of H x W. Bau et al. 2018, "GAN
dissection: visualizing and understanding generative adversarial networks", arXiv 1811.10597.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.data.dataset import Array
from egan.data.shapes import PALETTE
from egan.judging.attributes import NEAR, segment
from fitness.masks import information_quality_ratio, intersection_over_union

QUANTILES = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
QUICK = (0.995,)
"""Where thresholds may lie: at the most informative of several quantiles, or at the highest."""
NUM_RANKED = 20_000
SHARPNESS = 20.0
"""Slope of the smoothed segmentation, per unit of distance in colour."""

WEIGHTS = "parametrizations"
"""What is in the names of modules that return weights rather than maps."""

Edit = Callable[[Tensor], Tensor]
"""Changes a layer's maps (N, U, h, w)."""


class Layer(NamedTuple):
    """A layer whose maps are looked into: the module that returns them, and (U, h, w)."""

    module: nn.Module
    shape: tuple[int, ...]


def map_layers(networks: Iterable[nn.Module], sample: Callable[[], Tensor]) -> list[Layer]:
    """Return the last maps of each size on the way to a sample, the smallest first.

    Args:
        networks: What samples are made with.
        sample: Makes samples (N, C, H, W), in evaluation mode.
    """
    seen: list[Layer] = []

    def look(module: nn.Module, _: Any, output: Any) -> None:
        if isinstance(output, Tensor) and output.dim() == 4 and output.shape[2] > 1:
            seen.append(Layer(module, tuple(output.shape[1:])))

    modules = {m for one in networks for name, m in one.named_modules() if WEIGHTS not in name}
    hooks = [one.register_forward_hook(look) for one in modules]
    with torch.no_grad():
        image = tuple(sample().shape[1:])
    for hook in hooks:
        hook.remove()
    last: dict[int, Layer] = {}
    for layer in seen:
        size = layer.shape[1]
        if layer.shape != image and size >= max(last, default=0):  # others lie on side branches
            last[size] = layer
    return list(last.values())


@contextmanager
def watched(layer: Layer, edit: Edit | None = None) -> Iterator[list[Tensor]]:
    """Collect a layer's maps (N, U, h, w) for a while, and change them if asked to."""
    seen: list[Tensor] = []

    def look(_: nn.Module, __: Any, output: Tensor) -> Tensor | None:
        if tuple(output.shape[1:]) != layer.shape:
            return None
        seen.append(output)
        return output if edit is None else edit(output)

    hook = layer.module.register_forward_hook(look)
    try:
        yield seen
    finally:
        hook.remove()


def blended(choice: Tensor, level: Tensor | float, places: Tensor | float) -> Edit:
    """Return the edit α k + (1 − α) r at some places.

    Args:
        choice: α (U,), ones and zeros to take some units.
        level: k (U,), or 0 to ablate.
        places: 1 where it is done, (N, 1, h, w); or 1 for everywhere.
    """
    alpha = choice[:, None, None]
    value = level[:, None, None] if isinstance(level, Tensor) else level
    return lambda maps: maps + places * alpha * (value - maps)


def smooth_segmentation(images: Tensor, classes: list[int]) -> Tensor:
    """Return how near pixels are to colours: (N, 3, H, W) in [-1, 1] -> (N, C, H, W) in (0, 1).

    sigmoid(20 (0.35 − distance)), above ½ where `attributes.segment` may see the class.
    """
    palette = torch.tensor(PALETTE[classes], dtype=images.dtype, device=images.device)
    away = (images[:, None] + 1) / 2 - palette[:, :, None, None]
    return torch.sigmoid(SHARPNESS * (NEAR - (away.square().sum(dim=2) + 1e-6).sqrt()))


def masks_of(images: Tensor, classes: list[int]) -> Tensor:
    """Return where the classes are: (N, C, H, W) bool."""
    segments = torch.from_numpy(segment(images))
    return torch.stack([segments == 1 + one for one in classes], dim=1)


class Places(NamedTuple):
    """One place of each sample's map: ones there (N, 1, h, w), and which samples count (N,)."""

    where: Tensor
    counts: Tensor

    @classmethod
    def at(cls, index: Tensor, counts: Tensor, size: tuple[int, ...]) -> Places:
        """Return places by their index (N,) in the map."""
        where = F.one_hot(index, size[0] * size[1]).float()
        return cls(where.reshape(-1, 1, *size), counts)

    def mean(self, values: Tensor) -> Tensor:
        """Return the mean of values (N, H, W) there; of an image as many pixels as the place."""
        share = F.interpolate(self.where, values.shape[1:])[:, 0] * self.counts[:, None, None]
        share = share.to(values.device)
        return (values * share).sum() / share.sum().clamp(min=1.0)


def shares(masks: Tensor, size: tuple[int, ...]) -> Tensor:
    """Return how much of each place of a map a class has: (N, C, H, W) -> (N, C, h, w)."""
    return F.adaptive_avg_pool2d(masks.float(), size)  # type: ignore[arg-type]


def occupied(share: Tensor) -> Places:
    """Return where most of a class is, from shares (N, h, w); samples with any of it count."""
    most, index = share.flatten(1).max(dim=1)
    return Places.at(index, most > 0, share.shape[1:])


def candidates(share: Tensor, popularity: Tensor, rng: torch.Generator) -> Places:
    """Draw where a class may be, as often as it is there; samples that have none there count.

    Args:
        share: How much of each place has the class (N, h, w).
        popularity: How often each place is the one with most of it (h * w).
        rng: Of the draw, on the CPU.
    """
    index = torch.multinomial(popularity.cpu(), len(share), replacement=True, generator=rng)
    free = share.flatten(1).gather(1, index[:, None])[:, 0] == 0
    return Places.at(index, free, share.shape[1:])


def popularity(share: Tensor) -> Tensor:
    """Return how often each place has most of each class: (N, C, h, w) -> (C, h * w).

    With a tenth of the mean everywhere, so that no place is impossible.
    """
    most = [occupied(one) for one in share.unbind(1)]
    counted = torch.stack([at.where[at.counts].sum(dim=(0, 1)).flatten() for at in most])
    return counted + counted.mean(dim=1, keepdim=True).clamp(min=1e-3) / 10


class Dissected(NamedTuple):
    """How units and classes agree, (U, C) each: IoU, and the thresholds that give it."""

    iou: Tensor
    thresholds: Tensor


def dissect(maps: Tensor, masks: Tensor, *, quantiles: tuple[float, ...] = QUANTILES) -> Dissected:
    """Compare units, from maps (N, U, h, w), with classes, of masks (N, C, H, W) bool.

    IoU_u,c = |(r_u↑ > t) ∧ s_c| / |(r_u↑ > t) ∨ s_c| over the second half of the samples, with t
    the quantile of r_u↑ for which the first half's I(a; b) / H(a, b) is largest.
    """
    resized = F.interpolate(maps, masks.shape[2:], mode="bilinear")
    half = len(maps) // 2
    flat = resized[:half].transpose(0, 1).flatten(1)
    thinned = flat[:, :: max(1, flat.shape[1] // NUM_RANKED)]
    levels = torch.quantile(thinned, torch.tensor(quantiles), dim=1)
    merits, ious = [], []
    for level in levels:
        above = resized > level[:, None, None]
        merits.append(information_quality_ratio(_rows(above[:half]), _rows(masks[:half])))
        ious.append(intersection_over_union(_rows(above[half:]), _rows(masks[half:])))
    best = np.stack(merits).argmax(axis=0)[None]
    iou = np.take_along_axis(np.stack(ious), best, axis=0)[0]
    thresholds = levels[..., None].expand(-1, -1, masks.shape[1])
    chosen = thresholds.gather(0, torch.from_numpy(best))[0]
    return Dissected(torch.from_numpy(iou).float(), chosen)


def levels_where(maps: Tensor, masks: Tensor) -> Tensor:
    """Return k (C, U): the mean of each unit in maps (N, U, h, w) where each class is."""
    share = shares(masks, maps.shape[2:])
    total = torch.einsum("nchw,nuhw->cu", share, maps)
    return total / share.sum(dim=(0, 2, 3)).clamp(min=1e-9)[:, None]


def _rows(masks: Tensor) -> Array:
    """Return masks (N, C, H, W) as rows (C, N * H * W)."""
    return masks.transpose(0, 1).flatten(1).cpu().numpy()
