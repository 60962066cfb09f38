"""PatchGAN: a discriminator whose logits are each of a patch of the image."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

SLOPE = 0.2
MAX_FACTOR = 8
KERNEL, PADDING = 4, 1


class PatchDiscriminator(nn.Module):
    """Images (N, C, H, W) -> a logit for each patch (N, H', W').

    Args:
        channels: C, those of the source included.
        width: Channels of the first layer.
        num_layers: Halvings; with 1, 2 or 3 a patch is 16, 34 or 70 pixels.
        affine: Whether instance norm has a scale and a shift for each channel.

    Isola et al. 2016, arXiv 1611.07004, appendix 6.1.
    """

    def __init__(self, channels: int, *, width: int, num_layers: int, affine: bool = True) -> None:
        super().__init__()
        widths = [width * min(2**level, MAX_FACTOR) for level in range(num_layers + 1)]
        # 256x256x6 -> 128x128x64 -> 64x64x128 -> 32x32x256 -> 31x31x512 -> 30x30x1, of 3 halvings
        layers: list[nn.Module] = []
        for level, (before, after) in enumerate(pairwise([channels, *widths])):
            stride = 2 if level < num_layers else 1
            layers.append(nn.Conv2d(before, after, KERNEL, stride, PADDING))
            layers.extend([nn.InstanceNorm2d(after, affine=affine)] if level else [])
            layers.append(nn.LeakyReLU(SLOPE))
        layers.append(nn.Conv2d(widths[-1], 1, KERNEL, 1, PADDING))
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        """Judge patches."""
        logits: Tensor = self.layers(images).squeeze(1)
        return logits
