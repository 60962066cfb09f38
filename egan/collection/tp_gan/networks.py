"""The generator of TP-GAN: a global pathway, four local ones, and where their patches are."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.collection.tp_gan.pathways import GlobalPathway, LocalPathway
from egan.networks.halvings import halvings
from egan.networks.landmarks import LandmarkReader
from egan.networks.patches import PatchDiscriminator

NUM_LANDMARKS = 5
ORDER = [1, 0, 2, 4, 3]
"""Which landmark each one is in a mirror."""
UNITS = 16
PATCHES = ((5, 5), (5, 5), (4, 5), (4, 6))
"""Height and width of both eyes', the nose's and the mouth's patch, in sixteenths of the image."""


class Made(NamedTuple):
    """What is made of views (N, C, H, W); all but `images` is as the mirrored source has it.

    Attributes:
        images: (N, C, H, W) frontal views in [-1, 1].
        half: (N, C, H / 2, W / 2) the same, by an output of its own.
        quarter: (N, C, H / 4, W / 4) the same.
        patches: (N, P) the pixels of the local pathways' patches, see `pixels_of`.
        persons: (N, K) logits of the persons that were learned from, of the identity code.
        mirrored: (N,) bool, whether the source was mirrored, for the nose to point to the right.
    """

    images: Tensor
    half: Tensor
    quarter: Tensor
    patches: Tensor
    persons: Tensor
    mirrored: Tensor


class Box(NamedTuple):
    """A rectangle of pixels."""

    top: int
    left: int
    height: int
    width: int


class TwoPathways(nn.Module):
    """Views (N, C, H, W) and noise (N, Z) -> frontal views and what goes with them, see `Made`.

    Args:
        shape: C, H and W.
        reader: What reads five landmarks off views: both eyes, the nose, both corners of the mouth.
        num_persons: K.
        latent_dim: Z.
        code_dim: Numbers of the identity code.
        width: Channels of the first layers.
        local: Whether there are local pathways.

    Raises:
        ValueError: The images are not squares of 16 pixels, doubled, or 5, 6 or 7 times as many.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        reader: LandmarkReader,
        *,
        num_persons: int,
        latent_dim: int,
        code_dim: int,
        width: int,
        local: bool,
    ) -> None:
        super().__init__()
        self.reader, self.size = reader, shape[-1]
        self.unit, halved = divided(shape)
        self.whole = GlobalPathway(
            shape, latent_dim=latent_dim, code_dim=code_dim, width=width, beside=width * local
        )
        self.parts = nn.ModuleList(
            LocalPathway(shape[0], halved=halved, width=width) for _ in range(len(PATCHES) * local)
        )
        self.persons = nn.Linear(code_dim, num_persons)

    def forward(self, source: Tensor, noise: Tensor) -> Made:
        """Turn views to the front."""
        landmarks = self.reader(source)
        aside = points_left(landmarks)
        source, landmarks = mirrored(source, aside), mirrored_landmarks(landmarks, aside)
        features, patches = self._local(source, landmarks)
        code, images, half, quarter = self.whole(source, noise, features)
        return Made(mirrored(images, aside), half, quarter, patches, self.persons(code), aside)

    def _local(self, source: Tensor, landmarks: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (N, width, H, W) of all patches in their places, and the patches."""
        placed, made = [], [source[:, :0].flatten(1)]
        centres = middles(landmarks).unbind(1)
        for part, box, centre in zip(self.parts, self.boxes, centres, strict=False):
            features, patch = part(cut(source, centre, box))
            right, below = self.size - box.left - box.width, self.size - box.top - box.height
            placed.append(F.pad(features, (box.left, right, box.top, below)))
            made.append(patch.flatten(1))
        merged = torch.stack(placed).amax(dim=0) if placed else source[:, :0]
        return merged, torch.cat(made, dim=1)

    @property
    def boxes(self) -> list[Box]:
        """Where patches are on a frontal view: around the mean head's landmarks."""
        ahead = middles(self.reader.of_yaw(torch.zeros(1)))[0].tolist()
        boxes = []
        for (x, y), sides in zip(ahead, PATCHES, strict=True):
            height, width = (self.unit * side for side in sides)
            top, left = (
                min(max(round((at + 1) * self.size / 2 - side / 2), 0), self.size - side)
                for at, side in ((y, height), (x, width))
            )
            boxes.append(Box(top, left, height, width))
        return boxes

    def pixels_of(self, images: Tensor) -> Tensor:
        """Return the pixels (N, P) that frontal views (N, C, H, W) have where the patches are."""
        found = [images[:, :0].flatten(1)]
        for box, _ in zip(self.boxes, self.parts, strict=False):
            across = images[..., box.left : box.left + box.width]
            found.append(across[:, :, box.top : box.top + box.height].flatten(1))
        return torch.cat(found, dim=1)


def discriminator(shape: tuple[int, ...], *, width: int) -> PatchDiscriminator:
    """Return D: images (N, C, H, W) -> logits of 2x2 patches, of 112 pixels and the like more."""
    return PatchDiscriminator(shape[0], width=width, num_layers=halvings(shape)[1])


def divided(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return a sixteenth of the images' size, and how often it can be halved.

    Raises:
        ValueError: It is no whole number.
    """
    unit, rest = divmod(shape[-1], UNITS)
    if rest or not unit:
        raise ValueError(
            f"patches around landmarks are measured in sixteenths of the image, but got samples of "
            f"shape {shape}. Give --data.image-size 32."
        )
    return unit, (unit & -unit).bit_length() - 1


def middles(landmarks: Tensor) -> Tensor:
    """Return the middles (N, 4, 2) of both eyes, nose and mouth of landmarks (N, 5, 2)."""
    return torch.cat([landmarks[:, :3], landmarks[:, 3:].mean(dim=1, keepdim=True)], dim=1)


def points_left(landmarks: Tensor) -> Tensor:
    """Return whether the nose is to the left of the middle of the eyes: (N, 5, 2) -> (N,)."""
    return landmarks[:, 2, 0] < landmarks[:, :2, 0].mean(dim=1)


def mirrored(images: Tensor, which: Tensor) -> Tensor:
    """Return images (N, C, H, W), those mirrored for which (N,) is true."""
    return torch.where(which[:, None, None, None], images.flip(3), images)


def mirrored_landmarks(landmarks: Tensor, which: Tensor) -> Tensor:
    """Return landmarks (N, 5, 2) of images that are mirrored for which (N,) is true."""
    other = landmarks[:, ORDER] * landmarks.new_tensor([-1.0, 1.0])
    return torch.where(which[:, None, None], other, landmarks)


def cut(images: Tensor, centres: Tensor, box: Box) -> Tensor:
    """Return patches (N, C, h, w) of images (N, C, H, W) around centres (N, 2) in [-1, 1].

    They have the height and width of a box; beyond the border the images go on as they end.
    """
    step = 2.0 / images.shape[-1]
    down, across = (
        (torch.arange(side, device=images.device) - (side - 1) / 2) * step
        for side in (box.height, box.width)
    )
    shape = len(images), box.height, box.width
    x = (centres[:, None, None, 0] + across).expand(shape)
    y = (centres[:, None, None, 1] + down[:, None]).expand(shape)
    grid = torch.stack([x, y], dim=3)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)
