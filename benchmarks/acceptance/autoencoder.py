"""Autoencoder: what principal components tell, what more there is to tell, and codes drawn blindly.

Principal components have no rate. The autoencoder's was searched on a fifth of the training digits,
seed 100: 3e-4, 1e-3 and 3e-3, of which the best stands below; MNIST's has the same. The VAE has its
small preset's settings, the code's size and the number of updates of the autoencoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import Tensor

from acceptance import Figures
from acceptance.training import built, reference, samples, task_of, train, trained
from egan.collection.autoencoder import Autoencoder
from egan.tasks import Task
from egan.tasks.reconstruction import compare, principal

SEEDS = 3
UPDATES, LINEAR_UPDATES = 800, 800
CODE_DIM = 8
LINEAR = {"depth": 0, "latent_dim": CODE_DIM, "batch_size": 256}
STAGES = ((1e-2, 1), (3e-3, 1), (1e-3, 1))
"""Learning rates, with parts of the updates."""
DEEP = {"latent_dim": CODE_DIM, "batch_size": 128, "lr": 3e-3, "width": 256, "noise": 0.0}
NUM_DRAWN = 1000


class Blind(Autoencoder):
    """Its codes say nothing of a sample."""

    def encode(self, samples: Tensor) -> Tensor:
        """Return noughts."""
        return 0 * super().encode(samples)


def accept(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Measure each mark."""
    digits, mnist = task_of(reference()), None if quick else task_of(reference("mnist5k"))
    models = [deep(Autoencoder, seed, digits, quick=quick) for seed in seeds]
    others = [deep(Autoencoder, seed, mnist or digits, quick=quick) for seed in seeds]
    return [
        *linear_marks(seeds, digits, quick=quick),
        deeper("deeper", models, deep(Blind, seeds[0], digits, quick=quick)),
        deeper("deeper_mnist", others, deep(Blind, seeds[0], mnist or digits, quick=quick)),
        drawn(seeds, models, digits, quick=quick),
    ]


def linear_marks(seeds: Sequence[int], task: Task, *, quick: bool) -> list[Figures]:
    """Measure an autoencoder without hidden layers."""
    found = [error(linear(seed, task, quick=quick)) for seed in seeds]
    return [
        Figures(
            mark="exact",
            found=[off(components(seed, task, CODE_DIM), task) for seed in seeds],
            saboteur="one component fewer",
            sabotaged=[off(components(seed, task, CODE_DIM - 1), task) for seed in seeds],
        ),
        Figures(
            mark="linear",
            found=found,
            baseline=[told_by_components(task)] * len(seeds),
            baseline_name=f"{CODE_DIM} principal components",
            saboteur="half of the code",
            sabotaged=[
                error(linear(seed, task, quick=quick, latent_dim=CODE_DIM // 2))
                for seed in seeds[:1]
            ],
        ),
    ]


def deeper(mark: str, models: Sequence[Any], blind: Any) -> Figures:
    """Measure autoencoders with hidden layers beside principal components."""
    return Figures(
        mark=mark,
        found=[error(one) for one in models],
        baseline=[told_by_components(one.task) for one in models],
        baseline_name=f"{CODE_DIM} principal components",
        saboteur="codes that say nothing",
        sabotaged=[error(blind)],
    )


def drawn(seeds: Sequence[int], models: Sequence[Any], task: Task, *, quick: bool) -> Figures:
    """Measure what codes of N(0, 1) are decoded to, beside a VAE's."""
    beside = [
        trained("vae", seed, task=task, updates=UPDATES, quick=quick, latent_dim=CODE_DIM)
        for seed in seeds
    ]
    judge = reference()
    return Figures(
        mark="drawn",
        found=[judge.frechet(samples(one, NUM_DRAWN, 0)) for one in models],
        baseline=[judge.frechet(samples(one, NUM_DRAWN, 0)) for one in beside],
        baseline_name="VAE",
        saboteur="codes of held-out digits",
        sabotaged=[judge.frechet(again(one)) for one in models[:1]],
    )


def deep(kind: type[Autoencoder], seed: int, task: Task, *, quick: bool) -> Any:
    """Train an autoencoder with hidden layers, whose rate falls to a tenth at last."""
    model = built(kind, seed, task=task, quick=quick, **DEEP)
    train(model, seed, updates=3 * UPDATES // 4, quick=quick)
    model.configure({**given(model), "lr": DEEP["lr"] / 10})
    return train(model, seed, updates=UPDATES // 4, quick=quick)


def linear(seed: int, task: Task, *, quick: bool, **changed: Any) -> Any:
    """Train an autoencoder without hidden layers, whose rate falls."""
    model = built(Autoencoder, seed, task=task, quick=quick, **{**LINEAR, **changed})
    for rate, parts in STAGES:
        model.configure({**given(model), "lr": rate})
        train(model, seed, updates=parts * LINEAR_UPDATES, quick=quick)
    return model


def given(model: Any) -> dict[str, Any]:
    """Return the settings of a model that were changed."""
    return {name: getattr(model.settings, name) for name in (*LINEAR, *DEEP)}


def components(seed: int, task: Task, num: int) -> Any:
    """Give an autoencoder without hidden layers the matrices of principal components."""
    model = built(Autoencoder, seed, task=task, quick=False, **LINEAR)
    law = PCA(CODE_DIM, svd_solver="full").fit(rows(task.data).numpy())
    matrix = torch.from_numpy(law.components_).float()
    matrix[num:] = 0
    (up,), (down,) = model.network.encoder, model.network.decoder
    with torch.no_grad():
        up.weight.copy_(matrix)
        up.bias.copy_(-matrix @ torch.from_numpy(law.mean_).float())
        down.weight.copy_(matrix.T)
        down.bias.copy_(torch.from_numpy(law.mean_))
    return model


def off(model: Any, task: Task) -> float:
    """Return how far a model's error is from that of principal components, as a share of it."""
    least = told_by_components(task)
    return abs(error(model) - least) / least


def told_by_components(task: Task) -> float:
    """Return the error of principal components on held-out digits."""
    real, held_out = rows(task.data), rows(task.held_out)
    told = principal(real, held_out, CODE_DIM).clamp(-1, 1)
    return compare(told, held_out)["reconstruction_error"]


def rows(data: Any) -> Tensor:
    """Return all samples as rows (N, F)."""
    whole: Tensor = data.tensor(np.arange(len(data))).flatten(1)
    return whole


def error(model: Any) -> float:
    """Return the error of held-out digits, all of them."""
    held_out = model.task.held_out.tensor(np.arange(len(model.task.held_out)))
    with model.judging():
        return compare(model.reconstruct(held_out), held_out)["reconstruction_error"]


def again(model: Any) -> Tensor:
    """Return held-out digits as the model tells them again."""
    with model.judging():
        told: Tensor = model.reconstruct(model.task.held_out.real(NUM_DRAWN))
    return told
