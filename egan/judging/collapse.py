"""Has training collapsed? Told from what looks have seen, by one pure function.

    divergence         numbers that are not finite, or a loss of D far above what chance gives
    mode collapse      recall, coverage or modes far below the best that they have been
    D has won          D is sure of nearly every sample, real and generated: its gradient vanishes

The last two must have been seen at two looks in a row: a single look may be unlucky, and at the
beginning every discriminator wins for a moment.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from egan.judging.measures import OBJECTIVE, leading_of, measure

Kind = Literal["divergence", "mode collapse", "the discriminator has won"]

FINITE, REAL, FAKE, LOSS = "finite", "real", "fake", "loss"
"""What a pulse has: whether all is finite; D's mean probability of real and of generated samples;
its logistic loss on both."""

SPREAD: Mapping[str, float] = {"recall": 0.15, "coverage": 0.15, "modes": 3.0, "classes": 3.0}
"""Measures of variety, each with what it must have been for its loss to mean something."""
FAR_BELOW = 1 / 3
"""The share of its best under which variety is lost."""
SURE = 0.99
MOST_LOSS = 20.0
"""Chance gives 1.39."""
PATIENCE = 2

ADVICE: Mapping[Kind, str] = {
    "divergence": "Lower the learning rates, or the gradients' momentum (--beta1 0).",
    "mode collapse": (
        "Lower the generator's rate, give the discriminator more steps or a penalty, several "
        "generators (--evolution.niches), or few pictures augmentation (--augment)."
    ),
    "the discriminator has won": (
        "Lower the discriminator's rate, give it a penalty, or few pictures augmentation "
        "(--augment)."
    ),
}


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a look has seen.

    Attributes:
        number: The generation, or round.
        scores: The measures of samples, by name.
        pulse: What `egan.training.pulse` has felt.
    """

    number: int
    scores: Mapping[str, float] = field(default_factory=dict)
    pulse: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Something is wrong.

    Attributes:
        kind: What.
        facts: By which numbers, for a reader.
    """

    kind: Kind
    facts: str

    @property
    def advice(self) -> str:
        """What may help."""
        return ADVICE[self.kind]


def detect(looks: Sequence[Look], *, since: int = -1) -> Alarm | None:
    """Return what is wrong at the last look, if anything is.

    Args:
        looks: All looks, in their order.
        since: The number of the look at which the run last went back; only later ones count as its
            present, all as what it has been able to do.
    """
    if not looks:
        return None
    now = [look for look in looks if look.number > since][-PATIENCE:]
    return _diverged(looks[-1]) or (
        None if len(now) < PATIENCE else _lost_modes(looks, now) or _won(now)
    )


def _diverged(look: Look) -> Alarm | None:
    if look.pulse.get(FINITE, 1.0) < 1:
        return Alarm(kind="divergence", facts="weights or outputs are not finite")
    loss = look.pulse.get(LOSS, 0.0)
    if loss > MOST_LOSS:
        return Alarm(kind="divergence", facts=f"the discriminator's loss is {loss:.3g}")
    return None


def _lost_modes(looks: Sequence[Look], now: Sequence[Look]) -> Alarm | None:
    for name, least in SPREAD.items():
        best = max((look.scores.get(name, -math.inf) for look in looks), default=-math.inf)
        values = [look.scores.get(name, math.nan) for look in now]
        if best >= least and all(value < FAR_BELOW * best for value in values):
            one = measure(name)
            facts = f"{one.phrase(values[-1])}, where it has been {one.text(best)}"
            return Alarm(kind="mode collapse", facts=facts)
    return None


def _won(now: Sequence[Look]) -> Alarm | None:
    sure = all(
        look.pulse.get(REAL, 0.0) > SURE and look.pulse.get(FAKE, 1.0) < 1 - SURE for look in now
    )
    if not sure:
        return None
    last = now[-1].pulse
    facts = f"D(x) is {last[REAL]:.4f} of real samples and {last[FAKE]:.4f} of generated ones"
    return Alarm(kind="the discriminator has won", facts=facts)


def merit(scores: Mapping[str, float]) -> float:
    """Return how good a look was: its fitness, or what leads a report; higher is better.

    -inf where it says nothing.
    """
    name = OBJECTIVE if OBJECTIVE in scores else next(iter(leading_of(scores)), "")
    value = measure(name).sign * scores[name] if name else math.nan
    return value if math.isfinite(value) else -math.inf
