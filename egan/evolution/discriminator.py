"""The environment of an evolution: the discriminators of any game, which learn from survivors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from egan.evolution.contributions import share_of_step, whole
from egan.evolution.scoring import (
    MIXES,
    REALS,
    SCORED_REALS,
    has_buffers,
    kept_buffers,
    seed_noise,
)
from egan.evolution.shares import Shares
from egan.losses.discriminator import fake_loss, real_loss
from egan.tasks.base import Batch
from egan.training.arithmetic import eager
from egan.training.model import stream
from population.environment import Environment
from population.state import State

if TYPE_CHECKING:
    from egan.config.evolution import EvolutionConfig
    from egan.training.game import Game, Half
    from egan.training.model import Gradient
    from population.seeding import Seeds


class _RealHalf(NamedTuple):
    """What a step of the discriminator has to do with real samples alone.

    Attributes:
        batch: The real samples (N, *shape).
        loss: The game's loss on them, without a graph.
        gradients: That of the loss and, where there is one, that of the penalty on them.
    """

    batch: Batch
    loss: Tensor
    gradients: list[Sequence[Tensor]]


class Halves(NamedTuple):
    """What takes the place of the halves of a discriminator's loss; the game's own for None."""

    real: Half | None = None
    fake: Half | None = None


OWN = Halves()


class SharedDiscriminator(Environment):
    """The environment's side of a game: scores members, and learns from the survivors' samples.

    Of niches all members survive, and it learns from the union of their samples.

    It learns by the game's own loss. The diversity of a member is taken from the gradient of
    E-GAN's, L_D = −E[log D(x)] − E[log(1 − D(G(z)))], whatever the game's is.

    Args:
        build: Builds the game, or a side of it, from hyperparameters.
        evolution: How members are scored.

    Wang et al. 2018, arXiv 1803.00657, section III.
    """

    def __init__(self, *, build: Callable[..., Game], evolution: EvolutionConfig) -> None:
        self.game = build({}, side="environment")
        self.game.training(True)
        self.evolution = evolution
        self.names = self.game.sides.environment
        self.networks = dict(self.game.networks)
        self.parameters = self.game.parameters(*self.names)
        self.has_buffers = has_buffers(self.networks.values())
        self.halves = OWN
        self.shares = Shares(evolution, self.game)
        self._real_gradient: Gradient | None = None
        self._real_loss = 0.0
        self._real_generation: int | None = None
        self._begun: dict[Seeds, _RealHalf] = {}

    def undisturbed(self) -> AbstractContextManager[None]:
        """Keep running statistics as they are: batches have their own, alike for every child."""
        if not self.has_buffers:
            return nullcontext()
        return kept_buffers(list(self.networks.values()))

    def meet(self, game: Game) -> Iterator[SharedDiscriminator]:  # noqa: ARG002 - the interface
        """Let a game face each discriminator in turn: the one that there is, which it does."""
        yield self

    def real_gradient(self) -> Gradient:
        """Return the gradient of −E[log D(x)] on the generation's scoring batch.

        It is the same for all siblings, so each process computes it once per generation.
        """
        if self._real_gradient is None or self._is_old():
            self._real_generation = self.seeds.generation
            if (known := self.prepared()) is not None:
                self._real_gradient = [_moved(part, self.game.device) for part in known["gradient"]]
                self._real_loss = known["loss"]
            else:
                loss = self._scored_real_loss()
                self._real_gradient = self.game.gradient(loss, *self.names)
                self._real_loss = float(loss.detach())
        return self._real_gradient

    def _is_old(self) -> bool:
        """Return whether the real gradient is of a generation that nobody survived."""
        return self._real_generation not in {None, self.seeds.generation}

    def prepare(self) -> State | None:
        """Return the real gradient of the coming generation, and its loss."""
        if self.evolution.scored_by != "gradient":
            return None
        return {"gradient": list(self.real_gradient()), "loss": self._real_loss}

    def _scored_real_loss(self) -> Tensor:
        reals = self._scored_reals()
        with self.undisturbed():
            return real_loss(self.game.logits(reals))

    def _scored_reals(self) -> Batch:
        self._draw_from(self.seeds.shared("evaluate", SCORED_REALS))
        return self.game.seen(self.game.draw(self.evolution.num_samples), learned=True)

    def loss_gradient(self, fake_logits: Tensor) -> Gradient:
        """Return ∇_w L_D, penalties excluded, for the logits (N,) of one child's samples."""
        return self.with_reals(self.game.gradient(fake_loss(fake_logits), *self.names))

    def with_reals(self, fake_gradient: Gradient) -> Gradient:
        """Add the real half of ∇_w L_D to the half that one child's samples decide."""
        pairs = zip(self.real_gradient(), fake_gradient, strict=True)
        return [None if a is None or b is None else a + b for a, b in pairs]

    def loss(self, fake_logits: Tensor) -> float:
        """Return L_D, penalties excluded, for the logits (N,) of one child's samples."""
        self.real_gradient()
        return self._real_loss + float(fake_loss(fake_logits))

    def update(self, contributions: Sequence[State]) -> Mapping[str, float]:
        """Take `discriminator_steps` steps on the samples that the survivors were scored on."""
        self._real_gradient = None
        loss = 0.0
        for step in range(self.game.settings.discriminator_steps):
            if step == 0 and self.evolution.reuse_gradient:
                loss = self._train_on_scored(contributions)
            else:
                loss = self._train(contributions, step)
        self.game.updates += 1
        self.shares.look(contributions)
        return {"discriminator_loss": loss}

    def size_of(self, niche: int) -> int | None:
        """Return how many samples of a batch a niche has, where shares move."""
        return self.shares.size_of(niche)

    def begin_update(self) -> None:
        """Find the real half of the first step, unless it counts running statistics."""
        if self.game.has_halves and not (self.has_buffers or self.evolution.reuse_gradient):
            self._begun = {self.seeds: self._real_half(0)}

    def learn(self, contributions: Sequence[State], step: int, *, halves: Halves) -> float:
        """Take a step with these halves of the loss; return it."""
        self.halves, self._real_gradient = halves, None
        return self._train(contributions, step)

    def _train(self, contributions: Sequence[State], step: int) -> float:
        if not self.game.has_halves:
            self._draw_from(self.seeds.own("update", 2 * step + REALS))
            fake = self._batch(contributions, step)
            return float(self.game.train_discriminator(self.game.draw(len(fake)), fake))
        return self._train_by_halves(self._real_half(step), self._batch(contributions, step), step)

    def _draw_from(self, seed: int) -> None:
        """Draw all that comes from one stream."""
        self.game.rng = stream(seed)
        seed_noise(seed, self.game.device)

    def _batch(self, contributions: Sequence[State], step: int) -> Batch:
        """Return the step's share of each survivor's samples, one after the other."""
        divided = self.shares.of(contributions)
        return share_of_step(contributions, divided, step).to(self.game.device)

    def _real_half(self, step: int) -> _RealHalf:
        """Return the part of a step that real samples alone decide."""
        begun, self._begun = self._begun.get(self.seeds), {}
        if step == 0 and begun is not None:
            return begun
        game = self.game
        self._draw_from(self.seeds.own("update", 2 * step + REALS))
        real = game.seen(game.draw(), learned=True)
        loss = game.real_half(real, self.halves.real)
        gradients = [_gradient(loss, self.parameters)]
        if (penalty := self._penalty(game.real_penalty, real)) is not None:
            gradients.append(_gradient(penalty, self.parameters))
        return _RealHalf(real, loss.detach(), gradients)

    def _penalty(self, penalty: Callable[..., Tensor | None], *batches: Batch) -> Tensor | None:
        """Return a penalty, whose passes count in no statistics and have second derivatives."""
        with self.undisturbed(), eager(self.game.arithmetic):
            return penalty(*batches)

    def _train_by_halves(self, reals: _RealHalf, fake: Batch, step: int) -> float:
        """Step along the sum of three gradients; the bits depend on the order of the sum."""
        game = self.game
        self._draw_from(self.seeds.own("update", 2 * step + MIXES))
        fake = game.seen(fake)
        loss = total = game.fake_half(fake, self.halves.fake)
        if (penalty := self._penalty(game.penalty, reals.batch, fake)) is not None:
            total = loss + penalty
        gradient = list(_gradient(total, self.parameters))
        for part in reversed(reals.gradients):  # floating-point sums depend on their order
            torch._foreach_add_(gradient, list(part))
        game.follow(gradient, *self.names)
        return float(reals.loss + loss.detach())

    def _train_on_scored(self, contributions: Sequence[State]) -> float:
        """Take a step whose gradient was found when the survivors were scored."""
        found = zip(*[c["gradient"] for c in contributions], strict=True)
        gradient = [torch.stack(parts).mean(0).to(self.game.device) for parts in found]
        real, fake = self.scored(contributions[:1])
        self._draw_from(self.seeds.own("update", MIXES))
        fake = self.game.seen(fake)
        penalties = self._penalties(real, fake)
        if penalties:
            total = sum(penalties[1:], start=penalties[0])
            parts = _gradient(total, self.parameters)
            gradient = [a + b for a, b in zip(gradient, parts, strict=True)]
        if self.has_buffers:  # scoring left them alone; training counts what it has seen
            self._count_statistics(real, fake)
        self.game.follow(gradient, *self.names)
        return float(sum(c["loss"] for c in contributions) / len(contributions))

    def scored(self, contributions: Sequence[State]) -> tuple[Batch, Batch]:
        """Return the real samples that were scored, and the survivors' generated ones."""
        return self._scored_reals(), whole(contributions).to(self.game.device)

    def _penalties(self, real: Batch, fake: Batch) -> list[Tensor]:
        """Return the penalties that are in use."""
        game = self.game
        found = self._penalty(game.real_penalty, real), self._penalty(game.penalty, real, fake)
        return [penalty for penalty in found if penalty is not None]

    @torch.no_grad()
    def _count_statistics(self, *batches: Batch) -> None:
        seed_noise(self.seeds.shared("evaluate"), self.game.device)
        for batch in batches:
            self.game.logits(batch)

    def state_dict(self) -> State:
        """Return weights, running statistics and the optimisers' states; and shares that move."""
        return {**self.game.part(self.networks), **self.shares.state_dict()}

    def load_state_dict(self, state: State) -> None:
        """Take over weights, statistics and optimisers' states; their options are the settings'."""
        self.game.load_state_dict(state)
        self.shares.load_state_dict(state)
        self._real_gradient, self._begun = None, {}

    def view_dict(self) -> State:
        """Return what members need: weights, running statistics and shares, no moments."""
        networks = {name: dict(one.state_dict()) for name, one in self.networks.items()}
        return {**networks, **self.shares.state_dict()}

    def load_view_dict(self, view: State) -> None:
        """Take over the weights and running statistics of the home discriminator."""
        for name, network in self.networks.items():
            network.load_state_dict(view[name])
        self.shares.load_state_dict(view)
        self._real_gradient = None


def _gradient(loss: Tensor, parameters: Sequence[Tensor]) -> Sequence[Tensor]:
    """Return a loss's gradient, 0 for parameters that it does not depend on."""
    return torch.autograd.grad(loss, parameters, materialize_grads=True)


def _moved(part: Tensor | None, device: torch.device) -> Tensor | None:
    return None if part is None else part.to(device)
