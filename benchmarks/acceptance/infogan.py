"""InfoGAN: what codes say, beside the same networks trained without the information term."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

import fitness
from acceptance import Check, above, at_least, at_most
from acceptance.training import built, reference, task_of, train
from egan.collection.infogan.model import Infogan, best_information
from egan.collection.infogan.networks import information
from egan.networks.latent import traverse
from egan.training.model import stream
from population.seeding import Seeds

UPDATES = 4000
NUM_JUDGED = 1000
WALKS, STEPS, REACH = 100, 9, 2.0
WITHOUT = {"categorical_weight": 0.0, "continuous_weight": 0.0}


def accept(seeds: Sequence[int], *, quick: bool) -> list[Check]:
    """Train with the information term and without it, on digits."""
    runs = [figures(seed, quick=quick) for seed in seeds]
    plain = [figures(seed, quick=quick, **WITHOUT) for seed in seeds]
    names = "nmi", "nmi_of_real", "correlation", "bound", "frechet"
    found, beside = (
        {name: [run[name] for run in part] for name in names} for part in (runs, plain)
    )
    baseline = "lambda = 0"
    nmi, real = "NMI of c1 and the class seen in samples", "NMI of Q's c1 and the class, test part"
    walks = "|correlation| of a continuous code with slant or ink"
    return [
        at_least(nmi, found["nmi"], 0.5),
        above(nmi, found["nmi"], beside["nmi"], baseline_name=baseline, factor=10),
        above(real, found["nmi_of_real"], beside["nmi_of_real"], baseline_name=baseline),
        at_least(walks, found["correlation"], 0.5),
        at_most(f"{walks}, lambda = 0", beside["correlation"], 0.2),
        at_most("information in c1 (nats), at most log 10", found["bound"], math.log(10)),
    ]


def figures(seed: int, *, quick: bool, **changed: float) -> dict[str, float]:
    """Train one; return its figures."""
    judge = reference()
    model = built("infogan", seed, task=task_of(judge), quick=quick, **changed)
    assert isinstance(model, Infogan)
    train(model, seed, updates=UPDATES, quick=quick)
    rng = stream(Seeds(seed, 7, 0).own("evaluate"))
    with model.judging():
        codes = model.codes(NUM_JUDGED, rng)
        made = model.made(codes)
        seen = judge.second.classes(made)
        return {
            "nmi": best_information(codes["categories"], torch.as_tensor(seen)),
            "nmi_of_real": model.score_real(),
            "correlation": correlation(model, rng),
            "bound": float(information(model.guess(made), codes).categorical),
            "frechet": judge.frechet(made),
        }


def correlation(model: Infogan, rng: torch.Generator) -> float:
    """Return the largest |correlation| of a continuous code with the slant or the ink of samples.

    Over 100 walks from -2 to 2, all other codes fixed in each.
    """
    values = torch.linspace(-REACH, REACH, STEPS)
    codes = model.codes(WALKS, rng)
    walked = {name: code.repeat_interleave(STEPS, dim=0) for name, code in codes.items()}
    found = []
    for dimension in range(model.settings.continuous_codes):
        walk = traverse(codes["continuous"], dimension=dimension, values=values)
        made = model.made({**walked, "continuous": walk})
        for measure in (fitness.slant, fitness.ink):
            measured = measure(made)
            found.append(abs(np.corrcoef(walk[:, dimension], measured)[0, 1]))
    return float(max(found))
