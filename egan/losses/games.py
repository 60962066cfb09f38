"""Games by name: what the discriminator minimises, and what the generator minimises against it.

In E-GAN the discriminator's loss stays and only the generator's is mutated; a model with one fixed
game takes both halves here. All are functions of logits, r on real samples (M,) and o on generated
ones (N,), M and N may differ; "logit" is any score, it need not be a log-odds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch.nn.functional as F
from torch import Tensor

from egan.losses.discriminator import discriminator_loss
from mutations.adversarial import heuristic, hinge, minimax, wasserstein
from mutations.logits import flat
from mutations.objectives import Objective

HALVED = ("minimax", "heuristic")
"""The mutations that have E-GAN's factor ½."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Game:
    """Both players' losses.

    Attributes:
        discriminator: maps real logits (M,) and fake logits (N,) to a scalar.
        generator: maps fake logits (N,) to a scalar.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


def regression_loss(logits: Tensor, *, code: float, name: str = "logits") -> Tensor:
    """Pull logits to a code: ½ E[(o − code)²], (N,) -> (), in [0, ∞).

    Raises:
        ValueError: if `logits` is empty or not floating-point.
    """
    return 0.5 * (flat(logits, name=name) - code).square().mean()


def least_squares_loss(
    real_logits: Tensor, fake_logits: Tensor, *, real_code: float = 1.0, fake_code: float = 0.0
) -> Tensor:
    """Pull real logits to b and fake ones to a: ½ E[(r − b)²] + ½ E[(o − a)²].

    (M,), (N,) -> (), in [0, ∞). On the raw logit, as published. The optimum is
    (b p + a q) / (p + q) for densities p of the data and q of the samples.

    Raises:
        ValueError: if either is empty or not floating-point.

    Mao et al. 2017, arXiv 1611.04076; codes (a, b) = (0, 1) or (−1, 1).
    """
    real = regression_loss(real_logits, code=real_code, name="real logits")
    return real + regression_loss(fake_logits, code=fake_code, name="fake logits")


def least_squares_generator_loss(fake_logits: Tensor, *, code: float = 1.0) -> Tensor:
    """Pull fake logits to c: ½ E[(o − c)²], (N,) -> (), in [0, ∞).

    c = 1 with codes (0, 1), c = 0 with (−1, 1). With the latter, and the same term on real samples
    added, which changes no gradient, the best discriminator makes it ½ of the Pearson χ² between
    p + q and 2 q. On the raw logit: `least_squares`, the mutation, is on the probability.

    Raises:
        ValueError: if `fake_logits` is empty or not floating-point.

    Mao et al. 2017, arXiv 1611.04076.
    """
    return regression_loss(fake_logits, code=code, name="fake logits")


def hinge_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Part the logits by a margin: E[max(0, 1 − r)] + E[max(0, 1 + o)].

    (M,), (N,) -> (), in [0, ∞).

    Raises:
        ValueError: if either is empty or not floating-point.

    Lim and Ye 2017, arXiv 1705.02894.
    """
    real, fake = flat(real_logits, name="real logits"), flat(fake_logits, name="fake logits")
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def wasserstein_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Part the critic's means: E[o] − E[r], (M,), (N,) -> (), any real number.

    For a critic of slope at most 1 its negative is at most the Wasserstein-1 distance, and the best
    critic reaches it. Only with something that bounds the slope: clipped weights, or
    `egan.losses.discriminator.gradient_penalty`.

    Raises:
        ValueError: if either is empty or not floating-point.

    Arjovsky et al. 2017, arXiv 1701.07875.
    """
    real, fake = flat(real_logits, name="real logits"), flat(fake_logits, name="fake logits")
    return fake.mean() - real.mean()


def whole(mutation: Objective) -> Objective:
    """Return a mutation without E-GAN's factor ½: −E[log D] for −½ E[log D]; others as they are."""
    if mutation.name not in HALVED:
        return mutation

    def loss(fake: Tensor, real: Tensor | None) -> Tensor:
        return 2 * mutation.generator(fake, real)

    return replace(mutation, generator=loss, formula=mutation.formula.replace("1/2 ", ""))


GAMES: dict[str, Game] = {
    "minimax": Game(discriminator=discriminator_loss, generator=minimax),
    "heuristic": Game(discriminator=discriminator_loss, generator=heuristic),
    "least_squares": Game(discriminator=least_squares_loss, generator=least_squares_generator_loss),
    "hinge": Game(discriminator=hinge_loss, generator=hinge),
    "wasserstein": Game(discriminator=wasserstein_loss, generator=wasserstein),
}
