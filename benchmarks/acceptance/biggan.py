"""BigGAN: fidelity rises and variety falls with the threshold; the penalty's share; CGAN beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import spearmanr

from acceptance import Check, above, at_least, at_most
from acceptance.training import built, num_parameters, reference, task_of, trained
from egan.collection.biggan.model import THRESHOLDS, BigGan
from egan.tasks import Task
from egan.training.model import Model, stream

UPDATES = 800
NUM_SAMPLES = 1000
SMALL = (0.5, 0.04)
TOLERANCE = 0.01
WIDTHS = range(16, 161, 2)
PLAYERS = ("generator", "discriminator")

Sweep = list[Mapping[str, float]]
"""The scores at each of `THRESHOLDS`."""


def accept(seeds: Sequence[int], *, quick: bool) -> list[Check]:
    """Train with and without the penalty, and a CGAN of as many parameters."""
    task = task_of(reference())
    models = [run("biggan", seed, task=task, quick=quick) for seed in seeds]
    plain = [run("biggan", s, task=task, quick=quick, orthogonal_weight=0.0) for s in seeds]
    size = num_weights(models[0])
    width = 8 if quick else matching_width(size, task)
    widths = {"width": width, "discriminator_width": width}
    cgans = [run("cgan", seed, task=task, quick=quick, **widths) for seed in seeds]
    sweeps = [sweep(model, seed) for model, seed in zip(models, seeds, strict=True)]
    plains = [sweep(model, seed) for model, seed in zip(plain, seeds, strict=True)]
    return [
        *[check for name in ("confidence", "precision") for check in rising(name, sweeps)],
        *falling("intra_class_diversity", sweeps),
        no_worse(
            "precision at τ = 0.5 and 0.04",
            [truncated_precision(one) for one in sweeps],
            [truncated_precision(one) for one in plains],
            baseline_name="without the orthogonal penalty",
        ),
        above(
            "accuracy of the class asked for, by an independent classifier",
            [one[0]["conditional_accuracy"] for one in sweeps],
            [accuracy(model, seed) for model, seed in zip(cgans, seeds, strict=True)],
            baseline_name=f"CGAN, {num_weights(cgans[0]) / size:.1%} of the parameters",
        ),
    ]


def run(name: str, seed: int, *, task: Task, quick: bool, **changed: float) -> Model:
    """Train one of them."""
    return trained(name, seed, task=task, updates=UPDATES, quick=quick, **changed)


def num_weights(model: Model) -> int:
    """Return the number of parameters of both players."""
    return num_parameters(*(model.networks[name] for name in PLAYERS))


def matching_width(size: int, task: Task) -> int:
    """Return the width of the CGAN whose number of parameters is nearest."""

    def difference(width: int) -> int:
        widths = {"width": width, "discriminator_width": width}
        return abs(num_weights(built("cgan", 0, task=task, quick=False, **widths)) - size)

    return min(WIDTHS, key=difference)


def sweep(model: Model, seed: int) -> Sweep:
    """Judge 1,000 samples at each threshold, from the same random numbers."""
    assert isinstance(model, BigGan)
    scores = []
    for threshold in THRESHOLDS:
        with model.judging():
            codes = model.truncated_codes(NUM_SAMPLES, stream(seed), threshold=threshold)
            made = model.made(codes, network=model.standing(codes))
        scores.append(reference().judge(made, labels=codes["labels"].numpy()))
    return scores


def accuracy(model: Model, seed: int) -> float:
    """Return how often a classifier of an independent seed sees the class asked for."""
    with model.judging():
        codes = model.codes(NUM_SAMPLES, stream(seed))
        made = model.made(codes)
    return reference().conditional_accuracy(made, codes["labels"].numpy())


def rising(name: str, sweeps: list[Sweep]) -> list[Check]:
    """Check that a score rises as the threshold falls, by a hundredth more or less."""
    return [
        at_most(f"largest fall of {name} from one τ to the next", falls(name, sweeps), TOLERANCE),
        at_least(f"rank correlation of {name} with -τ", correlations(name, sweeps), 0.9),
    ]


def falling(name: str, sweeps: list[Sweep]) -> list[Check]:
    """Check that a score falls strictly as the threshold falls."""
    smallest = [-np.diff([score[name] for score in one]).max() for one in sweeps]
    return [
        Check(
            name=f"smallest fall of {name} from one τ to the next",
            found=smallest,
            mark="> 0",
            kept=np.median(smallest) > 0,
        ),
        at_most(f"rank correlation of {name} with -τ", correlations(name, sweeps), -0.9),
    ]


def no_worse(name: str, found: list[float], baseline: list[float], *, baseline_name: str) -> Check:
    """Check that a share is no less than the baseline's, by a hundredth more or less."""
    return Check(
        name=name,
        found=found,
        baseline=baseline,
        baseline_name=baseline_name,
        mark=f">= baseline - {TOLERANCE}",
        kept=np.median(found) >= np.median(baseline) - TOLERANCE,
    )


def falls(name: str, sweeps: list[Sweep]) -> list[float]:
    """Return how much a score falls at most between neighbouring thresholds."""
    return [float(-np.diff([score[name] for score in one]).min()) for one in sweeps]


def correlations(name: str, sweeps: list[Sweep]) -> list[float]:
    """Return Spearman's rank correlations of a score with -τ; of a constant one 0."""
    order = range(len(THRESHOLDS))
    found = [[score[name] for score in one] for one in sweeps]
    return [float(spearmanr(order, one)[0]) if np.ptp(one) else 0.0 for one in found]


def truncated_precision(one: Sweep) -> float:
    """Return the mean precision at the small thresholds."""
    return float(np.mean([one[THRESHOLDS.index(tau)]["precision"] for tau in SMALL]))
