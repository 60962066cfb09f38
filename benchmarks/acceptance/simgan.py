"""SimGAN: digits of a font, refined, teach more of scikit-learn's digits than they do as they are.

A small convolutional classifier learns from 1,000 digits of the font with their classes, 333 steps,
and reads the 500 test digits of scikit-learn; it always begins alike. Refined digits keep their
class where a classifier of digits of the font, as they are, tells it; they are read where one of
real digits with their classes does. The refiner never sees a class of either.

Settings are the best of what was tried on seed 10, 500 updates: the share of the same test digits
that is told rightly, and labels kept (digits of the font as they are: .448, 1.000; real ones with
their classes: .978, .343).

    rate of both 1e-3, lambda .2 .544, .654; .5 .562, .629; 1 .514, .567
    lambda .5, rate 3e-4 .548, .537; 3e-3 .492, .658
    a D of whole images, lambda .5, rate 1e-3 .596, .778

So all have lambda .5 and 1e-3. By that it was known, before the marks, that a D of whole images
does better on that seed, and that the judge of the font takes most real digits for others.

The same digits of the font are refined for MNIST's, both at 16x16 (as they are: .375; real ones
with their classes: .937, .443), on seed 10, 500 updates, the 1,000 test digits:

    rate of both 1e-3, lambda .2 .473, .850; .5 .482, .860; 2 .465, .902
    lambda .5, rate 3e-4 .466, .812; patches twice as wide .442, .861
    a D of whole images, rate 1e-3, lambda .05 .418, .905; .2 .446, .940; .5 .384, 1.000;
                         lambda .5, rate 3e-4 .393, 1.000

So lambda is .5 there too, and .2 for the D of whole images. It was known, before the marks, that a
D of patches does better on that seed, and that a tenth of the labels is lost.

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
from egan.data.dataset import Dataset
from egan.data.domains import SOURCE as SIMULATED
from egan.judging.features import Features, extractor
from egan.tasks import Refinement, Scores
from egan.training.model import stream

DATA, MNIST = "font_to_digits", "font_to_mnist"
UPDATES = 500
WHOLE = {"local": False}
WHOLE_MNIST: dict[str, Any] = {**WHOLE, "self_regularisation": 0.2}
STILL = {"generator_lr": 1e-12}
FREE = {"self_regularisation": 0.0, "pretraining": 0}
FEW, QUICK = 8, 100
TRIED = """\
On MNIST refined digits teach a tenth more than digits as they are, and so do digits that a refiner
has only distorted which never learned: what a classifier gains there is variety, and not likeness.
A first form of that mark, beside digits as they are alone, was kept by such a refiner.

For the marks of scikit-learn's digits that are missed, tried on seed 10 after the run that is
kept, with 300 updates of pretraining and 700 in all: the share that is told rightly, and labels
kept.

    lambda .5 .514, .572; 2 .532, .550; 4 .536, .677; 8 .468, .994; pretraining alone .460, 1.000
    lambda 5, 1,200 updates .536, .745;   lambda .5, 100 of pretraining, 1,200 updates .554, .649
    a D of whole images, lambda 2 .468, .999;   lambda .5, D's rate 3e-4 .436, .441

So with lambda near 8 labels are kept, and little is gained; between, refined digits teach more
while the classifier of the font takes them for others, as it does 66% of real digits, whose classes
are right. A D of 4x4 patches of 7 pixels sees nearly all of an image of 8x8: locality has nothing
to add here, and is told of larger images in the paper. Nothing was tried for the pool."""


class Undivided(SimGan):
    """Has its self-regularisation as if there were one patch."""

    def generator_terms(self, fake: Any, real: Any) -> Tensor:
        """Return λ ‖R(x) − x‖₁."""
        del real
        return self.settings.self_regularisation * self.change(fake)


@cache
def task(name: str = DATA, *, quick: bool) -> Refinement:
    """Return what models learn from, the training part; the test part judges."""
    known, held_out = (load(name, split=part) for part in ("train", "test"))
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
    source = its.learned(SIMULATED)
    images = source.real(len(source))
    raw = its.judge(images, source) | {"read": read(images, source, quick=quick)}
    found = [refined(seed, quick=quick) for seed in seeds]
    whole = [refined(seed, quick=quick, **WHOLE) for seed in seeds]
    fresh = [refined(seed, quick=quick, pool=0) for seed in seeds]
    still = refined(seeds[0], quick=quick, updates=UPDATES // 5, **STILL)
    free = refined(seeds[0], quick=quick, **FREE)
    return [
        *mnist(seeds, quick=quick),
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
            mark="pool",
            found=[min(one["fitness"] for one in found)],
            baseline=[min(one["fitness"] for one in fresh)],
            baseline_name="no pool, the worst seed of each",
            saboteur="a refiner that never learns",
            sabotaged=[still["fitness"]],
        ),
        Figures(
            mark="read",
            found=[one["read"] for one in found],
            baseline=[raw["read"]] * len(seeds),
            baseline_name="digits of the font as they are",
            saboteur="a refiner that never learns",
            sabotaged=[still["read"]],
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


def mnist(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Refine the same digits for MNIST's, at 16x16."""
    its = task(MNIST, quick=quick)
    source = its.learned(SIMULATED)
    raw = its.judge(source.real(len(source)), source)
    found = [refined(seed, MNIST, quick=quick) for seed in seeds]
    whole = [refined(seed, MNIST, quick=quick, **WHOLE_MNIST) for seed in seeds]
    still = [refined(seed, MNIST, quick=quick, updates=1, **STILL) for seed in seeds]
    free = refined(seeds[0], MNIST, quick=quick, **FREE)
    unbound = {"saboteur": "no self-regularisation", "sabotaged": [free["fitness"]]}
    return [
        Figures(
            mark="mnist",
            found=[one["fitness"] for one in found],
            baseline=[max(raw["fitness"], one["fitness"]) for one in still],
            baseline_name=f"the better of a refiner that never learns and digits of the font as "
            f"they are ({raw['fitness']:.3f})",
            **unbound,
        ),
        Figures(
            mark="mnist_local",
            found=[one["fitness"] for one in found],
            baseline=[one["fitness"] for one in whole],
            baseline_name="a D of whole images, equal updates",
            **unbound,
        ),
        Figures(
            mark="mnist_labels",
            found=[one["labels_kept"] for one in found],
            saboteur="no self-regularisation",
            sabotaged=[free["labels_kept"]],
        ),
    ]


def refined(
    seed: int, name: str = DATA, *, quick: bool, updates: int = UPDATES, **changed: Any
) -> Scores:
    """Train with some settings changed; return what refined images are worth."""
    its = task(name, quick=quick)
    model: Any = trained("simgan", seed, task=its, updates=updates, quick=quick, **changed)
    source = its.learned(SIMULATED)
    with model.judging():
        images = model.refine(source.real(len(source)), stream(0))
    of_digits = {"read": read(images, source, quick=quick)} if name == DATA else {}
    return its.judge(images, source) | of_digits


@cache
def reader(*, quick: bool) -> Features:
    """Return a classifier of real digits with their classes."""
    if quick:
        return task(quick=True).features
    known, test = (load("digits", split=part) for part in ("train", "test"))
    return extractor(known, test=test)


def read(images: Tensor, source: Dataset, *, quick: bool) -> float:
    """Return how often a classifier of real digits tells the class that images were made from."""
    scores = reader(quick=quick).probabilities(images)
    assert scores is not None
    return float((scores.argmax(axis=1) == source.labels).mean())


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
