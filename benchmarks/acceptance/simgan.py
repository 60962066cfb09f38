"""SimGAN: digits of a font, refined, teach more of scikit-learn's digits than they do as they are.

A small convolutional classifier learns from 1,000 digits of the font with their classes, 333 steps,
and reads the 500 test digits of scikit-learn; it always begins alike. Refined digits keep their
class where a classifier of digits of the font, as they are, tells it. The refiner never sees a
class of either.
SEARCHED
The saboteurs: a refiner that never learns, one without self-regularisation, and one whose
self-regularisation is not divided by the number of patches.
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
from egan.collection.simgan.model import SOURCE, SimGan
from egan.data import load
from egan.judging.features import Features, extractor
from egan.tasks import Refinement, Scores
from egan.training.model import Model, stream

DATA = "font_to_digits"
UPDATES = 500
LOCAL: dict[str, Any] = {}
WHOLE = {"local": False}
STILL = {"generator_lr": 1e-12}
FREE = {"self_regularisation": 0.0, "pretraining": 0}
FEW, QUICK = 8, 100


class Undivided(SimGan):
    """Has its self-regularisation as if there were one patch."""

    def generator_terms(self, fake: Any, real: Any) -> Tensor:
        """Return λ ‖R(x) − x‖₁."""
        del real
        return self.settings.self_regularisation * self.change(fake)


@cache
def task(*, quick: bool) -> Refinement:
    """Return what models learn from, the training part; the test part judges."""
    known, held_out = (load(DATA, split=part) for part in ("train", "test"))
    if quick:
        features = Features(lambda one: one.flatten(1), classify=lambda one: one.flatten(1)[:, :10])
    else:
        source, test = (Refinement.compared(part) for part in (known, held_out))
        features = extractor(source, test=test)
    made = Refinement(known, held_out, features)
    if quick:
        made.num_judged = QUICK
    return made


def accept(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Train each form."""
    its = task(quick=quick)
    raw = its.baselines()["simulated as they are"]
    found = [refined(seed, quick=quick) for seed in seeds]
    whole = [refined(seed, quick=quick, **WHOLE) for seed in seeds]
    still = refined(seeds[0], quick=quick, updates=UPDATES // 5, **STILL)
    free = refined(seeds[0], quick=quick, **FREE)
    return [
        Figures(
            mark="accuracy",
            found=[one["fitness"] for one in found],
            baseline=[raw["fitness"]] * len(seeds),
            baseline_name="digits of the font as they are",
            saboteur="a refiner that never learns",
            sabotaged=[still["fitness"]],
        ),
        Figures(
            mark="local",
            found=[one["fitness"] for one in found],
            baseline=[one["fitness"] for one in whole],
            baseline_name="a D of whole images, equal updates",
            saboteur="a refiner that never learns",
            sabotaged=[still["fitness"]],
        ),
        Figures(
            mark="labels",
            found=[one["labels_kept"] for one in found],
            baseline=[raw["labels_kept"]] * len(seeds),
            baseline_name="digits of the font as they are",
            saboteur="no self-regularisation",
            sabotaged=[free["labels_kept"]],
        ),
        Figures(
            mark="loss",
            found=[astray_from_the_paper(SimGan, seed) for seed in seeds],
            saboteur="a self-regularisation that is not divided",
            sabotaged=[astray_from_the_paper(Undivided, seeds[0])],
        ),
    ]


def refined(seed: int, *, quick: bool, updates: int = UPDATES, **changed: Any) -> Scores:
    """Train with some settings changed; return what refined images are worth."""
    its = task(quick=quick)
    settings = {**LOCAL, **changed}
    model = trained("simgan", seed, task=its, updates=updates, quick=quick, **settings)
    return judged(model, its)


def judged(model: Model, its: Refinement) -> Scores:
    """Score refined images."""
    with model.judging():
        return its.score(model, stream(0))


def astray_from_the_paper(kind: type[SimGan], seed: int) -> float:
    """Return the relative error of L_R, times the patches, beside the paper's, in a tiny model."""
    model: Any = built(kind, seed, task=task(quick=True), quick=True, self_regularisation=0.5)
    model.rng = stream(seed)
    model.settings = model.settings.tuned({"self_regularisation": 0.5})
    fake, real = model.fake(FEW), model.draw(FEW)
    with torch.no_grad():
        [loss] = model.generator_losses(fake, real, [model.objective()])
        logits = model.discriminator(fake.samples).double()
        change = (fake.samples.double() - fake.codes[SOURCE].double()).abs().sum((1, 2, 3))
        papers = F.softplus(-logits).sum(1).mean() + 0.5 * change.mean()
    return abs(float(model.num_patches * loss / papers) - 1)
