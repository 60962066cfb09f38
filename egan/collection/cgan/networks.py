"""CGAN's networks: convolutions that are told a class in one of three ways, and the paper's.

N samples, Z dimensions of the code, K classes.
"""

from __future__ import annotations

from math import prod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.networks.blocks import Logits, Trunk
from egan.networks.conditioning import ConditionalNorm, ProjectionHead, concatenate
from egan.networks.halvings import halvings
from egan.networks.maxout import Maxout

MAX_FACTOR = 8


class ConvGenerator(nn.Module):
    """Codes (N, Z) and conditions (N, K) -> images (N, C, H, W) in [-1, 1].

    A linear layer of both, then transposed convolutions of stride 2 after batch norm, which the
    condition scales and shifts where `conditional`.
    """

    def __init__(
        self, latent_dim: int, num_classes: int, shape: tuple[int, ...], *, width: int, cbn: bool
    ) -> None:
        super().__init__()
        self.base, times = halvings(shape)
        widths = [width * min(2**level, MAX_FACTOR) for level in range(times)][::-1]
        # z 32 + y 10 -> 4x4x128 -> 8x8x64 -> 16x16x32 -> 32x32x3; for digits 4x4x32 -> 8x8x1
        self.first = nn.Linear(latent_dim + num_classes, widths[0] * self.base**2)
        self.conditional = cbn
        self.norms, self.convolutions = nn.ModuleList(), nn.ModuleList()
        for before, after in zip(widths, [*widths[1:], shape[0]], strict=True):
            norm = ConditionalNorm(before, condition_dim=num_classes) if cbn else None
            self.norms.append(norm or nn.BatchNorm2d(before))
            self.convolutions.append(nn.ConvTranspose2d(before, after, 4, stride=2, padding=1))

    def forward(self, codes: Tensor, condition: Tensor) -> Tensor:
        """Map codes and conditions to images."""
        hidden = self.first(concatenate(codes, condition))
        hidden = hidden.reshape(len(hidden), -1, self.base, self.base)
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            normed = norm(hidden, condition) if self.conditional else norm(hidden)
            hidden = convolution(normed.relu())
        images: Tensor = hidden.tanh()
        return images


class ConcatDiscriminator(nn.Module):
    """Images (N, C, H, W) with a plane for each class -> logits (N,)."""

    def __init__(self, body: Trunk, num_classes: int) -> None:
        super().__init__()
        self.body = body
        self.head = Logits(body.num_features)
        self.num_classes = num_classes

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Map images and labels (N,) to logits (N,)."""
        planes = F.one_hot(labels, self.num_classes).float()
        logits: Tensor = self.head(self.body(concatenate(images, planes)))
        return logits


class ProjectionDiscriminator(nn.Module):
    """Images (N, C, H, W) -> features, whose product with the label's is added to their logit."""

    def __init__(self, body: Trunk, num_classes: int) -> None:
        super().__init__()
        self.body = body
        self.head = ProjectionHead(body.num_features, num_classes=num_classes)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Map images and labels (N,) to logits (N,)."""
        logits: Tensor = self.head(self.body(images), labels)
        return logits


class PaperGenerator(nn.Module):
    """The paper's: a sixth of the units see z, the others y; all meet in a joint layer.

    Dropout follows both hidden layers.
    """

    def __init__(
        self,
        latent_dim: int,
        num_classes: int,
        shape: tuple[int, ...],
        *,
        width: int,
        dropout: float,
    ) -> None:
        super().__init__()
        # z 100 -> 200 \
        #                 1200 -> 1200 -> 1x28x28
        # y 10 -> 1000 /
        part = max(1, width // 6)
        self.shape = shape
        self.codes = nn.Linear(latent_dim, part)
        self.condition = nn.Linear(num_classes, width - part)
        self.joint = nn.Linear(width, width)
        self.last = nn.Linear(width, prod(shape))
        self.dropout = nn.Dropout(dropout)

    def forward(self, codes: Tensor, condition: Tensor) -> Tensor:
        """Map codes (N, Z) and conditions (N, K) to samples (N, *shape)."""
        parts = self.codes(codes).relu(), self.condition(condition).relu()
        hidden = self.joint(self.dropout(torch.cat(parts, dim=1))).relu()
        samples: Tensor = self.last(self.dropout(hidden)).reshape(len(codes), *self.shape)
        return samples.tanh()


class PaperDiscriminator(nn.Module):
    """The paper's: maxout units with 5 pieces for x and for y, then joint ones with 4."""

    def __init__(
        self, num_classes: int, shape: tuple[int, ...], *, width: int, dropout: float
    ) -> None:
        super().__init__()
        # x 1x28x28 -> 240 [x 5] \
        #                          290 -> 240 [x 4] -> 1
        # y 10 ------> 50 [x 5] /
        part = max(1, width * 50 // 240)
        self.num_classes = num_classes
        self.samples = nn.Sequential(nn.Flatten(), nn.Linear(prod(shape), 5 * width), Maxout(5))
        self.labels = nn.Sequential(nn.Linear(num_classes, 5 * part), Maxout(5))
        self.joint = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(width + part, 4 * width),
            Maxout(4),
            nn.Dropout(dropout),
            nn.Linear(width, 1),
        )

    def forward(self, samples: Tensor, labels: Tensor) -> Tensor:
        """Map samples (N, *shape) and labels (N,) to logits (N,)."""
        condition = F.one_hot(labels, self.num_classes).float()
        hidden = torch.cat([self.samples(samples), self.labels(condition)], dim=1)
        logits: Tensor = self.joint(hidden).squeeze(1)
        return logits
