"""The environment of an evolutionary GAN: a discriminator that learns from the survivors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.func import functional_call

from egan import networks
from egan.config.hyperparameters import tuned
from egan.losses.discriminator import fake_loss, gradient_penalty, r1_penalty, real_loss
from egan.training.arithmetic import Forward, compiled, computed, lay_out
from egan.training.gradients import set_gradients
from population.environment import Environment
from population.state import State

if TYPE_CHECKING:
    from egan.config import RunConfig
    from egan.data.dataset import Dataset
    from population.member import Hyperparameters
    from population.seeding import Seeds

FAKES, REALS, SCORED_REALS, MIXES = range(4)
"""Numbers of the random streams within one purpose."""


def stream(seed: int) -> torch.Generator:
    """Return a generator on the CPU, where every draw is made, whatever the device."""
    return torch.Generator().manual_seed(seed)


def set_adam(optimizer: torch.optim.Optimizer, *, lr: float, betas: tuple[float, float]) -> None:
    """Set Adam's rates; a state that was loaded before brought those it was trained with."""
    for group in optimizer.param_groups:
        group["lr"], group["betas"] = lr, betas


class _RealHalf(NamedTuple):
    """What a step of the discriminator has to do with real samples alone.

    Attributes:
        samples: The batch (N, *shape).
        loss: −E[log D(x)], without a graph.
        gradients: That of the loss and, where it is in use, that of R1.
    """

    samples: torch.Tensor
    loss: torch.Tensor
    gradients: list[tuple[torch.Tensor, ...]]


class Discriminator(Environment):
    """D(x) = sigmoid(logit): scores members, and takes Adam steps on the survivors' samples.

    Its loss is the same for all mutations, L_D = −E[log D(x)] − E[log(1 − D(G(z)))], with R1 and a
    gradient penalty as options (Wang et al. 2018, arXiv 1803.00657, section III).

    Args:
        config: The run's settings.
        dataset: Where real samples (N, *shape) are drawn from.
    """

    def __init__(self, *, config: RunConfig, dataset: Dataset) -> None:
        settings = config.discriminator
        self.settings = self.config = config
        self.dataset = dataset
        self.device = torch.device(config.device)
        network = networks.discriminator(
            settings.network,
            dataset.shape,
            width=settings.width,
            depth=settings.depth,
            norm=settings.norm,
            init=settings.init,
        )
        self.network = lay_out(network.to(self.device), config.arithmetic)
        self.compiled = compiled(self.network, config.arithmetic)
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), lr=settings.lr, betas=settings.betas, fused=True
        )
        self.parameters = list(self.network.parameters())
        self._has_buffers = any(True for _ in self.network.buffers())
        self._real_gradient: tuple[torch.Tensor, ...] | None = None
        self._real_loss = 0.0
        self._real_generation: int | None = None
        self._begun: dict[Seeds, _RealHalf] = {}

    def configure(self, hyperparameters: Hyperparameters) -> None:
        """Apply hyperparameters, see `egan.config.hyperparameters`, to the live discriminator.

        Raises:
            ValueError: There is no such hyperparameter.
        """
        self.config = tuned(self.settings, hyperparameters)
        self._set_rates()

    def _set_rates(self) -> None:
        settings = self.config.discriminator
        set_adam(self.optimizer, lr=settings.lr, betas=settings.betas)

    def logits(self, samples: torch.Tensor) -> torch.Tensor:
        """Return logits (N,) of samples (N, *shape), leaving running statistics as they are.

        Batch norm uses the batch's own statistics, the same way for every child.
        """
        if not self._has_buffers:
            return self._forward(self.compiled, samples)
        scratch = {name: buffer.clone() for name, buffer in self.network.named_buffers()}
        return self._forward(partial(functional_call, self.network, scratch), samples)

    def logits_with(
        self, weights: Mapping[str, torch.Tensor], samples: torch.Tensor
    ) -> torch.Tensor:
        """Return logits (N,) of samples (N, *shape) under other weights, by name."""
        return self._forward(partial(functional_call, self.network, dict(weights)), samples)

    def _forward(self, network: Forward, samples: torch.Tensor) -> torch.Tensor:
        scaled = samples * self.config.discriminator.input_scale
        return computed(network, self.config.arithmetic, self.device)(scaled)

    def _smooth_logits(self, samples: torch.Tensor) -> torch.Tensor:
        """Return logits that have second derivatives, for penalties."""
        if self.compiled is self.network:
            return self.logits(samples)
        return self._forward(self.network, samples)

    def real_gradient(self) -> tuple[torch.Tensor, ...]:
        """Return the gradient of −E[log D(x)] on the generation's scoring batch.

        It is the same for all siblings, so each process computes it once per generation.
        """
        if self._real_gradient is None or self._is_old():
            self._real_generation = self.seeds.generation
            if (known := self.prepared()) is not None:
                self._real_gradient = tuple(part.to(self.device) for part in known["gradient"])
                self._real_loss = known["loss"]
            else:
                loss = real_loss(self.logits(self._scored_reals()))
                self._real_gradient = torch.autograd.grad(loss, self.parameters)
                self._real_loss = float(loss.detach())
        return self._real_gradient

    def _is_old(self) -> bool:
        """Return whether the real gradient is of a generation that nobody survived."""
        return self._real_generation not in {None, self.seeds.generation}

    def prepare(self) -> State | None:
        """Return the real gradient of the coming generation, and its loss."""
        if self.config.fitness.diversity != "gradient":
            return None
        return {"gradient": list(self.real_gradient()), "loss": self._real_loss}

    def _scored_reals(self) -> torch.Tensor:
        count = self.config.fitness.num_samples
        return self._draw(count, self.seeds.shared("evaluate", SCORED_REALS))

    def loss_gradient(self, fake_logits: torch.Tensor) -> list[torch.Tensor]:
        """Return ∇_w L_D, penalties excluded, for the logits (N,) of one child's samples."""
        return self.with_reals(torch.autograd.grad(fake_loss(fake_logits), self.parameters))

    def with_reals(self, fake_gradient: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Add the real half of ∇_w L_D to the half that one child's samples decide."""
        return [a + b for a, b in zip(self.real_gradient(), fake_gradient, strict=True)]

    def loss(self, fake_logits: torch.Tensor) -> float:
        """Return L_D, penalties excluded, for the logits (N,) of one child's samples."""
        self.real_gradient()
        return self._real_loss + float(fake_loss(fake_logits))

    def draw_real(self, count: int, seed: int) -> torch.Tensor:
        """Draw real samples (count, *shape) for a child's training step."""
        return self._draw(count, seed)

    def update(self, contributions: Sequence[State]) -> Mapping[str, float]:
        """Take the configured number of Adam steps on the samples the survivors were scored on."""
        self._real_gradient = None
        record: dict[str, float] = {}
        for step in range(self.config.discriminator.steps):
            if step == 0 and self.config.discriminator.reuse_gradient:
                record = self._train_on_scored(contributions)
            else:
                fake = self._batch([c["samples"] for c in contributions], step)
                record = self._train(self._real_half(step), fake, step)
        return record

    def begin_update(self) -> None:
        """Find the real half of the first step, unless it counts running statistics."""
        if not (self._has_buffers or self.config.discriminator.reuse_gradient):
            self._begun = {self.seeds: self._real_half(0)}

    def _batch(self, scored: Sequence[torch.Tensor], step: int) -> torch.Tensor:
        """Return the step's share of each survivor's samples, one after the other."""
        size = self.config.evolution.batch_size
        shares = [size // len(scored) + (i < size % len(scored)) for i in range(len(scored))]
        parts = []
        for samples, share in zip(scored, shares, strict=True):
            places = torch.arange(step * share, (step + 1) * share) % len(samples)
            parts.append(samples[places])
        return torch.cat(parts).to(self.device)

    def _real_half(self, step: int) -> _RealHalf:
        """Return the part of a step that real samples alone decide."""
        begun, self._begun = self._begun.get(self.seeds), {}
        if step == 0 and begun is not None:
            return begun
        settings = self.config.discriminator
        seed = self.seeds.own("update", 2 * step + REALS)
        real = self._draw(self.config.evolution.batch_size, seed)
        loss = real_loss(self._forward(self.compiled, real))
        gradients = [torch.autograd.grad(loss, self.parameters)]
        if settings.r1_weight:
            penalty = settings.r1_weight * r1_penalty(self._smooth_logits, real)
            gradients.append(_gradient(penalty, self.parameters))
        return _RealHalf(real, loss.detach(), gradients)

    def _train(self, reals: _RealHalf, fake: torch.Tensor, step: int) -> dict[str, float]:
        settings = self.config.discriminator
        loss = fake_loss(self._forward(self.compiled, fake))
        total = loss
        if settings.gradient_penalty_weight:
            total = loss + self._gradient_penalty(reals.samples, fake, step)
        gradient = list(torch.autograd.grad(total, self.parameters))
        for part in reversed(reals.gradients):
            torch._foreach_add_(gradient, list(part))
        self._descend(gradient)
        return {"discriminator_loss": float(reals.loss + loss.detach())}

    def _descend(self, gradient: Sequence[torch.Tensor]) -> None:
        set_gradients(self.parameters, gradient)
        self.optimizer.step()

    def _train_on_scored(self, contributions: Sequence[State]) -> dict[str, float]:
        """Take a step whose gradient was found when the survivors were scored."""
        found = zip(*[c["gradient"] for c in contributions], strict=True)
        gradient = [torch.stack(parts).mean(0).to(self.device) for parts in found]
        if penalties := self._penalties_on_scored(contributions):
            parts = _gradient(sum(penalties[1:], start=penalties[0]), self.parameters)
            gradient = [a + b for a, b in zip(gradient, parts, strict=True)]
        self._descend(gradient)
        return {"discriminator_loss": sum(c["loss"] for c in contributions) / len(contributions)}

    def _penalties_on_scored(self, contributions: Sequence[State]) -> list[torch.Tensor]:
        """Return the weighted penalties that are in use."""
        settings, penalties = self.config.discriminator, []
        real, fake = self._scored_reals(), contributions[0]["samples"].to(self.device)
        if settings.r1_weight:
            penalties.append(settings.r1_weight * r1_penalty(self._smooth_logits, real))
        if settings.gradient_penalty_weight:
            penalties.append(self._gradient_penalty(real, fake, 0))
        return penalties

    def _gradient_penalty(self, real: torch.Tensor, fake: torch.Tensor, step: int) -> torch.Tensor:
        """Return the weighted gradient penalty."""
        mixing = stream(self.seeds.own("update", 2 * step + 2))
        penalty = gradient_penalty(self._smooth_logits, real, fake, generator=mixing)
        return self.config.discriminator.gradient_penalty_weight * penalty

    def _draw(self, count: int, seed: int) -> torch.Tensor:
        return self.dataset.draw(count, stream(seed)).to(self.device)

    def state_dict(self) -> State:
        """Return weights, running statistics and Adam's moments."""
        return {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state: State) -> None:
        """Take over weights, running statistics and Adam's moments; not its learning rate."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self._set_rates()
        self._real_gradient, self._begun = None, {}

    def view_dict(self) -> State:
        """Return what members need: weights and running statistics, no moments."""
        return self.network.state_dict()

    def load_view_dict(self, view: State) -> None:
        """Take over the weights and running statistics of the home discriminator."""
        self.network.load_state_dict(view)
        self._real_gradient = None


def _gradient(
    penalty: torch.Tensor, parameters: Sequence[torch.Tensor]
) -> tuple[torch.Tensor, ...]:
    """Return a penalty's gradient, 0 for the last bias, which no penalty depends on."""
    return torch.autograd.grad(penalty, parameters, materialize_grads=True)
