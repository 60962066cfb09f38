"""GAN: the theorem on a law of seven points, samples of digits, a D that grows unsure.

The points are a game of the class itself (`acceptance.tabular`): its losses, objective, optimisers
and updates, in exact expectations.

Digits are compared with what somebody without a GAN would take, fitted to the same images. Settings
are chosen by the likelihood of a quarter of the training part, then fitted to all of it: Parzen
windows of a width of .1, .15, .2, .3 or .4, and a mixture of 10, 20, 40 or 80 Gaussians with full
covariances and a ridge of .001, .01 or .03. Chosen by the Fréchet distance they would recall: the
narrowest windows are nearer to the training part (.134) than the test part is (.141). Parzen's are
training images with noise; `new` asks whether G's samples are not that too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor

from acceptance import Figures
from acceptance.tabular import (
    jensen_shannon,
    law_of,
    negated,
    play,
    table,
    with_best_discriminator,
)
from acceptance.training import built, reference, samples, task_of, train
from egan.collection.gan import Gan
from egan.data.dataset import Array
from egan.judging.reference import Reference
from egan.training.game import Game
from egan.training.model import Model

ROUNDS, RATES = 1000, {"generator_lr": 0.1, "discriminator_lr": 0.05}
STILL = 1e-30
"""A learning rate with which nothing moves."""
UPDATES, PARTS = 4000, 10
NUM_JUDGED = 1000
WIDTHS = (0.1, 0.15, 0.2, 0.3, 0.4)
COMPONENTS, RIDGES = (10, 20, 40, 80), (1e-3, 1e-2, 3e-2)
NUM_RECALLED = 300


def accept(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Play the game on a table, where the answer is known, and on digits."""
    return [*of_the_theorem(seeds, quick=quick), *of_digits(seeds, quick=quick)]


def of_the_theorem(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Hold gradient, law and D against what the paper's section 4 says of them."""
    climbing = negated(Gan)
    games = [game(Gan, seed, quick=quick) for seed in seeds]
    lost = [game(climbing, seed, quick=quick) for seed in seeds]
    blind = [game(Gan, seed, quick=quick, discriminator_lr=STILL) for seed in seeds]
    return [
        Figures(
            mark="gradient",
            found=[gradient_error(Gan, seed) for seed in seeds],
            saboteur="G's objective negated",
            sabotaged=[gradient_error(climbing, seed) for seed in seeds],
        ),
        Figures(
            mark="law",
            found=[divergence(one) for one in games],
            saboteur="G's objective negated",
            sabotaged=[divergence(one) for one in lost],
        ),
        Figures(
            mark="best_discriminator",
            found=[distance_from_best(one) for one in games],
            saboteur="D does not learn",
            sabotaged=[distance_from_best(one) for one in blind],
        ),
    ]


def game(kind: type[Game], seed: int, *, quick: bool, **rates: float) -> Any:
    """Play minimax against a random law p of 7 points, five steps of D to one of G."""
    model = table(kind, seed, p=law_of(seed), generator_loss="minimax", discriminator_steps=5)
    return play(model, rounds=5 if quick else ROUNDS, rates={**RATES, **rates})


def divergence(model: Any) -> float:
    """Return the Jensen-Shannon divergence of G's law and the data's, in nats."""
    return float(jensen_shannon(model.p, model.generator().detach()))


def distance_from_best(model: Any) -> float:
    """Return the largest distance of D from p / (p + q)."""
    best = model.p / (model.p + model.generator().detach())
    return float((model.scores.sigmoid() - best).abs().max())


def gradient_error(kind: type[Game], seed: int) -> float:
    """Return how far G's gradient against the best D is from that of JSD(p, q), relatively.

    G is some law q, D is trained to rest by the model's own loss. ½ E[log(1 − D)], which G
    minimises, then has the gradient of the divergence.
    """
    model = table(kind, seed, p=law_of(seed), generator_loss="minimax")
    theta = model.generator.theta
    with torch.no_grad():
        theta.copy_(law_of(1000 + seed).log())
    with_best_discriminator(model)
    [loss] = model.generator_losses(model.draw(), model.draw(), [model.objective()])
    (found,) = model.gradient(loss, "generator")
    (wanted,) = torch.autograd.grad(jensen_shannon(model.p, model.generator()), theta)
    return float((found - wanted).detach().norm() / wanted.norm())


def of_digits(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Train on digits, and look at the samples and at D on the way."""
    runs = [on_digits(seed, quick=quick) for seed in seeds]
    models, falls = [model for model, _ in runs], [fall for _, fall in runs]
    _, blind = on_digits(seeds[0], quick=quick, discriminator_lr=STILL, parts=2)
    judge = reference()
    found = [samples(model, NUM_JUDGED, seed) for model, seed in zip(models, seeds, strict=True)]
    unlearned = built("gan", seeds[0], task=task_of(judge), quick=quick)
    nothing = judge.frechet(samples(unlearned, NUM_JUDGED, seeds[0]))
    kept = judge.test.real(NUM_JUDGED)
    return [
        Figures(
            mark="frechet",
            found=[judge.frechet(one) for one in found],
            baseline=[judge.frechet(of_windows(seed)) for seed in seeds],
            baseline_name="Parzen windows, chosen by likelihood",
            saboteur="untrained",
            sabotaged=[nothing],
        ),
        Figures(
            mark="frechet_mixture",
            found=[judge.frechet(one) for one in found],
            baseline=[judge.frechet(of_mixture(seed, quick=quick)) for seed in seeds],
            baseline_name="mixture of Gaussians, chosen by likelihood",
            saboteur="untrained",
            sabotaged=[nothing],
        ),
        Figures(
            mark="new",
            found=[newness(judge, one) for one in found],
            baseline=[newness(judge, kept)] * len(seeds),
            baseline_name="test images",
            saboteur=f"G recalls {NUM_RECALLED} training images",
            sabotaged=[newness(judge, judge.train.real(NUM_RECALLED))],
        ),
        Figures(
            mark="unsure",
            found=falls,
            saboteur="D does not learn",
            sabotaged=[blind],
        ),
    ]


def on_digits(
    seed: int, *, quick: bool, parts: int = PARTS, **changed: float
) -> tuple[Model, float]:
    """Train for some tenths; return the model, and how far D's AUC has fallen since the first.

    D is asked to tell images of the test part from samples, the average's, in evaluation mode.
    """
    model = built("gan", seed, task=task_of(reference()), quick=quick, **changed)
    told = []
    for _ in range(parts):
        train(model, seed, updates=UPDATES // PARTS, quick=quick)
        told.append(auc(model, seed))
    return model, told[0] - told[-1]


def auc(model: Model, seed: int) -> float:
    """Return the probability that D ranks a test image above a sample; ties count half."""
    from sklearn.metrics import roc_auc_score

    assert isinstance(model, Gan)
    real, fake = reference().test.real(NUM_JUDGED), samples(model, NUM_JUDGED, seed)
    with model.judging():
        scores = torch.cat([model.discriminator(real), model.discriminator(fake)])
    return float(roc_auc_score([1] * len(real) + [0] * len(fake), scores.numpy()))


def newness(judge: Reference, made: Tensor) -> float:
    """Return the median distance in pixels of samples (N, *shape) to the nearest training image."""
    known = judge.train.tensor(np.arange(len(judge.train))).flatten(1)
    return float(torch.cdist(made.flatten(1), known).amin(dim=1).median())


def of_windows(seed: int) -> Tensor:
    """Draw from Parzen windows on the training part, see the top."""
    from sklearn.neighbors import KernelDensity

    options = [partial(KernelDensity, bandwidth=width) for width in WIDTHS]
    return images(best_of(options)().fit(pixels()).sample(NUM_JUDGED, random_state=seed))


def of_mixture(seed: int, *, quick: bool) -> Tensor:
    """Draw from a mixture of Gaussians of the training part, see the top."""
    from sklearn.mixture import GaussianMixture

    options = [
        partial(GaussianMixture, size, reg_covar=ridge, max_iter=30, random_state=seed)
        for size, ridge in product(COMPONENTS[:1] if quick else COMPONENTS, RIDGES)
    ]
    return images(best_of(options)().fit(pixels()).sample(NUM_JUDGED)[0])


def best_of(options: Sequence[Callable[[], Any]]) -> Callable[[], Any]:
    """Return the density model under which a quarter of the training part is likeliest."""
    known = pixels()
    order = np.random.default_rng(0).permutation(len(known))
    cut = len(order) * 3 // 4
    learned, held = known[order[:cut]], known[order[cut:]]
    return max(options, key=lambda option: float(np.mean(option().fit(learned).score(held))))


@cache
def pixels() -> Array:
    """Return the training part as rows of pixels, (N, F), float64."""
    train_part = reference().train
    return train_part.tensor(np.arange(len(train_part))).flatten(1).double().numpy()


def images(drawn: Array) -> Tensor:
    """Return rows of pixels as images in [-1, 1]."""
    return torch.from_numpy(drawn).float().clamp(-1, 1).unflatten(1, reference().train.shape)
