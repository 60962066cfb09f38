"""pix2pix: lines of OpenMoji to colour, beside the same U-Net on L1 alone, for as many CPU seconds.

Judged on the fifth of the drawings that nobody learned from. The L1-only U-Net has no discriminator
and takes more updates in the same time. Learning rates are the best of four each that were tried on
seed 10, by the Fréchet distance after 25 CPU seconds:

    L1 alone   5e-4 15.9, 1e-3 13.3, 2e-3 12.3, 4e-3 11.4 (425 updates)
    pix2pix    G's 1e-3 with D's 2e-4 13.4 and 5e-4 12.8; 2e-3 with 5e-4 9.31 and 1e-3 9.73 (211)

The saboteurs: sources and targets that do not belong together, a D that does not learn, and G
without the L1 term; and of pairs, a D that sees no source.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache
from typing import Any

import torch

from acceptance import Figures
from acceptance.training import built, train, trained
from egan import collection
from egan.collection.api import features_of
from egan.collection.pix2pix.model import SOURCE, Pix2Pix
from egan.data import load
from egan.tasks import Batch, Scores, Translation
from egan.training.model import Model, stream
from population.seeding import Seeds

DATA = "openmoji_lines"
UPDATES = 400
RATES = {"generator_lr": 2e-3, "discriminator_lr": 5e-4}
L1_RATE = 4e-3
TRIED = """\
Tried for the mark that is missed: the four pairs of rates that the acceptance's docstring has. The
distance is below that of L1 alone in all three seeds, by a tenth in the median and not by the fifth
that was asked for. Features are weak here: the classifier tells 54% of quarter turns."""
STILL = {"discriminator_lr": 1e-12}
JUDGED = 11
FEW = 16


class L1Only(Pix2Pix):
    """The U-Net on the difference alone: no step of the discriminator, no pass through it."""

    def update(self) -> None:
        """Step G on the L1 term."""
        fake = self.fake(self.settings.batch_size)
        terms = self.generator_terms(fake, fake)
        assert terms is not None
        self.train_generator(terms)


class Astray(Pix2Pix):
    """Learns from targets that were drawn apart from their sources."""

    def _pairs(self, count: int, rng: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        source, target = super()._pairs(count, rng)
        return source, target.roll(1, 0)


@cache
def task() -> Translation:
    """Return what models learn from, the training part; the test part judges."""
    config = collection.preset("pix2pix")
    train_part, test_part = (load(DATA, split=part) for part in ("train", "test"))
    return Translation(train_part, test_part, features_of(config, load(DATA)))


def accept(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Train each form."""
    options: dict[str, Any] = {"task": task(), "updates": UPDATES, "quick": quick}
    whole, plain = [], []
    for seed in seeds:
        started = time.process_time()
        model = trained("pix2pix", seed, **options, **RATES)
        seconds = time.process_time() - started
        whole.append(judged(model, seed))
        plain.append(judged(rival(seed, seconds=seconds, quick=quick), seed))
    astray, still, free = (
        judged(trained(kind, seeds[0], **options, **{**RATES, **changed}), seeds[0])
        for kind, changed in (
            (Astray, {}),
            ("pix2pix", STILL),
            ("pix2pix", {"loss": "adversarial"}),
        )
    )
    colour = task().baselines()["mean colour"]["l1"]
    return [
        Figures(
            mark="sharp",
            found=[one["frechet"] for one in whole],
            baseline=[one["frechet"] for one in plain],
            baseline_name="the same U-Net on L1 alone, as many CPU seconds",
            saboteur="a D that does not learn",
            sabotaged=[still["frechet"]],
        ),
        Figures(
            mark="near",
            found=[one["l1"] for one in whole],
            baseline=[one["l1"] for one in plain],
            baseline_name="the same U-Net on L1 alone, as many CPU seconds",
            saboteur="G without the L1 term",
            sabotaged=[free["l1"]],
        ),
        Figures(
            mark="truth",
            found=[one["l1"] for one in whole],
            baseline=[colour] * len(seeds),
            baseline_name="the mean colour of all targets",
            saboteur="targets that do not belong to their sources",
            sabotaged=[astray["l1"]],
        ),
        Figures(
            mark="pairs",
            found=[minded(built("pix2pix", seed, task=task(), quick=quick)) for seed in seeds],
            saboteur="a D that sees no source",
            sabotaged=[
                minded(built("pix2pix", seeds[0], task=task(), quick=quick, conditional=False))
            ],
        ),
    ]


@torch.no_grad()
def minded(model: Model) -> float:
    """Return the share of patches of which D says something else beside another source."""
    assert isinstance(model, Pix2Pix)
    model.rng = stream(0)
    batch = model.draw(FEW)
    other = Batch(batch.samples, {SOURCE: batch.codes[SOURCE].roll(1, 0)})
    return float((model.logits(batch) != model.logits(other)).float().mean())


def rival(seed: int, *, seconds: float, quick: bool) -> Model:
    """Train the U-Net on L1 alone for as many CPU seconds."""
    model = built(L1Only, seed, task=task(), quick=quick, generator_lr=L1_RATE)
    started = time.process_time()
    while time.process_time() - started < seconds:
        train(model, seed, updates=1, quick=quick)
    return model


def judged(model: Model, seed: int) -> Scores:
    """Score a model's translations of what nobody learned from."""
    with model.judging():
        return task().score(model, stream(Seeds(seed, JUDGED, 0).own("evaluate")))
