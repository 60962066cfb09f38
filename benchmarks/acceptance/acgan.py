"""AC-GAN: the class that was asked for, beside a CGAN and beside the same game without L_C.

MNIST's 5,000 at 16x16; an independent classifier, trained on the training part alone, tells classes.
All have networks of the same widths, batches of 64 and as many updates (13 ms each without L_C, 17
with it and of the CGAN), and each had the same search of one rate for both players, 1,000 updates
on seed 10, none of which is judged. Accuracy, Fréchet distance and diversity within classes by rate
(real test images: .975, .217 and 4.64):

SEARCHED

So all have 1e-3. The CGAN is the one with a projection, its better form in all three.

What a classifier in D costs is variety: G is paid for samples that are easy to tell. Hence a mark
for diversity within a class, the mean distance of features, beside that of real test images; the
paper's claim is that it is about theirs (by MS-SSIM, which wants larger images).

Saboteurs: no classifier; D's word on the class alone, without that on real or made; a G that is
deaf to z. The quick mark asks whether D's loss depends on the labels of the same real images.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from acceptance import Figures
from acceptance.training import built, reference, task_of, trained
from egan.collection.acgan.model import Acgan
from egan.tasks import Batch, Codes
from egan.training.game import Game, Objective
from egan.training.model import Model, stream

UPDATES = 1500
COUNT, NUM_QUICK = 1000, 100
SIZE = 16
RATES = {"generator_lr": 1e-3, "discriminator_lr": 1e-3}
CGAN = {"conditioning": "projection", "width": 16, "discriminator_width": 16, **RATES}
WITHOUT = {"class_weight": 0.0, **RATES}
NO_CLASSIFIER = "no classifier"
DATA = "MNIST's 5,000"

Scores = dict[str, float]


class Unjudged(Acgan):
    """G is told of the class alone."""

    def objective(self) -> Objective | None:  # type: ignore[override]
        """Return nothing: its terms are L_C."""
        return None


class Deaf(Acgan):
    """G makes one sample of a class, whatever z is."""

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Make samples of a z of zeros."""
        return super().generate(network, {**codes, "z": torch.zeros_like(codes["z"])})


def accept(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Train with the classifier and without it, and a CGAN."""
    own = each("acgan", seeds, quick=quick, **RATES)
    without = each("acgan", seeds, quick=quick, **WITHOUT)
    cgan = each("cgan", seeds, quick=quick, **CGAN)
    real = [real_scores(quick=quick)] * len(seeds)
    unjudged = each(Unjudged, seeds[:1], quick=quick, **RATES)
    deaf = [judged(as_kind(Deaf, build(seeds[0], quick=quick)), seeds[0], quick=quick)]
    broken = {"accuracy": (NO_CLASSIFIER, without[:1]), "diversity": ("G is deaf to z", deaf)}
    compared = {
        "accuracy": ("conditional_accuracy", f"CGAN with a projection, {UPDATES:,} updates", cgan),
        "accuracy_real": ("conditional_accuracy", "real test images", real),
        "frechet": ("frechet", "the same game without the classifier", without),
        "frechet_cgan": ("frechet", f"CGAN with a projection, {UPDATES:,} updates", cgan),
        "diversity": ("intra_class_diversity", "real test images", real),
    }
    figures = []
    for mark, (key, name, others) in compared.items():
        kind = mark.partition("_")[0]
        saboteur, sabotaged = broken.get(kind, ("G is told of the class alone", unjudged))
        figures.append(
            Figures(
                mark=mark,
                found=[one[key] for one in own],
                baseline=[one[key] for one in others],
                baseline_name=name,
                saboteur=saboteur,
                sabotaged=[one[key] for one in sabotaged],
            )
        )
    return [*figures, of_labels(seeds, quick=quick)]


def each(
    kind: str | type[Model], seeds: Sequence[int], *, quick: bool, **changed: Any
) -> list[Scores]:
    """Train with each seed, and judge samples."""
    task = task_of(reference("mnist5k", image_size=SIZE))
    models = [
        trained(kind, seed, task=task, updates=UPDATES, quick=quick, **changed) for seed in seeds
    ]
    return [judged(model, seed, quick=quick) for model, seed in zip(models, seeds, strict=True)]


def build(seed: int, *, quick: bool, **changed: Any) -> Acgan:
    """Build an AC-GAN that has learned nothing."""
    task = task_of(reference("mnist5k", image_size=SIZE))
    model = built("acgan", seed, task=task, quick=quick, **{**RATES, **changed})
    assert isinstance(model, Acgan)
    return model


def as_kind(kind: type[Acgan], model: Acgan) -> Acgan:
    """Return a model of another class with the same networks."""
    other = kind({}, settings=model.settings, task=model.task)
    other.networks = model.networks
    return other


def judged(model: Model, seed: int, *, quick: bool) -> Scores:
    """Judge samples by the classes that were asked for."""
    assert isinstance(model, Game)
    with model.judging():
        codes = model.codes(NUM_QUICK if quick else COUNT, stream(seed))
        made = model.made(codes)
    judge = reference("mnist5k", image_size=SIZE)
    return dict(judge.judge(made, labels=codes["labels"].numpy()))


def real_scores(*, quick: bool) -> Scores:
    """Judge real test images as if they had been made."""
    judge = reference("mnist5k", image_size=SIZE)
    chosen = judge.test.spread(NUM_QUICK if quick else COUNT)
    assert judge.test.labels is not None
    return dict(judge.judge(judge.test.tensor(chosen), labels=np.asarray(judge.test.labels)[chosen]))


def of_labels(seeds: Sequence[int], *, quick: bool) -> Figures:
    """Return whether D learns from the labels of real images."""
    return Figures(
        mark="labels",
        found=[differs(build(seed, quick=quick)) for seed in seeds],
        saboteur=NO_CLASSIFIER,
        sabotaged=[differs(build(seeds[0], quick=quick, class_weight=0.0))],
    )


def differs(model: Acgan) -> float:
    """Return how much D's loss on real images changes where labels are each other's."""
    model.rng.manual_seed(0)
    with model.judging():
        real = model.draw()
        rolled = Batch(real.samples, {"labels": real.labels.roll(1)})
        return float((model.real_loss(real) - model.real_loss(rolled)).abs())
