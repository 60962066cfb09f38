"""The networks of SimGAN: a refiner that keeps the size, patches that are judged, a pool."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from egan.networks.blocks import Logits


class Block(nn.Module):
    """x -> ReLU(x + conv3(ReLU(conv3(x)))), maps (N, C, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
        )

    def forward(self, hidden: Tensor) -> Tensor:
        """Add what the layers make of it."""
        return torch.relu(hidden + self.layers(hidden))


class Refiner(nn.Module):
    """Images (N, C, H, W) in [-1, 1] -> as many of the same size.

    Args:
        channels: C.
        width: Channels of the maps.
        blocks: How many residual blocks.
    """

    def __init__(self, channels: int, *, width: int, blocks: int) -> None:
        super().__init__()
        # 55x35x1 -> 55x35x64, 4 blocks of it -> 55x35x1
        self.layers = nn.Sequential(
            *(nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()),
            *(Block(width) for _ in range(blocks)),
            *(nn.Conv2d(width, channels, 1), nn.Tanh()),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Refine images."""
        refined: Tensor = self.layers(images)
        return refined


class Pool(nn.Module):
    """Refined images of before, part of the state of the discriminator that learns from them.

    Args:
        capacity: How many; 0 for none.
        shape: Of an image.

    Attributes:
        images: (capacity, *shape).
        count: How many there are.

    Shrivastava et al. 2016, arXiv 1612.07828, section 2.3.
    """

    images: Tensor
    count: Tensor

    def __init__(self, capacity: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("images", torch.zeros(capacity, *shape))
        self.register_buffer("count", torch.tensor(0))

    @torch.no_grad()
    def mixed(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """Return images (N, *shape) whose second half is of before, and keep some of them.

        While there is room all are kept, and none is of before that is not there. Afterwards a half
        of them takes places that are drawn.
        """
        capacity, count, half = len(self.images), int(self.count), len(images) // 2
        if not capacity or not half:
            return images
        images = images.detach()
        mixed = images
        if count >= half:
            old = self.images[torch.randint(count, (half,), generator=rng)]
            mixed = torch.cat([images[: len(images) - half], old])
        self._keep(images, half, rng)
        return mixed

    def _keep(self, images: Tensor, half: int, rng: torch.Generator) -> None:
        capacity, count = len(self.images), int(self.count)
        room = min(capacity - count, len(images))
        self.images[count : count + room] = images[:room]
        self.count.fill_(count + room)
        if room == 0:
            kept = min(half, capacity)
            self.images[torch.randperm(capacity, generator=rng)[:kept]] = images[:kept]


class Discriminator(nn.Module):
    """Images (N, C, H, H) -> logits of their patches (N, P), or of each as a whole (N, 1).

    Args:
        shape: C, H and H.
        width: Channels of the maps.
        halvings: How many strided convolutions there are.
        local: Whether patches are judged.
        pool: How many refined images are kept.

    Raises:
        ValueError: The images are too small.
    """

    def __init__(
        self, shape: tuple[int, ...], *, width: int, halvings: int, local: bool, pool: int
    ) -> None:
        super().__init__()
        if shape[1] % 2**halvings or shape[2] % 2**halvings:
            raise ValueError(
                f"--halvings {halvings} takes images whose sides are multiples of {2**halvings}, "
                f"but got samples of shape {shape}. Give fewer halvings, or --data.image-size 32."
            )
        # 8x8x1 -> 4x4x32 -> 4x4x32 -> 4x4x1
        channels, layers = shape[0], []
        for _ in range(halvings):
            layers += [nn.Conv2d(channels, width, 3, 2, padding=1), nn.LeakyReLU(0.2)]
            channels = width
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers)
        places = num_places(shape, halvings)
        head = [nn.Conv2d(width, 1, 1), nn.Flatten()]
        self.head = nn.Sequential(*head) if local else nn.Sequential(Logits(width * places))
        self.pool = Pool(pool, shape)

    def forward(self, images: Tensor) -> Tensor:
        """Judge patches."""
        logits: Tensor = self.head(self.layers(images)).reshape(len(images), -1)
        return logits


def num_places(shape: tuple[int, ...], halvings: int) -> int:
    """Return how many patches of images (C, H, W) are judged."""
    return (shape[1] >> halvings) * (shape[2] >> halvings)
