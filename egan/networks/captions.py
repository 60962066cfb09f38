"""Networks of captions: encoders of texts and of images, and a discriminator that is told a text.

N samples, T words of a caption, K numbers of its code φ, C H W images. `Reading` is what they need
to know of the settings, see `egan.config.captioned`.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from egan.data.dataset import Dataset
from egan.data.encodings import Encodings
from egan.networks import dcgan
from egan.networks.blocks import Logits, finished

SLOPE = 0.2
NOTHING = 0
"""The token that fills what is left of a caption."""


class Reading(Protocol):
    """The settings that these networks look at."""

    @property
    def discriminator_width(self) -> int:
        """Channels of the discriminator's first layer."""

    @property
    def norm(self) -> str:
        """Constraint on its weights."""

    @property
    def text(self) -> str:
        """The text encoder, of `TEXTS`."""

    @property
    def text_dim(self) -> int:
        """Numbers of a caption's code."""

    @property
    def condition_dim(self) -> int:
        """Numbers that players make of it."""


class Bag(nn.Module):
    """Captions (N, T) -> φ (N, K): the mean of their words' vectors, through a linear layer."""

    def __init__(self, vocabulary: int, dim: int) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, dim)
        self.last = nn.Linear(dim, dim)

    def forward(self, captions: Tensor) -> Tensor:
        """Encode captions."""
        there = (captions != NOTHING)[:, :, None].to(self.words.weight)
        mean = (self.words(captions) * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)
        code: Tensor = self.last(mean)
        return code


class Recurrent(nn.Module):
    """Captions (N, T) -> φ (N, K): what a GRU has made of the words after the last one."""

    def __init__(self, vocabulary: int, dim: int) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, dim)
        self.reader = nn.GRU(dim, dim, batch_first=True)
        self.last = nn.Linear(dim, dim)

    def forward(self, captions: Tensor) -> Tensor:
        """Encode captions."""
        states, _ = self.reader(self.words(captions))
        place = ((captions != NOTHING).sum(dim=1) - 1).clamp(min=0)
        read = states[torch.arange(len(captions), device=captions.device), place]
        code: Tensor = self.last(read)
        return code


class Given(nn.Module):
    """Captions (N, T) -> φ (N, K): a linear map of what an encoder of the user's makes of them."""

    def __init__(self, encodings: Encodings, dim: int) -> None:
        super().__init__()
        self.encodings = encodings
        self.last = nn.Linear(encodings.dim, dim)

    def forward(self, captions: Tensor) -> Tensor:
        """Encode captions."""
        code: Tensor = self.last(self.encodings.of(captions))
        return code


TEXTS = {"bag": Bag, "gru": Recurrent}


def text_encoder(s: Reading, data: Dataset) -> nn.Module:
    """Build φ: of words, or of the codes that captions have already."""
    if data.encodings is not None:
        return Given(data.encodings, s.text_dim)
    assert data.wording is not None
    return TEXTS[s.text](len(data.wording.words), s.text_dim)


class Eye(nn.Module):
    """Images (N, C, H, W) -> (N, K), to be near the φ of their captions."""

    def __init__(self, s: Reading, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.body = dcgan.trunk(shape, width=s.discriminator_width)
        self.last = nn.Linear(self.body.num_features, s.text_dim)

    def forward(self, images: Tensor) -> Tensor:
        """Encode images."""
        code: Tensor = self.last(self.body(images))
        return code


def compressed(s: Reading) -> nn.Sequential:
    """Build φ (N, K) -> (N, `condition_dim`)."""
    return nn.Sequential(nn.Linear(s.text_dim, s.condition_dim), nn.LeakyReLU(SLOPE))


def replicated(code: Tensor, maps: Tensor) -> Tensor:
    """Return maps (N, F, h, w) with a code (N, K) beside each of their places, (N, F + K, h, w)."""
    return torch.cat([maps, code[:, :, None, None].expand(-1, -1, *maps.shape[2:])], dim=1)


class Discriminator(nn.Module):
    """Images (N, C, H, W) and φ (N, K) -> logits (N,): real and of this caption, or not.

    64x64x3 -> 32x32x64 -> 16x16x128 -> 8x8x256 -> 4x4x512, at each place beside the compressed φ
    -> 1x1 convolution, 4x4x512 -> a logit
    """

    def __init__(self, s: Reading, shape: tuple[int, ...]) -> None:
        super().__init__()
        body = dcgan.trunk(shape, width=s.discriminator_width, norm=s.norm)
        channels, base = _outlet(body.layers, shape)
        self.body = body.layers
        self.condition = compressed(s)
        self.joint = nn.Sequential(
            nn.Conv2d(channels + s.condition_dim, channels, 1), nn.LeakyReLU(SLOPE)
        )
        self.head = Logits(channels * base**2)
        for part in (self.condition, self.joint, self.head):
            finished(part, norm=s.norm, init="default")

    def forward(self, images: Tensor, code: Tensor) -> Tensor:
        """Judge images beside one code each."""
        return self.judged(self.body(images), code)

    def judged(self, maps: Tensor, code: Tensor) -> Tensor:
        """Judge what the body makes of images (N, F, h, w), so that several codes may be asked."""
        logits: Tensor = self.head(self.joint(replicated(self.condition(code), maps)))
        return logits


def _outlet(body: nn.Sequential, shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the channels of the last maps, and their height."""
    convolutions = [one for one in body if isinstance(one, nn.Conv2d)]
    return convolutions[-1].out_channels, shape[1] >> len(convolutions)
