"""PixelCNN's networks: convolutions and LSTMs that do not see a pixel, nor what comes after it.

Features belong to colours, so that green is told red, and blue both: N x F x H x W, the F features
in as many parts as an image has channels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from egan.collection.pixelcnn import PixelCnnSettings

FIRST_KERNEL = 7


def colours(count: int, channels: int, *, gates: int = 1) -> Tensor:
    """Return the channel that each of `count` features belongs to, (count,).

    Args:
        count: Features, of all gates together.
        channels: Of the images.
        gates: How many times the features come one after another, each time all of them.
    """
    each = count // gates
    return (torch.arange(each) * channels // each).repeat(gates)


class Masked(nn.Conv2d):
    """A convolution that sees rows above, what is left of the centre, and of it what is told.

    Args:
        before: The channel that each input feature belongs to, see `colours`.
        after: The channel that each output feature belongs to.
        kernel: Height and width, odd numbers.
        mask: Whether the channel itself stays unseen at the centre (A), or is seen (B).
    """

    def __init__(
        self,
        before: Tensor,
        after: Tensor,
        kernel: tuple[int, int] = (1, 1),
        *,
        mask: Literal["A", "B"] = "B",
    ) -> None:
        height, width = kernel
        super().__init__(len(before), len(after), kernel, padding=(height // 2, width // 2))
        seen = torch.zeros(len(after), len(before), *kernel)
        seen[:, :, : height // 2] = 1
        seen[:, :, height // 2, : width // 2] = 1
        told = after[:, None] > before if mask == "A" else after[:, None] >= before
        seen[:, :, height // 2, width // 2] = told.float()
        self.register_buffer("seen", seen, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Map features (N, F, H, W)."""
        seen: Tensor = self.get_buffer("seen")
        return F.conv2d(features, self.weight * seen, self.bias, padding=self.padding)


class Plain(nn.Module):
    """x + W(ReLU(W_3x3(ReLU(W(ReLU(x)))))), 2h -> h -> h -> 2h features."""

    def __init__(self, width: int, channels: int, *, kernel: int, dropout: float) -> None:
        super().__init__()
        wide, narrow = colours(2 * width, channels), colours(width, channels)
        self.body = nn.Sequential(
            *(nn.ReLU(), Masked(wide, narrow)),
            *(nn.ReLU(), Masked(narrow, narrow, (kernel, kernel))),
            *(nn.ReLU(), nn.Dropout(dropout), Masked(narrow, wide)),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Map features (N, 2h, H, W)."""
        changed: Tensor = self.body(features)
        return features + changed


class Gated(nn.Module):
    """Two stacks: v sees whole rows up to its own, h the row itself, and v of the row above.

    Args:
        before: The channel of each input feature, of either stack.
        width: Features of either stack.
        channels: Of the images.
        kernel: Height and width of what is seen, an odd number.
        mask: A for the first layer, which leaves the pixel out and adds nothing to its input.
        dropout: Share of features of h that is left out.
    """

    def __init__(
        self,
        before: Tensor,
        width: int,
        channels: int,
        *,
        kernel: int,
        mask: Literal["A", "B"] = "B",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.reach, self.is_first = kernel // 2, mask == "A"
        gates = colours(2 * width, channels, gates=2)
        self.rows = nn.Conv2d(len(before), 2 * width, (kernel // 2 + 1, kernel))
        self.down = nn.Conv2d(2 * width, 2 * width, 1)
        self.row = Masked(before, gates, (1, kernel), mask=mask)
        self.out = Masked(colours(width, channels), colours(width, channels))
        self.dropout = nn.Dropout(dropout)

    def forward(self, stacks: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Map both stacks (N, F, H, W)."""
        v, h = stacks
        above = self.rows(F.pad(v, (self.reach, self.reach, self.reach, 0)))
        here = self.row(h) + self.down(lowered(above))
        told = self.out(self.dropout(gated(here)))
        return gated(above), told if self.is_first else h + told


class RowLstm(nn.Module):
    """x + an LSTM that goes down the rows: a place sees its row up to itself, and three above."""

    def __init__(self, width: int, channels: int, *, dropout: float) -> None:
        super().__init__()
        wide, self.width = colours(2 * width, channels), width
        self.enter = Masked(wide, colours(4 * width, channels, gates=4), (1, 3))
        self.recur = nn.Conv2d(width, 4 * width, (1, 3), padding=(0, 1))
        self.leave = nn.Sequential(nn.Dropout(dropout), Masked(colours(width, channels), wide))

    def forward(self, features: Tensor) -> Tensor:
        """Map features (N, 2h, H, W)."""
        gates, rows = self.enter(features), []
        state = cell = torch.zeros_like(gates[:, : self.width, :1])
        for row in gates.split(1, dim=2):
            state, cell = lstm(row + self.recur(state), cell)
            rows.append(state)
        changed: Tensor = self.leave(torch.cat(rows, dim=2))
        return features + changed


class Diagonal(nn.Module):
    """An LSTM that goes from left to right along diagonals: a place sees its left and upper one."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.width = width
        self.enter = Masked(colours(2 * width, channels), colours(4 * width, channels, gates=4))
        self.recur = nn.Conv1d(width, 4 * width, 2)

    def forward(self, features: Tensor) -> Tensor:
        """Map features (N, 2h, H, W) to states (N, h, H, W)."""
        gates, columns = skewed(self.enter(features)), []
        state = cell = torch.zeros_like(gates[:, : self.width, :, 0])
        for column in gates.unbind(dim=3):
            state, cell = lstm(column + self.recur(F.pad(state, (1, 0))), cell)
            columns.append(state)
        return straightened(torch.stack(columns, dim=3), features.shape[3])


class DiagonalBiLstm(nn.Module):
    """x + two LSTMs along diagonals; the one from the right is a row late, so that it sees no more.

    What is right of a pixel in its own row comes later.
    """

    def __init__(self, width: int, channels: int, *, dropout: float) -> None:
        super().__init__()
        self.left, self.right = (Diagonal(width, channels) for _ in range(2))
        leave = Masked(colours(width, channels), colours(2 * width, channels))
        self.leave = nn.Sequential(nn.Dropout(dropout), leave)

    def forward(self, features: Tensor) -> Tensor:
        """Map features (N, 2h, H, W)."""
        right = self.right(features.flip(3)).flip(3)
        changed: Tensor = self.leave(self.left(features) + lowered(right))
        return features + changed


class PixelNetwork(nn.Module):
    """Images (N, C, H, W) in [-1, 1] -> logits (N, C, Q, H, W), of what is before each number.

    7x7 masked A -> blocks -> ReLU, 1x1 -> ReLU, 1x1 -> C Q
    """

    def __init__(self, channels: int, s: PixelCnnSettings) -> None:
        super().__init__()
        self.levels, self.is_gated = s.levels, s.cell == "gated"
        before, count = torch.arange(channels), s.width * (1 if self.is_gated else 2)
        features = colours(count, channels)
        self.first: nn.Module = Masked(before, features, (FIRST_KERNEL, FIRST_KERNEL), mask="A")
        if self.is_gated:
            self.first = Gated(before, count, channels, kernel=FIRST_KERNEL, mask="A")
        self.blocks = nn.Sequential(*(block(features, channels, s) for _ in range(s.blocks)))
        numbers = torch.arange(channels).repeat_interleave(s.levels)
        self.head = nn.Sequential(
            nn.ReLU(), Masked(features, features), nn.ReLU(), Masked(features, numbers)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of each number's levels."""
        if self.is_gated:
            _, features = self.blocks(self.first((images, images)))
        else:
            features = self.blocks(self.first(images))
        logits: Tensor = self.head(features)
        return torch.unflatten(logits, 1, (-1, self.levels))


def block(features: Tensor, channels: int, s: PixelCnnSettings) -> nn.Module:
    """Build a residual block of the cell that the settings name."""
    if s.cell == "gated":
        return Gated(features, s.width, channels, kernel=s.kernel, dropout=s.dropout)
    if s.cell == "plain":
        return Plain(s.width, channels, kernel=s.kernel, dropout=s.dropout)
    kind = RowLstm if s.cell == "row" else DiagonalBiLstm
    return kind(s.width, channels, dropout=s.dropout)


def gated(gates: Tensor) -> Tensor:
    """Return tanh of one half of features (N, 2F, H, W) times σ of the other."""
    what, whether = gates.chunk(2, dim=1)
    return what.tanh() * whether.sigmoid()


def lstm(gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """Return an LSTM's next state and cell, from its four gates (N, 4h, ...)."""
    out, forget, let_in, what = gates.chunk(4, dim=1)
    cell = forget.sigmoid() * cell + let_in.sigmoid() * what.tanh()
    return out.sigmoid() * cell.tanh(), cell


def lowered(features: Tensor) -> Tensor:
    """Move features (N, F, H, W) down by a row; the first one is 0."""
    return F.pad(features, (0, 0, 1, 0))[:, :, :-1]


def skewed(features: Tensor) -> Tensor:
    """Move row i of features (N, F, H, W) to the right by i: (N, F, H, W + H - 1)."""
    height, width = features.shape[2:]
    rows = F.pad(features, (0, height)).flatten(2)
    return torch.unflatten(rows[..., : height * (width + height - 1)], 2, (height, -1))


def straightened(features: Tensor, width: int) -> Tensor:
    """Undo `skewed`: (N, F, H, W + H - 1) -> (N, F, H, W)."""
    height = features.shape[2]
    rows = F.pad(features.flatten(2), (0, height))
    return torch.unflatten(rows, 2, (height, width + height))[..., :width]
