"""SeqGAN on the oracle's language: what rewards add to maximum likelihood, at equal updates.

One run of maximum likelihood is gone on with in three ways, so that all have the same start:

    SeqGAN       150 updates of D alone, then 60 of the policy gradient, each with 4 steps of D
    likelihood   210 more updates at the same rate; of three looks (at the start, half-way, at the
                 end) the best
    decayed      210 more updates at a tenth of the rate

Equal updates favour SeqGAN in time: one of the policy gradient takes as long as some 25 others.
Maximum likelihood that goes on as long, to 4,000 updates and beyond, is better than either: 3.22
nats with seed 10. The oracle asks how good samples are, which could be bought by saying less; so
what G says of held-out tokens stands below too, and has a mark.

Searched with seed 10, by the oracle's NLL on the part that judges members. Maximum likelihood at
3e-3, 1e-2 and 3e-2: 3.51, 3.38 and 3.42 nats after 1,000 updates, 3.41, 3.32 and 3.46 after 1,500,
3.22, 3.24 and 3.34 after 4,000; so 1e-2. SeqGAN after 1,000 updates of that, from 3.376 (2.672 of
held-out tokens), after so many updates of the policy gradient; D's steps before and between:

    sequences, rests, rate of G    D          10     20     30     40     50     60     100    200
    64, 4, 1e-4 (old moments)      200, 4                                 3.325         3.319  3.332
    64, 4, 3e-4 (old moments)      200, 4                                 3.339         3.310  3.306
    64, 4, 3e-3 (old moments)      200, 4                                 3.418
    64, 4, 3e-4                    200, 4                                 3.327         3.325  3.313
    64, 4, 1e-3                    200, 4                                 3.389         3.385
    768, none, 1e-3                150, 2                   3.308                3.486
    256, 1, 3e-4                   150, 4                   3.303                3.334
    512, 1, 1e-3                   500, 30    3.333  3.324  3.332  3.322
    512, 1, 3e-3                   500, 30    3.335  3.305
    512, 1, 5e-3                   500, 30    3.321  3.393
    512, 1, 1e-2                   500, 30    3.283  3.464  3.370  3.371
    512, 1, 3e-3, 64 filters       3000, 30   3.255  3.283  3.277
    512, 1, 3e-3, 64 filters       500, 100   3.298  3.314

Held-out tokens: 2.66 to 2.67 in all of them, but 2.895 at 3e-3 of the third row, 2.73 of the sixth,
and 2.74 at 1e-2. "None" has D's word on the whole sequence for each token; old moments are those
that Adam has of likelihood; D's rate was 1e-3. Contrary rewards are the saboteur: what D takes for
said is good.

On pitches of folk songs the settings are the same; of seed 10 on their kept part, divergence of
n-grams (a Markov chain has .0223, other songs of the same collection .0121) and what G says of kept
tokens: maximum likelihood at 3e-3, 1e-2 and 3e-2 after 1,000 updates .0166, .0199 and .0194 (1.67,
1.66 and 1.67 nats), the best of its three looks later .0145, .0146 and .0149; SeqGAN at 1e-4 and
3e-4 .0154 and .0142 (1.65).

The kept table has the settings of 256, 1, 3e-4, which were chosen before the rows below that.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor

from acceptance import Figures
from acceptance.training import built, samples, train
from egan.collection.seqgan.model import SeqGan, log_of, others_mean, policy_loss
from egan.collection.seqgan.networks import Speaker
from egan.data import load
from egan.judging.features import Features
from egan.tasks import Sequences
from egan.training.model import stream
from population.state import State

SEEDS = 3
TRIED = """The policy gradient is unbiased, but there is little for it to follow: after 150 to
600 updates D tells .59 to .63 of sequences rightly, after 3,000 .68, though the best there is
would tell nearly all (samples are 10 nats a sequence from the language). What looked like a gain
in the search was a start of seed 10 that was worse than others by chance.

With the same seeds the acceptance was run again as nearer to the paper's ratio as there was time
for: 500 updates of D alone, then 25 of the policy gradient with 100 steps of D each, 64 filters,
512 sequences, a rate of 3e-3, beside 524 more updates of likelihood; 272 CPU seconds. It gave
3.31 (3.29 to 3.31) beside 3.29 (3.25 to 3.3) of likelihood, 3.34 (3.3 to 3.34) of decayed and
3.32 (3.31 to 3.34) before. By that 4 of 5 marks were kept; but contrary rewards, with seed 0,
gave 3.27, better than all of these, so that it is not D's word that samples are better by, and
that table is not kept. A G that is rewarded for what D has heard too often says more of what is
frequent, which the oracle likes; held-out tokens were 2.68 in all cases. The paper has some
47,000 steps of D before, and 4,700 for each step of G: four hours on one thread for its 200
steps, not tried."""
LANGUAGE, SONGS = "oracle_language", "folk_pitches"
START, READING, POLICY = 1000, 150, 60
SETTINGS: dict[str, float] = {
    "lr": 1e-2,
    "generator_lr": 3e-4,
    "discriminator_lr": 1e-3,
    "discriminator_steps": 4,
    "policy_batch_size": 256,
    "filters": 32,
}
NUM_JUDGED = 5000
VOCABULARY, LENGTH = 3, 3


class Contrary(SeqGan):
    """Its rewards are how sure D is that a sequence was said."""

    def rewards(self, tokens: Tensor) -> Tensor:
        """Turn D's word round."""
        return 1 - super().rewards(tokens)


def accept(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Measure each mark."""
    starts = [started(seed, quick=quick) for seed in seeds]
    each = list(zip(seeds, starts, strict=True))
    begun = [model_of(*one, quick=quick) for one in each]
    models = [rewarded(SeqGan, *one, quick=quick) for one in each]
    turned = [rewarded(Contrary, *one, quick=quick) for one in each[:1]]
    found, contrary, before = (
        [worth(one, seed) for one, seed in zip(known, seeds, strict=False)]
        for known in (models, turned, begun)
    )
    likelihood = [longer(*one, quick=quick) for one in each]
    decayed = [slower(*one, quick=quick) for one in each]
    beside = {
        "oracle": ("the best of maximum likelihood, as many updates", likelihood),
        "decayed": ("maximum likelihood at a tenth of the rate, as many updates", decayed),
        "before": ("before the policy gradient", before),
    }
    return [
        *tunes(seeds, quick=quick),
        Figures(
            mark="held_out",
            found=[held_out(one) for one in models],
            baseline=[held_out(one) for one in begun],
            baseline_name="before the policy gradient",
            saboteur="before it, at a temperature of a half, which the oracle would like better",
            sabotaged=[held_out(colder(seeds[0], starts[0], quick=quick))],
            sabotaged_baseline=[held_out(begun[0])],
        ),
        *(
            Figures(
                mark=mark,
                found=found,
                baseline=others,
                baseline_name=text,
                saboteur="contrary rewards",
                sabotaged=contrary,
                sabotaged_baseline=others[:1],
            )
            for mark, (text, others) in beside.items()
        ),
        Figures(
            mark="unbiased",
            found=[off(seed) for seed in seeds],
            saboteur="a baseline that the row itself is a part of",
            sabotaged=[off(seeds[0], others=False)],
        ),
    ]


@cache
def task(name: str = LANGUAGE) -> Sequences:
    """Return the language; what is kept for tests judges."""
    known, kept = (load(name, split=part) for part in ("train", "test"))
    return Sequences(known, kept, Features(known.kind.flat))


def tunes(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Measure the same on pitches of folk songs, which no oracle judges."""
    options: dict[str, Any] = {"on": SONGS, "quick": quick}
    starts = [started(seed, **options) for seed in seeds]
    each = list(zip(seeds, starts, strict=True))
    models = [rewarded(SeqGan, *one, **options) for one in each]
    turned = rewarded(Contrary, *each[0], **options)
    begun = [model_of(seed, state, **options) for seed, state in each]
    return [
        Figures(
            mark="tunes",
            found=[worth(one, seed) for one, seed in zip(models, seeds, strict=True)],
            baseline=[longer(*one, **options) for one in each],
            baseline_name="the best of maximum likelihood, as many updates",
            saboteur="contrary rewards",
            sabotaged=[worth(turned, seeds[0])],
        ),
        Figures(
            mark="tunes_held_out",
            found=[held_out(one) for one in models],
            baseline=[held_out(one) for one in begun],
            baseline_name="before the policy gradient",
            saboteur="before it, at a temperature of a half",
            sabotaged=[held_out(model_of(*each[0], **options, temperature=0.5))],
            sabotaged_baseline=[held_out(begun[0])],
        ),
    ]


def model_of(
    seed: int,
    state: State | None = None,
    *,
    on: str = LANGUAGE,
    quick: bool,
    kind: type[SeqGan] = SeqGan,
    **changed: float,
) -> SeqGan:
    """Build a model, which goes on from a state."""
    settings = {"pretrain_updates": START, "discriminator_updates": READING, **SETTINGS, **changed}
    model = built(kind, seed, task=task(on), quick=quick, **settings)
    assert isinstance(model, SeqGan)
    if state is not None:
        model.load_state_dict(copy.deepcopy(state))
    return model


def started(seed: int, *, on: str = LANGUAGE, quick: bool) -> State:
    """Return the state after maximum likelihood."""
    model = model_of(seed, on=on, quick=quick)
    return train(model, seed, updates=START, quick=quick).state_dict()


def rewarded(
    kind: type[SeqGan], seed: int, state: State, *, on: str = LANGUAGE, quick: bool
) -> SeqGan:
    """Return a model after D's own updates and those of the policy gradient."""
    model = model_of(seed, state, on=on, quick=quick, kind=kind)
    return gone_on(model, seed, READING + POLICY, quick=quick)


def colder(seed: int, state: State, *, quick: bool) -> SeqGan:
    """Return a model before the policy gradient that says what is likely."""
    return model_of(seed, state, quick=quick, temperature=0.5)


def longer(seed: int, state: State, *, on: str = LANGUAGE, quick: bool) -> float:
    """Return the best of three looks while maximum likelihood goes on."""
    model = model_of(seed, state, on=on, quick=quick, pretrain_updates=10 * START)
    half = (READING + POLICY) // 2
    start = worth(model, seed)
    return min(start, *(worth(gone_on(model, seed, half, quick=quick), seed) for _ in range(2)))


def slower(seed: int, state: State, *, quick: bool) -> float:
    """Return the oracle's NLL after more maximum likelihood at a tenth of the rate."""
    model = model_of(seed, state, quick=quick, pretrain_updates=10 * START, lr=SETTINGS["lr"] / 10)
    return worth(gone_on(model, seed, READING + POLICY, quick=quick), seed)


def gone_on(model: SeqGan, seed: int, updates: int, *, quick: bool) -> SeqGan:
    """Take updates more, on a stream of their own."""
    model.rng.manual_seed(1000 * (1 + model.updates) + seed)
    train(model, seed, updates=updates, quick=quick)
    return model


def worth(model: SeqGan, seed: int) -> float:
    """Return what the oracle says of samples, or how far their n-grams are from kept ones'."""
    return -model.task.appraised(samples(model, NUM_JUDGED, seed))["fitness"]


def held_out(model: SeqGan) -> float:
    """Return what a model says of sequences that are kept, in nats of a token."""
    kept = model.task.held_out.real(NUM_JUDGED)
    with model.judging():
        said: float = model.task.of_a_token(model.log_density(kept, stream(0)))
    return said


def off(seed: int, *, others: bool = True) -> float:
    """Return how far the estimator's expectation is from the gradient of the expected reward.

    Both are enumerated, over all pairs of the 27 sequences of 3 tokens out of 3: the largest
    difference of a number, in float64.
    """
    torch.manual_seed(seed)
    speaker = Speaker(VOCABULARY, embedding=4, width=5).double()
    every = torch.tensor(list(itertools.product(range(VOCABULARY), repeat=LENGTH)))
    worth = torch.rand(len(every), dtype=torch.float64)
    logits = speaker(every)
    p = log_of(logits, every).sum(dim=1).exp()
    truth = gradient((p * worth).sum(), speaker)
    q, p = exact_rewards(every, p.detach(), worth), p.detach()
    mean = torch.zeros((), dtype=torch.float64)
    for pair in itertools.product(range(len(every)), repeat=2):
        rows = list(pair)
        baseline = others_mean(q[rows]) if others else q[rows].mean(dim=0)
        loss = policy_loss(logits[rows], every[rows], q[rows] - baseline)
        mean = mean + p[rows].prod() * loss
    return float((gradient(mean, speaker) + truth).abs().max())


def exact_rewards(every: Tensor, p: Tensor, worth: Tensor) -> Tensor:
    """Return what each beginning of each sequence is worth, (27, 3)."""
    columns = []
    for t in range(1, LENGTH + 1):
        alike = (every[:, None, :t] == every[None, :, :t]).all(dim=2).double()
        columns.append((alike * p * worth).sum(dim=1) / (alike * p).sum(dim=1))
    return torch.stack(columns, dim=1)


def gradient(loss: Tensor, speaker: Speaker) -> Tensor:
    """Return a loss's gradient in all numbers of a network."""
    found = torch.autograd.grad(loss, list(speaker.parameters()), retain_graph=True)
    return torch.cat([one.flatten() for one in found])
