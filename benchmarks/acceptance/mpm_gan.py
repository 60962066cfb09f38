"""MPM-GAN: what messages and competing add to generators that share a batch.

Five methods meet 25 Gaussians with batches of 128:

    MPM-GAN        4 generators of 32 units that compete and hear each other
    shared batch   the same generators without messages or competing, as many updates
    as long        the same for as much CPU time, which is LONGER times as many updates
    single         one generator with as many parameters as all of that, as long as the last
    ensemble       4 GANs of their own: each generator has its own D and a quarter of the batch

The shared batch is what a population of generators against one D is without more: messages get no
credit for a division of labour that is there without them. Every method had the same search of one
rate for both players, for 1,500 updates on seeds 10, 11 and 12, which are not judged. Modes:

                                        1e-3        2e-3        4e-3
    MPM-GAN                             18, 13, 15  17, 19, 17  8, 8, 10
    shared batch                        10, 13, 12  20, 20, 16  14, 11, 16
    messages heard that never learn     12, 10, 16  15, 13, 10
    competing without messages          10, 12, 14
    messages without competing          14, 11, 13
    single                                                      0, 1, 0

So all have 2e-3, at which the single one of 63 units had 6, 7 and 9 in the search for MAD-GAN,
and the ensemble, of the same GANs as there, 7 on seed 10. An update of MPM-GAN took 2.35 times the
CPU time of one of the shared batch.

Two saboteurs of the first run kept marks: one generator that makes everything while it hears three
others has 15 modes, and generators that compete without ever being asked to fool D have 16. In
their place D never sees what three of the four generators make; that was run by itself, on seed 0.

The quick mark asks whether what a generator makes depends on what it hears: the mean change of its
samples, in their own deviations, if all others fall silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from acceptance import Figures
from acceptance.mad_gan import NUM_JUDGED, covered, ensemble, task
from acceptance.mad_gan import RATE as ENSEMBLES_RATE
from acceptance.training import SAMPLED, built, num_parameters, samples, train
from egan.collection.mpm_gan.model import MpmGan
from egan.collection.mpm_gan.networks import Speakers
from egan.tasks import Batch
from egan.training.agents import OWNERS
from egan.training.model import stream
from population.seeding import Seeds

SEEDS = 5
UPDATES = 2000
LONGER = 2.3
"""How many updates without messages take the CPU time of one with them."""
RATES = {"mpm_gan": 2e-3, "shared batch": 2e-3, "single": 2e-3}
SILENT: dict[str, Any] = {"message_dim": 0, "competing_weight": 0.0}
METHODS: dict[str, dict[str, Any]] = {"mpm_gan": {}, "shared batch": SILENT}
SINGLE = {"num_generators": 1, "width": 82, "shared": 0}
"""A MAD-GAN of one generator, which is the plain game, with as many parameters."""


class Alone(MpmGan):
    """The first generator makes everything, whoever is asked."""

    def generate(self, network: torch.nn.Module, codes: Any) -> Tensor:
        """Let it make all samples."""
        return super().generate(network, {**codes, OWNERS: torch.zeros_like(codes[OWNERS])})


class Misled(MpmGan):
    """D is told of one generator's samples alone that they are made."""

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return the loss on the first one's."""
        own = fake.codes[OWNERS] == 0
        return super().fake_loss(Batch(fake.samples[own], {OWNERS: fake.codes[OWNERS][own]}))


def accept(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Train by all methods, and count modes."""
    own = [modes("mpm_gan", seed, quick=quick) for seed in seeds]
    longer = round(LONGER * UPDATES)
    alone = modes("mpm_gan", seeds[0], quick=quick, kind=Alone)
    misled = modes("mpm_gan", seeds[0], quick=quick, kind=Misled)
    one, none = (
        ("one generator makes everything", alone),
        ("D never sees the others' samples", misled),
    )
    beside = {
        "modes_shared": (
            one,
            "shared batch without messages, as many updates",
            [modes("shared batch", seed, quick=quick) for seed in seeds],
        ),
        "modes_as_long": (
            one,
            f"shared batch without messages, as much CPU time ({longer:,} updates)",
            [modes("shared batch", seed, quick=quick, updates=longer) for seed in seeds],
        ),
        "modes_single": (
            none,
            f"single generator of equal parameters ({longer:,} updates)",
            [single(seed, quick=quick, updates=longer) for seed in seeds],
        ),
        "modes_ensemble": (
            none,
            "4 GANs of their own",
            [of_ensemble(seed, quick=quick) for seed in seeds],
        ),
    }
    return [
        *[
            Figures(
                mark=mark,
                found=own,
                baseline=others,
                baseline_name=text,
                saboteur=saboteur,
                sabotaged=[worth],
            )
            for mark, ((saboteur, worth), text, others) in beside.items()
        ],
        Figures(
            mark="heard",
            found=[change(seed, quick=quick) for seed in seeds],
            saboteur="messages are not heard",
            sabotaged=[change(seeds[0], quick=quick, message_dim=0)],
        ),
    ]


def model_of(
    seed: int, *, quick: bool, kind: type[MpmGan] = MpmGan, rate: float, **changed: Any
) -> MpmGan:
    """Build a model with one rate for both players."""
    rates = {"generator_lr": rate, "discriminator_lr": rate}
    model = built(kind, seed, task=task(), quick=quick, **{**rates, **changed})
    if quick and "message_dim" in changed:  # a tiny model has messages of its own
        changed = {**changed, **{k: v for k, v in MpmGan.tiny.items() if k != "message_dim"}}
        model = built(kind, seed, task=task(), quick=False, **{**rates, **changed})
    assert isinstance(model, MpmGan)
    return model


def modes(
    name: str,
    seed: int,
    *,
    quick: bool,
    updates: int = UPDATES,
    rate: float | None = None,
    kind: type[MpmGan] = MpmGan,
) -> float:
    """Train by a method; return how many modes its samples cover."""
    rate = RATES[name] if rate is None else rate
    model = model_of(seed, quick=quick, kind=kind, rate=rate, **METHODS[name])
    train(model, seed, updates=updates, quick=quick)
    return covered(samples(model, NUM_JUDGED, seed))


def single(seed: int, *, quick: bool, updates: int = UPDATES, rate: float | None = None) -> float:
    """Train a plain GAN with as many parameters; return how many modes its samples cover."""
    rate = RATES["single"] if rate is None else rate
    rates = {"generator_lr": rate, "discriminator_lr": rate}
    model = built("mad_gan", seed, task=task(), quick=quick, **SINGLE, **rates)
    train(model, seed, updates=updates, quick=quick)
    return covered(samples(model, NUM_JUDGED, seed))


def of_ensemble(seed: int, *, quick: bool) -> float:
    """Train GANs of their own; return how many modes their samples cover."""
    made, _ = ensemble(seed, quick=quick, rate=ENSEMBLES_RATE, updates=UPDATES)
    return covered(made)


def change(seed: int, *, quick: bool, **changed: Any) -> float:
    """Return by how much samples change, in their deviation, if nobody is heard."""
    model = model_of(seed, quick=quick, rate=RATES["mpm_gan"], **changed)
    train(model, seed, updates=UPDATES // 10, quick=quick)
    network = model.average
    assert isinstance(network, Speakers)
    with model.judging():
        codes = model.codes(NUM_JUDGED, stream(Seeds(seed, SAMPLED, 0).own("evaluate")))
        made = model.made(codes)
        silence = torch.zeros(NUM_JUDGED, network.dim)
        silent = network.answer(codes["z"], silence, codes[OWNERS])
    return float((made - silent).square().mean().sqrt() / made.std())


def parameters(seed: int = 0) -> dict[str, int]:
    """Return how many parameters the generators of each method have, all together."""
    four = model_of(seed, quick=False, rate=1e-3)
    silent = model_of(seed, quick=False, rate=1e-3, **SILENT)
    one = built("mad_gan", seed, task=task(), quick=False, **SINGLE)
    return {
        "four": num_parameters(four.generator),
        "silent": num_parameters(silent.generator),
        "single": num_parameters(one.networks["generator"]),
    }
