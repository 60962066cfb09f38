"""PPGN's recognisers: an encoder whose code a generator inverts, and what is plugged in.

N images, C H W their shape, F numbers in a code, K classes.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.networks import dcgan


class Encoder(nn.Module):
    """A classifier of images (N, C, H, W), whose last hidden layer is the code (N, F), at least 0.

    Units of the code are batch normed: about half of them are 0, the others half a normal law.

    Args:
        shape: C, H and W.
        width: Channels of the first layer; they double inwards.
        code_dim: F.
        num_classes: K.
    """

    def __init__(
        self, shape: tuple[int, ...], *, width: int, code_dim: int, num_classes: int
    ) -> None:
        super().__init__()
        trunk = dcgan.trunk(shape, width=width)
        self.early = trunk.layers[:2]  # a convolution of stride 2 and its LeakyReLU
        self.rest = trunk.layers[2:]
        self.hidden = nn.Linear(trunk.num_features, code_dim)
        self.norm = nn.BatchNorm1d(code_dim)
        self.head = nn.Linear(code_dim, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images to logits (N, K), by the batch's statistics in training."""
        hidden = self.hidden(self.rest(self.early(images)).flatten(1))
        logits: Tensor = self.head(torch.relu(self.norm(hidden)))
        return logits

    def features(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map images to early features (N, F') and codes (N, F), by kept statistics always."""
        early = self.early(images)
        hidden = self.hidden(self.rest(early).flatten(1))
        norm = self.norm
        normed = F.batch_norm(
            hidden, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps
        )
        return early.flatten(1), torch.relu(normed)

    def codes(self, images: Tensor) -> Tensor:
        """Map images to codes (N, F)."""
        return self.features(images)[1]


class Condition(nn.Module):
    """Images (N, C, H, W) -> logits of classes (N, K): a classifier of its own.

    Args:
        shape: C, H and W.
        width: Channels of the first layer; they double inwards.
        num_classes: K.
    """

    def __init__(self, shape: tuple[int, ...], *, width: int, num_classes: int) -> None:
        super().__init__()
        self.trunk = dcgan.trunk(shape, width=width)
        self.head = nn.Linear(self.trunk.num_features, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images to logits."""
        logits: Tensor = self.head(self.trunk(images))
        return logits
