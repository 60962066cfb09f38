"""PixelCNN and PixelRNN: what pixels see, what all images add up to, and bits of held-out digits.

All cells have equal updates, gated and plain within 5% equal parameters. Searched on a fifth of the
training digits, seed 100, in 180 updates: learning rates of 3e-3, 1e-2 and 3e-2 for each cell (of
LSTMs along diagonals the latter two), and for the counted laws smoothings of .1 to 10 and backings
of 1 to 100 counts; the best stand below.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from acceptance import Figures
from acceptance.training import built, reference, task_of, train
from egan.collection.pixelcnn import PixelCnnSettings
from egan.collection.pixelcnn.model import PixelCnn
from egan.collection.pixelcnn.networks import Gated, Masked, PixelNetwork
from egan.data.levels import quantised
from egan.judging.tables import bits_per_dimension, each_alone, two_neighbours
from egan.tasks import Task

SEEDS = 3
LEVELS, UPDATES = 17, 500
STAGES = ((1.0, 4), (0.3, 1), (0.1, 1))
"""Shares of the learning rate, and sixths of the updates."""
CELLS: dict[str, dict[str, Any]] = {
    "gated": {"cell": "gated", "width": 16, "lr": 3e-2},
    "plain": {"cell": "plain", "width": 21, "lr": 1e-2},
    "row": {"cell": "row", "width": 16, "blocks": 1, "lr": 3e-2},
    "diagonal": {"cell": "diagonal", "width": 16, "blocks": 1, "lr": 3e-2},
}
SMOOTHING, BACKING = 10.0, 30.0
SIDE = 3


class Blind(PixelCnn):
    """Its network sees black images."""

    def build(self) -> dict[str, nn.Module]:
        """Hide what there is."""
        networks = super().build()
        self.network.register_forward_pre_hook(lambda _, given: (-torch.ones_like(given[0]),))
        return networks


class RowAlone(PixelCnn):
    """Gated, without the stack of the rows above."""

    def build(self) -> dict[str, nn.Module]:
        """Cut the way from the stack above to that of the row."""
        networks = super().build()
        for layer in self.network.modules():
            if isinstance(layer, Gated):
                layer.down.register_forward_hook(lambda _, __, made: torch.zeros_like(made))
        return networks


def accept(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Measure each mark."""
    digits = task_of(reference())
    return [*exact_marks(seeds), *digits_marks(seeds, digits, quick=quick)]


def exact_marks(seeds: Sequence[int]) -> list[Figures]:
    """Measure what is exactly so of every cell, in float64."""
    broken = {"saboteur": "a first convolution that sees its centre"}
    return [
        Figures(
            mark="causality",
            found=[max(too_much(cell, seed) for cell in CELLS) for seed in seeds],
            sabotaged=[min(too_much(cell, seeds[0], mask="B") for cell in CELLS)],
            **broken,
        ),
        Figures(
            mark="sum",
            found=[max(off_one(cell, seed) for cell in CELLS) for seed in seeds],
            sabotaged=[min(off_one(cell, seeds[0], mask="B") for cell in CELLS)],
            **broken,
        ),
    ]


def digits_marks(seeds: Sequence[int], task: Task, *, quick: bool) -> list[Figures]:
    """Measure bits of held-out digits."""
    found = {cell: [bits(cell, seed, task, quick=quick) for seed in seeds] for cell in CELLS}
    blind = bits("gated", seeds[0], task, kind=Blind, quick=quick)
    alone, after_two = counted(task)
    unseeing = {"saboteur": "gated, of black images", "sabotaged": [blind]}
    beside = {"baseline": [after_two] * len(seeds), "baseline_name": "two neighbours", **unseeing}
    return [
        Figures(
            mark="pixels",
            found=found["gated"],
            baseline=[alone] * len(seeds),
            baseline_name="each pixel alone",
            **unseeing,
        ),
        *(
            Figures(mark=mark, found=found[cell], **beside)
            for mark, cell in (("neighbours", "gated"), ("row", "row"), ("diagonal", "diagonal"))
        ),
        Figures(
            mark="gated",
            found=found["gated"],
            baseline=found["plain"],
            baseline_name="plain",
            saboteur="no stack of the rows above",
            sabotaged=[bits("gated", seeds[0], task, kind=RowAlone, quick=quick)],
        ),
    ]


def bits(
    cell: str, seed: int, task: Task, *, kind: type[PixelCnn] = PixelCnn, quick: bool
) -> float:
    """Return the bits of a number of held-out digits under a network of a cell, trained."""
    changed = {"levels": LEVELS, **CELLS[cell]}
    model = built(kind, seed, task=task, quick=quick, **changed)
    assert isinstance(model, PixelCnn)
    given = {name: getattr(model.settings, name) for name in (*changed, *PixelCnn.tiny)}
    for share, sixths in STAGES:
        model.configure({**given, "lr": share * changed["lr"]})
        train(model, seed, updates=sixths * UPDATES // 6, quick=quick)
    with model.judging():
        return model.bits(whole(task.held_out))


def counted(task: Task) -> tuple[float, float]:
    """Return the bits of the laws that are counted."""
    real, held_out = (quantised(whole(part), LEVELS) for part in (task.data, task.held_out))
    alone = each_alone(real, held_out, levels=LEVELS, smoothing=SMOOTHING)
    after_two = two_neighbours(real, held_out, levels=LEVELS, smoothing=SMOOTHING, backing=BACKING)
    size = held_out[0].numel()
    return tuple(bits_per_dimension(float(one.mean()), size) for one in (alone, after_two))


def whole(data: Any) -> Tensor:
    """Return all images of a data set."""
    images: Tensor = data.tensor(np.arange(len(data)))
    return images


@cache
def network(cell: str, seed: int, *, mask: str, levels: int) -> PixelNetwork:
    """Return a network in float64 whose weights are of some size.

    Args:
        cell: Of `CELLS`.
        seed: Of the weights.
        mask: Of the first convolution; B is wrong.
        levels: Of a pixel.
    """
    torch.manual_seed(seed)
    made = PixelNetwork(1, PixelCnnSettings(cell=cell, width=8, blocks=2, levels=levels)).double()
    for parameter in made.parameters():
        nn.init.normal_(parameter, std=0.4)
    if mask == "B":
        first = next(one for one in made.first.modules() if isinstance(one, Masked))
        height, width = first.kernel_size
        first.seen[:, :, height // 2, width // 2] = 1
    return made.eval()


def too_much(cell: str, seed: int, *, mask: str = "A") -> float:
    """Return the largest derivative of a pixel's logits in that pixel, or in a later one."""
    made = network(cell, seed, mask=mask, levels=3)
    image = torch.randn(1, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(seed)).double()
    found = torch.autograd.functional.jacobian(made, image)  # (1, 1, Q, H, W, 1, 1, H, W)
    size = SIDE * SIDE
    by_pixel = found.abs().reshape(3, size, size).amax(dim=0)
    return float(by_pixel.triu().max())


def off_one(cell: str, seed: int, *, mask: str = "A") -> float:
    """Return how far the probabilities of all 16 images of 2x2 in black and white are from 1."""
    made = network(cell, seed, mask=mask, levels=2)
    units = torch.tensor(list(itertools.product([0, 1], repeat=4))).view(16, 1, 2, 2)
    with torch.no_grad():
        logits = made(2.0 * units.double() - 1)
    nats = logits.log_softmax(dim=2).gather(2, units[:, :, None]).flatten(1).sum(dim=1)
    return abs(float(nats.exp().sum()) - 1)
