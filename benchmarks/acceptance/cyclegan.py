"""CycleGAN: OpenMoji in colour to lines, learned without pairs; the pairs are known and judge.

Judged on the fifth of the drawings that nobody learned from, by the distance to each drawing's own
lines, which no loss sees. Beside it are what needs no network, the grey levels of colour pictures
brought to the distribution of those of lines, which is the best function of a pixel alone; and the
same networks without the cycle term, for as many updates. No form has the identity term.

Searched on seed 10 with 300 updates, by the Fréchet distance and the difference to the truth; G's
rate and D's:

    CycleGAN            2e-3, 5e-4: 3.43, .137   1e-3, 5e-4: 3.84, .141   2e-3, 2e-4: 3.67, .143
                        2e-3, 1e-3: 3.66, .137   4e-3, 5e-4: 3.88, .140
    without the cycle   2e-3, 5e-4: 26.2, .214   1e-3, 5e-4: 27.9, .256   2e-3, 2e-4: 36.3, .277
                        5e-4, 2e-4: 23.6, .303

Beside these, at 2e-3, 5e-4: an identity term of .5 3.21, .129; D's patches of 16 pixels in place of
34: 19.7, .396; 2 halvings of G at 2e-3, 1e-3 with the identity term 4.19, .176. An identity term of
that weight keeps what a picture shows without a cycle too: 3.58, .107, and at 2e-3, 2e-4 3.09,
.107. A picture's colours are not in its lines, so that the cycle term has G hide them there.

The saboteurs: no cycle term; a D that does not learn; a cycle that is to come back to another image
of the batch; no history.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from acceptance import Figures
from acceptance.training import built, trained
from egan import collection
from egan.collection.api import features_of
from egan.collection.cyclegan.model import SOURCE, CycleGan
from egan.data import load
from egan.tasks import TARGET, Batch, Scores, Translation
from egan.training.model import Model, stream
from population.seeding import Seeds

UPDATES = 800
FREE = {"cycle_weight": 1e-6}
STILL = {"discriminator_lr": 1e-12}
TRIED = """\
Tried for the marks beside grey levels that are matched: what the acceptance's docstring has, with
300 updates on seed 10, and there 600 at the rates that were taken: 3.25 and .126, where 400
held-out pictures with their levels matched are at 3.56 and .116. An identity term, which comes
nearer to the truth, is left out, so that the cycle term alone is held against its absence."""
JUDGED = 11
ASKED = 40


class Astray(CycleGan):
    """Has to come back to another image of the batch than the one it went out from."""

    def cycle_error(self, fake: Batch) -> Tensor:
        """Return the errors of cycles beside other images."""
        others = {name: fake.codes[name].roll(1, 0) for name in (SOURCE, TARGET)}
        return super().cycle_error(Batch(fake.samples, others))


@cache
def task() -> Translation:
    """Return what models learn from, the training part; the test part judges."""
    config = collection.preset("cyclegan")
    parted = partial(load, config.data.name, channels=config.data.channels, swap=True)
    train_part, test_part = (parted(split=part) for part in ("train", "test"))
    return Translation(train_part, test_part, features_of(config, parted()), l1_weight=0.0)


def accept(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Train each form."""

    def made(kind: str | type[Model], seed: int, **changed: Any) -> Scores:
        options: dict[str, Any] = {"task": task(), "updates": UPDATES, "quick": quick}
        return judged(trained(kind, seed, **options, **changed), seed)

    whole = [made("cyclegan", seed) for seed in seeds]
    free = [made("cyclegan", seed, **FREE) for seed in seeds]
    still, astray = made("cyclegan", seeds[0], **STILL), made(Astray, seeds[0])
    levels = task().compare(matched(), task().pairs_held_out(task().num_judged)[1])
    by_level = {"baseline_name": "grey levels brought to the distribution of lines'"}
    without = {"baseline_name": "without the cycle term, as many updates"}
    return [
        Figures(
            mark="truth",
            found=[one["l1"] for one in whole],
            baseline=[levels["l1"]] * len(seeds),
            saboteur="no cycle term",
            sabotaged=[one["l1"] for one in free],
            **by_level,
        ),
        Figures(
            mark="sharp",
            found=[one["frechet"] for one in whole],
            baseline=[levels["frechet"]] * len(seeds),
            saboteur="a D that does not learn",
            sabotaged=[still["frechet"]],
            **by_level,
        ),
        *(
            Figures(
                mark=mark,
                found=[one[score] for one in whole],
                baseline=[one[score] for one in free],
                saboteur="a cycle that is to come back to another image",
                sabotaged=[astray[score]],
                **without,
            )
            for mark, score in (("bound", "l1"), ("cycle", "cycle"))
        ),
        Figures(
            mark="history",
            found=[share_of_before(seed, quick=quick) for seed in seeds],
            saboteur="no history",
            sabotaged=[share_of_before(seeds[0], quick=quick, history=0)],
        ),
    ]


def matched() -> Tensor:
    """Return held-out pictures with their grey levels brought to the distribution of lines'."""
    known = task().data.tensor(np.arange(len(task().data)))
    lines = task().targets.tensor(np.arange(len(task().targets)))
    before, after = (np.sort(one.mean(1).numpy().ravel()) for one in (known, lines))
    source, target = task().pairs_held_out(task().num_judged)
    greys = source.mean(1).numpy()
    ranks = sum(np.searchsorted(before, greys, side) for side in ("left", "right")) // 2  # type: ignore[call-overload]
    levels = torch.from_numpy(after[np.minimum(ranks, len(after) - 1)])
    return levels[:, None].expand_as(target)


@torch.no_grad()
def share_of_before(seed: int, *, quick: bool, **changed: Any) -> float:
    """Return how many of the images that D gets, from a full history, are not those just made."""
    model = built("cyclegan", seed, task=task(), quick=quick, **changed)
    assert isinstance(model, CycleGan)
    model.rng = stream(seed)
    found = []
    for asked in range(2 * ASKED):
        fake = model.fake(model.settings.batch_size)
        given = model.remembered(fake)
        if asked >= ASKED:
            parts = zip(model.parted(fake.samples), model.parted(given.samples), strict=True)
            found += [(made != got).flatten(1).any(1).float().mean() for made, got in parts]
    return float(torch.stack(found).mean())


def judged(model: Model, seed: int) -> Scores:
    """Score a model's translations of what nobody learned from."""
    assert isinstance(model, CycleGan)
    model.rng = stream(Seeds(seed, JUDGED, 0).own("evaluate"))
    with model.judging():
        return model.score()
