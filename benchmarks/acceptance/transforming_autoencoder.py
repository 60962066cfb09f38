"""Transforming autoencoder: does it move what it shows, and do its capsules know where that is?

The data are MNIST's 5,000 digits at 16x16 pixels, on canvases of 20x20. The blind one has the same
capsules, is told of no shift, and gets as many updates. Learning rates of 1e-3, 3e-3 and 1e-2 were
searched for both on a fifth of the training digits, seed 100, in 600 updates; the best of each
stands below.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from acceptance import Figures
from acceptance.training import built, reference, task_of, train
from egan.collection.transforming_autoencoder import TransformingAutoencoder
from egan.tasks import Task
from egan.training.model import stream

SEEDS = 3
UPDATES = 1200
SIZE = 16
STAGES = ((1.0, 2), (0.3, 1))
"""Shares of the learning rate, and thirds of the updates."""
LR, BLIND_LR = 3e-3, 3e-3
NUM_JUDGED = 1000
TRIED = (
    "Missed: places follow shifts by three quarters. The slope still rises where training stops: "
    "on the fifth that rates were searched on it was .69 after 600 updates, on digits of 8x8 "
    "pixels .92 after 1,500. Longer training was not tried. Read in pixels, places hardly left 0 "
    "in the first 1,000 updates (.14); now they are read in units of twice the largest move."
)


class Blind(TransformingAutoencoder):
    """It is told of no shift."""

    def drawn(self, source: Tensor, shift: Tensor) -> Tensor:
        """Draw without the shift."""
        return super().drawn(source, torch.zeros_like(shift))


def accept(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Measure each mark."""
    task = task_of(reference() if quick else reference("mnist5k", image_size=SIZE))
    models = [moving(TransformingAutoencoder, seed, task, LR, quick=quick) for seed in seeds]
    blind = [moving(Blind, seed, task, BLIND_LR, quick=quick) for seed in seeds]
    return [
        Figures(
            mark="told",
            found=[off(one) for one in models],
            saboteur="told of no shift",
            sabotaged=[off(one) for one in blind],
        ),
        Figures(
            mark="moved",
            found=[error(one) for one in models],
            baseline=[error(one) for one in blind],
            baseline_name="told of no shift",
            saboteur="told the opposite shift afterwards",
            sabotaged=[error(one, factor=-1) for one in models],
        ),
        Figures(
            mark="slope",
            found=[abs(slope(one) - 1) for one in models],
            saboteur="told of no shift",
            sabotaged=[abs(slope(one) - 1) for one in blind],
        ),
    ]


def moving(
    kind: type[TransformingAutoencoder], seed: int, task: Task, lr: float, *, quick: bool
) -> Any:
    """Train capsules, whose rate falls at last."""
    model = built(kind, seed, task=task, quick=quick, lr=lr)
    given = {name: getattr(model.settings, name) for name in TransformingAutoencoder.tiny}
    for share, thirds in STAGES:
        model.configure({**given, "lr": share * lr})
        train(model, seed, updates=thirds * UPDATES // 3, quick=quick)
    return model


def error(model: Any, *, factor: int = 1) -> float:
    """Return the error on held-out digits, told of so many times the shift."""
    batch = model.task.judged_on(NUM_JUDGED, stream(0))
    with model.judging():
        made = model.moved(batch.samples, factor * batch.codes["shift"])
    return float((made - batch.codes["target"]).square().mean())


def slope(model: Any) -> float:
    """Return the slope of places against shifts."""
    with model.judging():
        found: float = model.slope()
    return found


def off(model: Any) -> float:
    """Return the largest difference from what capsules draw at their places plus the shift."""
    batch = model.task.judged_on(NUM_JUDGED // 10, stream(0))
    shift = batch.codes["shift"]
    with model.judging():
        places, presence = model.find(batch.samples)
        by_hand = model.capsules.tell(places + shift[:, None], presence)
        return float((model.drawn(batch.samples, shift) - by_hand).abs().max())
