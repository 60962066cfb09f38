"""The networks of RLA: a spatial LSTM at several scales, a decoder of two channels, what judges.

N images, C channels, H by W pixels, K identities.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.networks import dcgan
from egan.networks.blocks import Logits


class Restored(NamedTuple):
    """What a step makes: x̂ (N, C, H, W) in [-1, 1], and the logits of m (N, 1, H, W)."""

    images: Tensor
    mask: Tensor


def patches(images: Tensor, grid: int) -> Tensor:
    """Cut images (N, C, H, W) into grid x grid patches, row by row: (N, grid², C H W / grid²)."""
    count, channels, height, width = images.shape
    cut = images.reshape(count, channels, grid, height // grid, grid, width // grid)
    return cut.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)


class Encoder(nn.Module):
    """Images (N, C, H, W) -> codes (N, F): an LSTM for each scale reads patches, both ways.

    Args:
        shape: C, H and W.
        scales: How many grids of patches: 2x2, 4x4, 8x8 ...
        width: F, and units of each LSTM and direction.

    Raises:
        ValueError: The finest grid does not fit.
    """

    def __init__(self, shape: tuple[int, ...], *, scales: int, width: int) -> None:
        super().__init__()
        self.grids = [2**scale for scale in range(1, scales + 1)]
        if any(side % self.grids[-1] for side in shape[1:]):
            raise ValueError(
                f"--scales {scales} cuts images into {self.grids[-1]}x{self.grids[-1]} patches, so "
                f"their sides must be multiples of {self.grids[-1]}, but got samples of shape "
                f"{shape}. Give --data.image-size 32, or fewer scales."
            )
        numbers = shape[0] * shape[1] * shape[2]
        self.readers = nn.ModuleList(
            nn.LSTM(numbers // grid**2, width, batch_first=True, bidirectional=True)
            for grid in self.grids
        )
        self.joined = nn.Linear(2 * width * scales, width)

    def forward(self, images: Tensor) -> Tensor:
        """Read each grid; the last states of all are what is known."""
        last = []
        for grid, reader in zip(self.grids, self.readers, strict=True):
            _, (hidden, _) = reader(patches(images, grid))
            last.extend(hidden)  # one of each direction, (N, F)
        code: Tensor = torch.tanh(self.joined(torch.cat(last, dim=1)))
        return code


class Channel(nn.Module):
    """A channel of the decoder: an LSTM whose steps add to what the channel shows.

    Args:
        width: Units; of what it reads too, twice.
        size: Numbers that it shows.
    """

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.start = nn.Linear(width, 2 * width)
        self.cell = nn.LSTMCell(2 * width, width)
        self.show = nn.Linear(width, size)

    def begin(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """Return hidden state and cell (N, F) of a code."""
        hidden, cell = torch.tanh(self.start(code)).chunk(2, dim=1)
        return hidden, cell

    def forward(
        self, read: Tensor, state: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Take a step; return what is added (N, size), and the new state."""
        state = self.cell(read, state)
        return self.show(state[0]), state


class Autoencoder(nn.Module):
    """Hidden images (N, C, H, W) -> whole ones and masks, in T steps.

    Args:
        shape: C, H and W.
        scales: Grids of patches.
        width: Units of all LSTMs.
        num_steps: T.
    """

    def __init__(self, shape: tuple[int, ...], *, scales: int, width: int, num_steps: int) -> None:
        super().__init__()
        channels, height, across = shape
        self.num_steps = num_steps
        self.encoder = Encoder(shape, scales=scales, width=width)
        self.look = nn.Linear(channels * height * across, width)
        self.reconstruction = Channel(width, channels * height * across)
        self.occlusion = Channel(width, height * across)

    def steps(self, hidden: Tensor) -> list[Restored]:
        """Return what each step makes, the first one first.

        r_t = tanh Σ_{s≤t} R_s and m_t = σ(Σ_{s≤t} M_s), of what both channels add after a look at
        x̂_{t−1}; x̂_0 is what was given.
        """
        code = self.encoder(hidden)
        face, hides = self.reconstruction.begin(code), self.occlusion.begin(code)
        drawn, logits = torch.zeros_like(hidden), torch.zeros_like(hidden[:, :1])
        restored, made = hidden, []
        for _ in range(self.num_steps):
            read = torch.cat([code, F.relu(self.look(restored.flatten(1)))], dim=1)
            more, face = self.reconstruction(read, face)
            drawn = drawn + more.view_as(drawn)
            more, hides = self.occlusion(read, hides)
            logits = logits + more.view_as(logits)
            restored = torch.lerp(hidden, torch.tanh(drawn), torch.sigmoid(logits))
            made.append(Restored(restored, logits))
        return made

    def forward(self, hidden: Tensor) -> Tensor:
        """Return x̂_T and the logits of m_T as a last channel: (N, C + 1, H, W)."""
        return torch.cat(self.steps(hidden)[-1], dim=1)


class Discriminator(nn.Module):
    """Images (N, C, H, W) -> logits (N,) of true against restored; and of identities, (N, K).

    Each has a body of its own.

    Args:
        shape: C, H and H.
        width: Channels of the first layer of each body.
        num_classes: K.
    """

    def __init__(self, shape: tuple[int, ...], *, width: int, num_classes: int) -> None:
        super().__init__()
        bodies = [dcgan.trunk(shape, width=width) for _ in range(2)]
        self.truth = nn.Sequential(bodies[0], Logits(bodies[0].num_features))
        self.identity = nn.Sequential(bodies[1], nn.Linear(bodies[1].num_features, num_classes))

    def forward(self, images: Tensor) -> Tensor:
        """Map images to logits (N,)."""
        logits: Tensor = self.truth(images)
        return logits

    def identities(self, images: Tensor) -> Tensor:
        """Map images to logits of identities (N, K)."""
        logits: Tensor = self.identity(images)
        return logits
