"""Dissection: units that match classes, draw them, add them where they may be, and mar images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.stats import wilcoxon
from torch import Tensor

from acceptance import Check, above, at_most, below
from acceptance.training import reference, task_of, trained
from egan.collection.dissection.model import Dissection
from egan.collection.dissection.units import Edit, blended, dissect, masks_of, watched

UPDATES = 1400
NUM_SAMPLES = 600
RANDOM_DRAWS = 10
NUM_ARTEFACTS, NUM_RANKED = 2, 400
FIRST, SECOND = 11, 12
"""Seeds of the codes to choose units on, and to judge them on."""


def accept(seeds: Sequence[int], *, quick: bool) -> list[Check]:
    """Dissect a generator of scenes."""
    judge = reference("scenes", image_size=16)
    models = []
    for seed in seeds:
        model = trained("dissection", seed, task=task_of(judge), updates=UPDATES, quick=quick)
        assert isinstance(model, Dissection)
        model.training(False)
        models.append(model)
    with torch.no_grad():
        return [check for part in (matches, draws, adds, mars) for check in part(models)]


def matches(models: Sequence[Dissection]) -> list[Check]:
    """Compare the best unit's IoU with the one after masks change places."""
    found, permuted = [], []
    for model in models:
        with watched(model.layer) as seen:
            masks = masks_of(model.images(NUM_SAMPLES, seed=SECOND), model.classes)
        order = torch.randperm(NUM_SAMPLES, generator=torch.Generator().manual_seed(0))
        for values, some in ((found, masks), (permuted, masks[order])):
            values.append(float(dissect(seen[0], some).iou.amax(dim=0).min()))
    name = "best unit's IoU, the lower of two classes"
    return [above(name, found, permuted, baseline_name="masks permuted", factor=2)]


def draws(models: Sequence[Dissection]) -> list[Check]:
    """Ablate the chosen units of each class, and as many others."""
    removed, chance, others, doubt = [], [], [], []
    for model in models:
        own, other, random, p = np.transpose([ablated(model, i) for i in (0, 1)])
        removed.append(own.mean())
        chance.append(random.mean())
        others.append(other.mean())
        doubt.append(p.max())
    return [
        above(
            f"share of a class's pixels that go with {models[0].settings.num_units} units",
            removed,
            chance,
            baseline_name="as many random units",
            factor=2,
        ),
        at_most("p that they remove no more than random units, paired over z", doubt, 0.01),
        below("change of the other class's pixels", others, removed, baseline_name="of its own"),
    ]


def ablated(model: Dissection, index: int) -> tuple[float, float, float, float]:
    """Return the share of pixels that go, of the other's that change, by random units, and p."""
    before = pixels(model, None)
    units = model.choice.best(model.settings.num_units)[index]
    after = pixels(model, blended(units, 0.0, 1.0))
    rng = torch.Generator().manual_seed(index)
    random = torch.stack(
        [
            pixels(model, blended(shuffled(units, rng), 0.0, 1.0))[:, index]
            for _ in range(RANDOM_DRAWS)
        ]
    ).mean(dim=0)
    own, other = before.sum(dim=0)[[index, 1 - index]]
    difference = (random - after[:, index]).numpy()
    p = float(wilcoxon(difference, alternative="greater").pvalue) if difference.any() else 1.0
    return (
        float(1 - after[:, index].sum() / own),
        float((after[:, 1 - index].sum() / other - 1).abs()),
        float(1 - random.sum() / own),
        p,
    )


def adds(models: Sequence[Dissection]) -> list[Check]:
    """Insert each class in the half of the image where the data have it, and in the other.

    Only into images without the class: one that is there already leaves less to add on its side.
    """
    allowed, forbidden = [], []
    for model in models:
        size = model.layer.shape[1]
        halves = [torch.arange(size) < size // 2, torch.arange(size) >= size // 2]
        gains = np.array([[added(model, i, half) for half in halves] for i in (0, 1)])
        allowed.append((gains[0, 0] + gains[1, 1]) / 2)
        forbidden.append((gains[0, 1] + gains[1, 0]) / 2)
    name = "pixels that an insertion adds to an image without the class, on its side"
    return [above(name, allowed, forbidden, baseline_name="on the other side")]


def added(model: Dissection, index: int, columns: Tensor) -> float:
    """Return how many pixels of a class an insertion adds to an image that has none."""
    units = model.choice.best(model.settings.num_units)[index]
    insert, _ = model.edits(index, units, columns.float())
    before, after = (pixels(model, edit)[:, index] for edit in (None, insert))
    return float(after[before == 0].mean()) if (before == 0).any() else 0.0


def mars(models: Sequence[Dissection]) -> list[Check]:
    """Ablate the units without which samples come nearest to the data, and random ones."""
    found, random = [], []
    for model in models:
        count = model.layer.shape[0]
        one_each = torch.eye(count)
        alone = [distance(model, unit, NUM_RANKED, FIRST) for unit in one_each]
        worst = one_each[np.argsort(alone)[:NUM_ARTEFACTS]].sum(dim=0)
        rng = torch.Generator().manual_seed(0)
        others = [shuffled(worst, rng) for _ in range(RANDOM_DRAWS)]
        found.append(distance(model, worst, NUM_SAMPLES, SECOND))
        random.append(np.mean([distance(model, one, NUM_SAMPLES, SECOND) for one in others]))
    name = f"Fréchet distance without the {NUM_ARTEFACTS} worst units"
    return [below(name, found, random, baseline_name="without as many random ones")]


def distance(model: Dissection, units: Tensor, count: int, seed: int) -> float:
    """Return the Fréchet distance of samples with some units ablated."""
    made = model.images(count, seed=seed, edit=blended(units, 0.0, 1.0))
    return reference("scenes", image_size=16).frechet(made)


def pixels(model: Dissection, edit: Edit | None) -> Tensor:
    """Return how many pixels of each class are on each sample (N, C)."""
    made = model.images(NUM_SAMPLES, seed=SECOND, edit=edit)
    return masks_of(made, model.classes).float().sum(dim=(2, 3))


def shuffled(units: Tensor, rng: torch.Generator) -> Tensor:
    """Return as many units, drawn at random."""
    return units[torch.randperm(len(units), generator=rng)]
