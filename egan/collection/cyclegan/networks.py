"""The networks of CycleGAN: a residual generator, and a discriminator that remembers images."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from egan.networks.patches import PatchDiscriminator

KERNEL, EDGE = 3, 7
CHANCE = 0.5


def _normed(channels: int) -> list[nn.Module]:
    return [nn.InstanceNorm2d(channels), nn.ReLU()]


def _padded(before: int, after: int, *, kernel: int) -> list[nn.Module]:
    """Return a convolution that keeps the size of a map, whose edges it mirrors."""
    return [nn.ReflectionPad2d(kernel // 2), nn.Conv2d(before, after, kernel)]


class ResidualBlock(nn.Module):
    """Maps (N, C, H, W) to h + f(h) of the same shape; nothing comes after the sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        first, second = (_padded(channels, channels, kernel=KERNEL) for _ in range(2))
        self.layers = nn.Sequential(
            *first, *_normed(channels), *second, nn.InstanceNorm2d(channels)
        )

    def forward(self, hidden: Tensor) -> Tensor:
        """Add what the layers find."""
        found: Tensor = self.layers(hidden)
        return hidden + found


class ResidualGenerator(nn.Module):
    """Images (N, C, H, W) -> images (N, C', H, W) in [-1, 1].

    Args:
        source: Channels, height and width of a source.
        channels: C'.
        width: Channels of the first layer.
        num_blocks: Residual blocks, at the lowest resolution.
        halvings: How often the image is halved before them, and doubled after.

    Raises:
        ValueError: The images are too small, or cannot be halved so often.

    Johnson et al. 2016, arXiv 1603.08155; Zhu et al. 2017, arXiv 1703.10593, appendix 7.2.
    """

    def __init__(
        self, source: tuple[int, ...], channels: int, *, width: int, num_blocks: int, halvings: int
    ) -> None:
        super().__init__()
        step = 2**halvings
        if len(source) != 3 or any(side % step or side < max(2 * step, 4) for side in source[1:]):
            raise ValueError(
                f"--halvings {halvings} takes images whose sides are multiples of {step}, and at "
                f"least {max(2 * step, 4)}, but got samples of shape {source}. Give "
                "--data.image-size 32, or fewer halvings."
            )
        widths = [width * 2**level for level in range(halvings + 1)]
        # 256x256x3 -> 256x256x64 -> 128x128x128 -> 64x64x256, blocks, and back
        layers = [*_padded(source[0], width, kernel=EDGE), *_normed(width)]
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, KERNEL, 2, 1), *_normed(after)]
        layers += [ResidualBlock(widths[-1]) for _ in range(num_blocks)]
        for before, after in pairwise(widths[::-1]):
            up = nn.ConvTranspose2d(before, after, KERNEL, 2, 1, output_padding=1)
            layers += [up, *_normed(after)]
        self.layers = nn.Sequential(*layers, *_padded(width, channels, kernel=EDGE), nn.Tanh())

    def forward(self, images: Tensor) -> Tensor:
        """Translate images."""
        made: Tensor = self.layers(images)
        return made


class History(nn.Module):
    """Images that a generator made before, with which a discriminator learns too.

    Args:
        capacity: How many; 0 for none.
        shape: Of an image.

    Attributes:
        images: (capacity, *shape), part of the model's state.
        count: How many there are.

    Shrivastava et al. 2016, arXiv 1612.07828; Zhu et al. 2017, arXiv 1703.10593, section 4.
    """

    images: Tensor
    count: Tensor

    def __init__(self, capacity: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("images", torch.zeros(capacity, *shape))
        self.register_buffer("count", torch.tensor(0))

    @torch.no_grad()
    def exchanged(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """Return images (N, *shape), half of them old ones in whose place the new ones are kept.

        While there is room, each is kept and returned.
        """
        capacity, count = len(self.images), int(self.count)
        if not capacity:
            return images
        old = (torch.rand(len(images), generator=rng) < CHANCE).tolist()
        places = torch.randint(capacity, (len(images),), generator=rng).tolist()
        returned = []
        for image, is_old, place in zip(images.detach(), old, places, strict=True):
            full = count == capacity
            returned.append(self.images[place].clone() if full and is_old else image)
            if is_old or not full:  # as it stands
                self.images[place if full else count] = image
            count = min(count + 1, capacity)
        self.count.fill_(count)
        return torch.stack(returned)


class RememberingDiscriminator(PatchDiscriminator):
    """A discriminator of patches, with the images that it learns from again.

    Args:
        shape: Of an image.
        width: Channels of the first layer.
        num_layers: Halvings.
        capacity: How many images are kept.

    Raises:
        ValueError: The images are too small for so many halvings.
    """

    def __init__(
        self, shape: tuple[int, ...], *, width: int, num_layers: int, capacity: int
    ) -> None:
        least = 3 * 2**num_layers  # a map that is normalised must have more than one pixel
        if min(shape[1:]) < least:
            raise ValueError(
                f"--patch-layers {num_layers} takes images of {least} pixels a side at least, but "
                f"got samples of shape {shape}. Give --data.image-size 32, or fewer patch layers."
            )
        super().__init__(shape[0], width=width, num_layers=num_layers, affine=False)
        self.history = History(capacity, shape)
