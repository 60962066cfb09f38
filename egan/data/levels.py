"""Images in levels of grey or of a colour, numbered from 0: what laws of single pixels are of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def quantised(images: Tensor, levels: int) -> Tensor:
    """Return the nearest of `levels` evenly spread levels of images in [-1, 1], int64."""
    return ((images + 1) / 2 * (levels - 1)).round().long().clamp(0, levels - 1)


def images_of(stored: Tensor, levels: int) -> Tensor:
    """Return images in [-1, 1] of levels from 0 to `levels` - 1, float32."""
    return stored.float() * (2 / (levels - 1)) - 1
