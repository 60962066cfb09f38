"""LSGAN: the best D and the divergence on laws of seven points; G's gradient where D is sure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

import mutations
from acceptance import Check, above, at_most
from acceptance.training import QUICK_UPDATES, built, reference, task_of
from egan.collection.lsgan import CODES, Lsgan
from egan.losses import discriminator as logistic
from egan.losses.games import least_squares_generator_loss, least_squares_loss
from egan.tasks import Batch
from egan.training.model import stream
from mutations.objectives import Objective

POINTS, STEPS = 7, 400
UPDATES = 500
NUM_SAMPLES = 500
ERROR = 1e-6


class Minimax(Lsgan):
    """The same networks in the game of logarithms, of which G minimises E[log(1 - D(G(z)))]."""

    def real_loss(self, real: Batch) -> Tensor:
        """Return −E[log D(x)]."""
        return logistic.real_loss(self.logits(real))

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return −E[log(1 − D(G(z)))]."""
        return logistic.fake_loss(self.logits(fake))

    def objective(self) -> Objective:
        """Return ½ E[log(1 − D(G(z)))]."""
        return mutations.get("minimax")


def accept(seeds: Sequence[int], *, quick: bool) -> list[Check]:
    """Optimise D on laws whose best D is known, and against a G that stands still."""
    laws = [laws_of(seed) for seed in seeds]
    pulls = [pull(Lsgan, seed, quick=quick) for seed in seeds]
    rivals = [pull(Minimax, seed, quick=quick) for seed in seeds]
    return [
        *(
            at_most(
                f"7 points, codes {codes}: distance of D from (b p + a q) / (p + q)",
                [distance_from_best(*law, codes=codes, steps=STEPS) for law in laws],
                ERROR,
            )
            for codes in CODES
        ),
        at_most(
            "7 points, codes pearson: distance of G's loss from the divergence",
            [distance_from_divergence(*law, steps=STEPS) for law in laws],
            ERROR,
        ),
        above(
            "gradient of G's loss in a rejected sample, mean norm",
            pulls,
            rivals,
            baseline_name="minimax, same networks and updates",
        ),
    ]


def laws_of(seed: int) -> tuple[Tensor, Tensor]:
    """Draw the data's law p and the samples' q."""
    p, q = np.random.default_rng(seed).dirichlet(np.ones(POINTS), size=2)
    return torch.from_numpy(p), torch.from_numpy(q)


def best_scores(p: Tensor, q: Tensor, *, codes: str, steps: int) -> Tensor:
    """Train a score for each point by the expectation of D's loss; return them, (7,)."""
    a, b, _ = CODES[codes]
    scores = nn.Parameter(torch.zeros(POINTS, dtype=torch.float64))
    optimizer = torch.optim.LBFGS([scores], max_iter=steps, tolerance_grad=0, tolerance_change=0)
    pairs = torch.cartesian_prod(torch.arange(POINTS), torch.arange(POINTS))
    loss = torch.vmap(lambda r, o: least_squares_loss(r, o, real_code=b, fake_code=a))

    def closure() -> Tensor:
        total = (p[pairs[:, 0]] * q[pairs[:, 1]]) @ loss(scores[pairs[:, 0]], scores[pairs[:, 1]])
        (scores.grad,) = torch.autograd.grad(total, scores)
        return total

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return scores.detach()


def distance_from_best(p: Tensor, q: Tensor, *, codes: str, steps: int) -> float:
    """Return how far the trained D is from the formula, at the point where it is farthest."""
    a, b, _ = CODES[codes]
    best = (b * p + a * q) / (p + q)
    return float((best_scores(p, q, codes=codes, steps=steps) - best).abs().max())


def distance_from_divergence(p: Tensor, q: Tensor, *, steps: int) -> float:
    """Return |2 C − χ²|, where C is G's loss, on real samples too, against the trained D."""
    scores = best_scores(p, q, codes="pearson", steps=steps)
    loss = torch.vmap(lambda o: least_squares_generator_loss(o, code=CODES["pearson"][2]))(scores)
    divergence = ((2 * q - (p + q)).square() / (p + q)).sum()
    return float((2 * (p + q) @ loss - divergence).abs())


def pull(kind: type[Lsgan], seed: int, *, quick: bool) -> float:
    """Train D alone on digits; return how hard G's loss pulls the samples that D rejects.

    Rejected is what has less than a tenth of the way from the mean score of samples to that of the
    data. The pull is the norm of the gradient of G's loss in a sample, times their number.
    """
    model = built(kind, seed, task=task_of(reference()), quick=quick)
    model.rng = stream(seed)
    for _ in range(QUICK_UPDATES if quick else UPDATES):
        with torch.no_grad():
            fake = model.fake(model.settings.batch_size)
        model.train_discriminator(model.draw(), fake)
    fake = model.fake(NUM_SAMPLES)
    samples = fake.samples.detach().requires_grad_()
    real = model.draw(NUM_SAMPLES)
    [loss] = model.generator_losses(Batch(samples, fake.codes), real, [model.objective()])
    (gradient,) = torch.autograd.grad(loss, samples)
    scores, others = (model.logits(batch).detach() for batch in (fake, real))
    rejected = scores < scores.mean() + 0.1 * (others.mean() - scores.mean())
    norms = NUM_SAMPLES * gradient.flatten(1).norm(dim=1)
    return float(norms[rejected].mean())
