"""Adversarial segmentation: label maps of crowded scenes, beside the same segmenter on cross-entropy.

SEARCHED
The saboteurs: a D that does not learn; maps that do not belong to the images; an error that is not
weighed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from acceptance import Figures
from acceptance.training import built, trained
from egan.collection.adversarial_segmentation.model import SOURCE, AdversarialSegmentation
from egan.data import load
from egan.judging.features import Features
from egan.tasks import SEGMENTATION, Codes, Scores, Segmentation
from egan.training.model import Model, stream

UPDATES = 800
ALONE: dict[str, Any] = {"adversarial_weight": 0.0}
STILL = {"discriminator_lr": 1e-12}
FEW = 8
BESIDE = "cross-entropy alone, as many updates"


class Astray(AdversarialSegmentation):
    """Learns maps that do not belong to the images."""

    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw images, each with the map of another."""
        codes = super().codes(count, rng)
        return {**codes, SEGMENTATION: codes[SEGMENTATION].roll(1, 0)}


class Unweighed(AdversarialSegmentation):
    """Has its cross-entropy beside the adversarial term as it is."""

    def generator_terms(self, fake: Any, real: Any) -> Tensor:
        """Return cross-entropy."""
        del real
        return self.cross_entropy(fake)


@cache
def task() -> Segmentation:
    """Return what models learn from, the training part; the test part judges."""
    known, held_out = (load("crowds", split=part) for part in ("train", "test"))
    nothing = Features(lambda images: images.flatten(1)[:, :2])  # no score looks at features
    return Segmentation(known, held_out, nothing)


def accept(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Train with the game and without it."""
    options: dict[str, Any] = {"task": task(), "updates": UPDATES, "quick": quick}
    name, first = "adversarial_segmentation", seeds[0]
    own = [judged(trained(name, seed, **options)) for seed in seeds]
    alone = [judged(trained(name, seed, **options, **ALONE)) for seed in seeds]
    still = judged(trained(name, first, **options, **STILL))
    astray = judged(trained(Astray, first, **options))
    broken = {
        "boundary_f": ("a D that does not learn", still),
        "iou": ("maps that do not belong to the images", astray),
        "component_error": ("a D that does not learn", still),
    }
    return [
        *(
            Figures(
                mark=mark,
                found=[one[mark] for one in own],
                baseline=[one[mark] for one in alone],
                baseline_name=BESIDE,
                saboteur=saboteur,
                sabotaged=[scores[mark]],
            )
            for mark, (saboteur, scores) in broken.items()
        ),
        Figures(
            mark="loss",
            found=[off_the_paper(AdversarialSegmentation, seed) for seed in seeds],
            saboteur="an error that is not weighed",
            sabotaged=[off_the_paper(Unweighed, first)],
        ),
    ]


def judged(model: Model) -> Scores:
    """Score label maps of images that nobody learned from."""
    with model.judging():
        return task().score(model, stream(0))


def off_the_paper(kind: type[AdversarialSegmentation], seed: int) -> float:
    """Return the relative error of L_S, times the weight, beside the paper's, in a tiny model."""
    model: Any = built(kind, seed, task=task(), quick=True)
    model.rng = stream(seed)
    fake, real = model.fake(FEW), model.draw(FEW)
    with torch.no_grad():
        [loss] = model.generator_losses(fake, real, [model.objective()])
        weight = model.settings.adversarial_weight
        logits = model.generator(fake.codes[SOURCE]).double()
        papers = F.cross_entropy(logits, fake.codes[SEGMENTATION])
        papers += weight * F.softplus(-model.logits(fake).double()).mean()
    return abs(float(weight * loss / papers) - 1)
