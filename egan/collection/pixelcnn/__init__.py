"""PixelCNN and PixelRNN (van den Oord et al. 2016, arXiv 1601.06759), gated too (1606.05328).

An image is told pixel by pixel, row after row, its colours red, green, blue one after another:

    p(x) = Π_i p(x_i | x_1 ... x_{i−1}),      each factor a softmax over Q levels

All factors come from one pass of a network whose output for a pixel does not see that pixel, nor
one that comes later, so that log p(x) is exact. An update:

    draw images, and bring their pixels to the nearest of Q levels
    descend −log p(x)

A first convolution of 7x7 does not see its centre (mask A; of the pixel itself the colours before),
all that follows does (mask B). Then come residual blocks of one of four cells:

    plain       3x3 convolutions between ReLUs; what is far to the right above stays unseen
    gated       tanh(W_f ∗ x) ⊙ σ(W_g ∗ x) in two stacks, of the rows above and of the row itself:
                nothing stays unseen
    row         an LSTM that goes down the rows, of which each place sees three above: a triangle
    diagonal    two LSTMs that go along the diagonals, from either side: all, but for the end of
                the row above

Samples are drawn pixel by pixel, which takes as many passes as there are numbers in an image;
images can be completed from their upper half. Here all cells have the same head, levels go in as
numbers in [−1, 1], Adam trains the small preset, and classes do not condition the gated one. Sizes
of the paper presets are told from memory.

Fitness: log p of held-out images in nats; reports lead with bits per dimension.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from egan.config import DataConfig, RunConfig, SearchConfig, Settings


@dataclass(frozen=True, kw_only=True)
class PixelCnnSettings(Settings):
    """Settings of a PixelCNN or PixelRNN."""

    STRUCTURAL = ("cell", "width", "blocks", "kernel", "levels", "optimizer")
    SPACE: ClassVar = {
        "lr": "1e-4,3e-2,log",
        "cell": "plain|gated|row|diagonal",
        "width": "8,16,32,64",
        "blocks": "2,4,8",
        "dropout": "0,0.5",
    }

    cell: Literal["plain", "gated", "row", "diagonal"] = "gated"
    """Convolutions, gated ones, or LSTMs along rows or diagonals."""
    width: int = 16
    """Features of a gated layer; of other cells half of those between blocks (h)."""
    blocks: int = 4
    """Residual blocks after the first convolution."""
    kernel: int = 3
    """Height and width of a plain or gated block's convolution, an odd number."""
    levels: int = 17
    """Levels of a pixel (Q): 2 for black and white, 256 for every one of a byte."""
    dropout: float = 0.0
    """Share of a block's features that is left out in training."""
    lr: float = 1e-2
    """Learning rate."""
    optimizer: Literal["adam", "rmsprop"] = "adam"
    """Adam, or RMSProp as in the paper."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if not self.kernel % 2:
            raise ValueError(f"--kernel must be odd, such as 3, but got {self.kernel}.")
        if not 2 <= self.levels <= 256:
            raise ValueError(f"--levels must be from 2 to 256, but got {self.levels}.")
        if self.dropout >= 1:
            raise ValueError(f"--dropout must be in [0, 1), but got {self.dropout}.")


def small() -> RunConfig:
    """Digits of 8x8 pixels in their 17 levels, gated, in two minutes."""
    return RunConfig(
        data=DataConfig(name="digits"),
        search=SearchConfig(rounds=6, interval=200),
        settings=PixelCnnSettings(),
    )


def mnist() -> RunConfig:
    """5,000 digits of MNIST in black and white, in some ten minutes."""
    return RunConfig(
        data=DataConfig(name="mnist5k"),
        search=SearchConfig(rounds=2, interval=500),
        settings=PixelCnnSettings(levels=2, batch_size=16),
    )


def paper() -> RunConfig:
    """CIFAR-10, plain: 15 blocks, 128 features."""
    return _cifar(PixelCnnSettings(**_PAPER, cell="plain", blocks=15))


def paper_row() -> RunConfig:
    """CIFAR-10, LSTMs along rows: 12 layers, 128 features."""
    return _cifar(PixelCnnSettings(**_PAPER, cell="row", blocks=12))


def paper_diagonal() -> RunConfig:
    """CIFAR-10, LSTMs along diagonals: 12 layers, 128 features."""
    return _cifar(PixelCnnSettings(**_PAPER, cell="diagonal", blocks=12))


def paper_gated() -> RunConfig:
    """Gated, as for ImageNet at 32x32 pixels: 20 layers of 384 features, 5x5."""
    return RunConfig(
        data=DataConfig(name="folder", image_size=32),
        search=SearchConfig(rounds=200, interval=1000),
        settings=PixelCnnSettings(
            cell="gated", width=384, blocks=20, kernel=5, levels=256, batch_size=128, lr=1e-3
        ),
    )


_PAPER: dict[str, Any] = {
    "width": 128,
    "levels": 256,
    "batch_size": 16,
    "lr": 1e-3,
    "optimizer": "rmsprop",
}


def _cifar(settings: PixelCnnSettings) -> RunConfig:
    return RunConfig(
        data=DataConfig(name="cifar10", image_size=32),
        search=SearchConfig(rounds=100, interval=1000),
        settings=settings,
    )


PRESETS = {
    "small": small,
    "mnist": mnist,
    "paper": paper,
    "paper_row": paper_row,
    "paper_diagonal": paper_diagonal,
    "paper_gated": paper_gated,
}
_OF_THE_FIRST = {
    "1601.06759, section 5.3, from memory": ("cell", "width", "blocks", "batch_size"),
    "1601.06759, table 1": ("kernel",),
    "1601.06759, section 3.3": ("levels",),
    "1601.06759, section 5.2": ("optimizer",),
    "ours; as published set by hand": ("lr",),
    "ours; as published there is none": ("dropout",),
}
SOURCES = {
    **dict.fromkeys(("paper", "paper_row", "paper_diagonal"), _OF_THE_FIRST),
    "paper_gated": {
        "1606.05328, section 3.2, from memory": ("cell", "width", "blocks", "kernel", "batch_size"),
        "1606.05328, section 2": ("levels",),
        "ours": ("lr", "optimizer", "dropout"),
    },
}
