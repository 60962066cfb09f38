"""PGGAN: what growing is worth at equal images, and that a fade begins where the networks were.

Three methods meet OpenMoji at 16x16, with batches of 32 and 800 updates, so that all look at as
many images; growing takes less time on each:

    PGGAN       4x4 -> 8x8 -> 16x16, 5,000 images to fade in and 5,000 to stay
    whole       the same networks, 16x16 from the start
    no groups   PGGAN whose D does not see how samples of a group differ

Samples are held against pictures that nobody learned from, by the sliced Wasserstein distance of
the paper's section 5: of patches of 7x7 pixels from each level of a Laplacian pyramid, brought to
mean 0 and deviation 1 by channel, the mean over levels (here 128 patches of each of 400 images,
16x16 and 8x8); and by the Fréchet distance in the features of a classifier that is fixed.

Both players have one rate; it was searched for each of the first two methods on seed 10, which is
not judged, with 300 updates (2,000 images to fade in and 2,000 to stay). Sliced distance and
Fréchet distance:

                    1e-3          2e-3          4e-3          8e-3
    PGGAN           .155, 23.2    .105, 23.9    .086, 18.8    .087, 14.4
    whole           .103, 23.2    .083, 18.1    .070, 19.4    .076, 16.5

So all have 4e-3, which is best by the measure that leads. So early PGGAN has
been at its full size for 2,000 images only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

import fitness
from acceptance import Figures
from acceptance.parts.patches import cut
from acceptance.training import reference, samples, task_of, trained
from egan.collection.pggan.model import Pggan
from egan.collection.pggan.networks import Generator, enlarged, shrunk
from egan.tasks import Task

SEEDS = 3
SIZE = 16
UPDATES = 800
NUM_JUDGED = 400
PATCHES = 128
GROWING = {"fade_kimg": 5.0, "stable_kimg": 5.0}
RATE = 4e-3


class Stuck(Pggan):
    """Never grows beyond its second size."""

    def due(self) -> float:
        """Return how far networks are to have grown by now, at most by one block."""
        return min(super().due(), 1.0)


class Abrupt(Generator):
    """Its new block is there at once."""

    def at(self, codes: Tensor, level: int, alpha: float = 1.0) -> Tensor:
        """Map codes to images, by the new block alone."""
        del alpha
        return super().at(codes, level)


def accept(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Train all three methods."""
    grown = [method(seed, quick=quick) for seed in seeds]
    whole = [method(seed, quick=quick, grow=False) for seed in seeds]
    alone = [method(seed, quick=quick, minibatch_std=False) for seed in seeds]
    stuck = method(seeds[0], kind=Stuck, quick=quick)
    frechet = reference("openmoji", image_size=SIZE).frechet
    beside = "the same networks, of full size from the start"
    patches = 2 if quick else PATCHES
    return [
        Figures(
            mark="sliced",
            found=[sliced(one, patches) for one in grown],
            baseline=[sliced(one, patches) for one in whole],
            baseline_name=beside,
            saboteur="growth stops at 8x8",
            sabotaged=[sliced(stuck, patches)],
        ),
        Figures(
            mark="frechet",
            found=[frechet(one) for one in grown],
            baseline=[frechet(one) for one in whole],
            baseline_name=beside,
            saboteur="growth stops at 8x8",
            sabotaged=[frechet(stuck)],
        ),
        Figures(
            mark="spread",
            found=[spread(one) for one in grown],
            baseline=[spread(one) for one in alone],
            baseline_name="D does not see how samples of a group differ",
            saboteur="a generator of two images",
            sabotaged=[spread(grown[0][:2].repeat(NUM_JUDGED // 2, 1, 1, 1))],
        ),
        Figures(
            mark="fade",
            found=[jump(Generator, seed) for seed in seeds],
            saboteur="a block that is there at once",
            sabotaged=[jump(Abrupt, seeds[0])],
        ),
    ]


def task() -> Task:
    """Return what models learn from, the training part; the test part judges."""
    return task_of(reference("openmoji", image_size=SIZE))


def method(
    seed: int,
    *,
    quick: bool,
    kind: str | type[Pggan] = "pggan",
    updates: int = UPDATES,
    **changed: Any,
) -> Tensor:
    """Train with some settings changed; return samples (N, 3, H, W)."""
    rates = {"generator_lr": RATE, "discriminator_lr": RATE}
    settings = {**GROWING, **rates, **changed}
    model = trained(kind, seed, task=task(), updates=updates, quick=quick, **settings)
    return samples(model, NUM_JUDGED, seed)


def sliced(made: Tensor, number: int) -> float:
    """Return the mean over levels of the sliced Wasserstein distance of so many patches."""
    rng = np.random.default_rng(0)
    real = reference("openmoji", image_size=SIZE).test.tensor(range(NUM_JUDGED))
    levels = zip(pyramid(made), pyramid(real), strict=True)
    pairs = [(cut(a, number, rng), cut(b, number, rng)) for a, b in levels]
    return float(np.mean([fitness.sliced_wasserstein(a, b, rng=rng) for a, b in pairs]))


def pyramid(images: Tensor) -> list[Tensor]:
    """Return what each size adds to the one below, the largest first, and the smallest itself."""
    small = shrunk(images, SIZE // 2)
    return [images - enlarged(small, SIZE), small]


def spread(made: Tensor) -> float:
    """Return the mean distance of two samples, by pixel (root of the mean square)."""
    flat = made.flatten(1)
    return float(torch.pdist(flat).mean() / flat.shape[1] ** 0.5)


def jump(kind: type[Generator], seed: int) -> float:
    """Return how far images are from those of the size before where a fade begins, at the most."""
    torch.manual_seed(seed)
    settings = Pggan.presets["small"]().settings.tuned(Pggan.tiny)
    network, codes = kind((3, SIZE, SIZE), settings), torch.randn(8, settings.latent_dim)
    with torch.no_grad():
        before = [network.at(codes, level) for level in range(network.last)]
        begun = [network.at(codes, level + 1, alpha=0.0) for level in range(network.last)]
    pairs = zip(begun, before, strict=True)
    return max(float((b - enlarged(a, b.shape[-1])).abs().max()) for b, a in pairs)
