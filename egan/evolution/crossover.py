"""Crossover by distillation: the child of two generators learns, code by code, from the better one.

    merit_i = D(G(z_i)) + λ_c · mean over π of |G(z_i) − G(z_π(i))|, of several D their mean
    teacher_i = the output on z_i of the parent whose merit_i is higher
    loss = E_z[(child(z) − teacher(z))²], on what goes into the tanh that ends G

The child starts as the fitter parent, weights, moments and averages, and takes one step. Where G
does not end in a tanh, as for points, or where it is compiled, the loss is on samples.

Li et al. 2021, IE-GAN, arXiv 2109.11078, section III. Their code has D's logit in the merit; here
it is the probability, as in F_q. It distils on the codes that the parents were scored on and scores
the child on others; here it is the other way round, so that a child and its parents compare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

import fitness
from egan.tasks.base import Batch, Codes

if TYPE_CHECKING:
    from egan.evolution.discriminator import SharedDiscriminator
    from egan.evolution.rivals import RivalDiscriminators
    from egan.training.game import Game

DIVERSITY_WEIGHT = 0.001
"""λ_c, what a sample's distance to others counts beside the discriminator's word."""

TANHS = (torch.tanh, torch.Tensor.tanh, F.tanh)


class Made(NamedTuple):
    """What a parent makes of codes.

    Attributes:
        outputs: The samples (N, *shape) before their tanh, where there is one.
        merits: How good each of them is, (N,), without a graph.
    """

    outputs: Tensor
    merits: Tensor


class _LastTanh(TorchFunctionMode):
    """Remembers what the last tanh got and what it gave, while it is entered."""

    got: Tensor | None = None
    gave: Tensor | None = None

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a function of torch."""
        result = func(*args, **(kwargs or {}))
        if func in TANHS:
            self.got, self.gave = args[0], result
        return result


def made(
    game: Game,
    codes: Codes,
    *,
    environment: SharedDiscriminator | RivalDiscriminators,
    rng: torch.Generator,
) -> Made:
    """Make samples of codes, and see how good each is; `rng` draws whom they are compared with."""
    samples, outputs = _with_outputs(game, codes)
    shown = Batch(samples.detach(), codes)
    with torch.no_grad(), environment.undisturbed():
        words = [game.logits(game.seen(shown)).sigmoid() for _ in environment.meet(game)]
    quality = torch.stack(words).mean(0).reshape(len(samples), -1).mean(1)  # of patches
    distances = fitness.pairwise_distances(samples.detach().cpu(), generator=rng)
    return Made(outputs, quality + DIVERSITY_WEIGHT * distances.to(quality))


def _with_outputs(game: Game, codes: Codes) -> tuple[Tensor, Tensor]:
    """Return samples of codes, and what their tanh got, or themselves where there is none."""
    if game.arithmetic.compile:
        samples = game.computed(game.generate, game.generator, codes)
        return samples, samples
    with _LastTanh() as last:
        samples = game.computed(game.generate, game.generator, codes)
    if last.got is None or last.gave is not samples:
        return samples, samples
    return samples, last.got


def distillation_loss(child: Made, partner: Made) -> Tensor:
    """Return E[(child(z) − teacher(z))²] of a child that still is one of its parents, () -> ≥ 0."""
    shape = (-1,) + (1,) * (child.outputs.dim() - 1)
    is_better = (child.merits >= partner.merits).reshape(shape)
    teacher = torch.where(is_better, child.outputs.detach(), partner.outputs.detach())
    return F.mse_loss(child.outputs, teacher)
