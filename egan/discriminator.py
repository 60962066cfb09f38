"""The environment of an evolutionary GAN: a discriminator that learns from the survivors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch.func import functional_call

from egan import networks
from egan.hyperparameters import tuned
from mutations.discriminator import fake_loss, gradient_penalty, r1_penalty, real_loss
from population.environment import Environment
from population.state import State

if TYPE_CHECKING:
    from egan.config import RunConfig
    from egan.data.dataset import Dataset
    from population.member import Hyperparameters

FAKES, REALS, SCORED_REALS, MIXES = range(4)
"""Numbers of the random streams within one purpose."""


def stream(seed: int) -> torch.Generator:
    """Return a generator on the CPU, where every draw is made, whatever the device."""
    return torch.Generator().manual_seed(seed)


def set_adam(optimizer: torch.optim.Optimizer, *, lr: float, betas: tuple[float, float]) -> None:
    """Set Adam's rates; a state that was loaded before brought those it was trained with."""
    for group in optimizer.param_groups:
        group["lr"], group["betas"] = lr, betas


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
        self.network = networks.discriminator(
            settings.network,
            dataset.shape,
            width=settings.width,
            depth=settings.depth,
            norm=settings.norm,
            init=settings.init,
        ).to(self.device)
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), lr=settings.lr, betas=settings.betas, fused=True
        )
        self.parameters = list(self.network.parameters())
        self._has_buffers = any(True for _ in self.network.buffers())
        self._real_gradient: tuple[torch.Tensor, ...] | None = None
        self._real_loss = 0.0

    def configure(self, hyperparameters: Hyperparameters) -> None:
        """Apply hyperparameters, see `egan.hyperparameters`, to the live discriminator.

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
        samples = samples * self.config.discriminator.input_scale
        if not self._has_buffers:
            logits: torch.Tensor = self.network(samples)
        else:
            scratch = {name: buffer.clone() for name, buffer in self.network.named_buffers()}
            logits = functional_call(self.network, scratch, (samples,))
        return logits

    def real_gradient(self) -> tuple[torch.Tensor, ...]:
        """Return the gradient of −E[log D(x)] on the generation's scoring batch.

        It is the same for all siblings, so each process computes it once per generation.
        """
        if self._real_gradient is None:
            loss = real_loss(self.logits(self._scored_reals()))
            self._real_gradient = torch.autograd.grad(loss, self.parameters)
            self._real_loss = float(loss.detach())
        return self._real_gradient

    def _scored_reals(self) -> torch.Tensor:
        count = self.config.fitness.num_samples
        return self._draw(count, self.seeds.shared("evaluate", SCORED_REALS))

    def loss_gradient(self, fake_logits: torch.Tensor) -> list[torch.Tensor]:
        """Return ∇_w L_D, penalties excluded, for the logits (N,) of one child's samples."""
        fake_gradient = torch.autograd.grad(fake_loss(fake_logits), self.parameters)
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
                continue
            fake = self._batch([c["samples"] for c in contributions], step)
            real = self._draw(len(fake), self.seeds.own("update", 2 * step + REALS))
            record = self._train(real, fake, self.seeds.own("update", 2 * step + 2))
        return record

    def _batch(self, scored: Sequence[torch.Tensor], step: int) -> torch.Tensor:
        """Return the step's share of each survivor's samples, one after the other."""
        size = self.config.evolution.batch_size
        shares = [size // len(scored) + (i < size % len(scored)) for i in range(len(scored))]
        parts = []
        for samples, share in zip(scored, shares, strict=True):
            places = torch.arange(step * share, (step + 1) * share) % len(samples)
            parts.append(samples[places])
        return torch.cat(parts).to(self.device)

    def _train(self, real: torch.Tensor, fake: torch.Tensor, seed: int) -> dict[str, float]:
        scale = self.config.discriminator.input_scale
        real_logits = self.network(real * scale)
        fake_logits = self.network(fake * scale)
        loss = real_loss(real_logits) + fake_loss(fake_logits)
        record = {"discriminator_loss": float(loss.detach())}
        self.optimizer.zero_grad()
        torch.autograd.backward(sum(self._penalties(real, fake, seed), start=loss))
        self.optimizer.step()
        return record

    def _train_on_scored(self, contributions: Sequence[State]) -> dict[str, float]:
        """Take a step whose gradient was found when the survivors were scored."""
        gradients = [c["gradient"] for c in contributions]
        for parameter, *parts in zip(self.parameters, *gradients, strict=True):
            parameter.grad = torch.stack(parts).mean(0).to(self.device)
        settings = self.config.discriminator
        if settings.r1_weight or settings.gradient_penalty_weight:
            fake = contributions[0]["samples"].to(self.device)
            seed = self.seeds.own("update", 2)
            first, *others = self._penalties(self._scored_reals(), fake, seed)
            torch.autograd.backward(sum(others, start=first))
        self.optimizer.step()
        return {"discriminator_loss": sum(c["loss"] for c in contributions) / len(contributions)}

    def _penalties(self, real: torch.Tensor, fake: torch.Tensor, seed: int) -> list[torch.Tensor]:
        """Return the weighted penalties that are in use."""
        settings, penalties = self.config.discriminator, []
        if settings.r1_weight:
            penalties.append(settings.r1_weight * r1_penalty(self.logits, real))
        if settings.gradient_penalty_weight:
            penalty = gradient_penalty(self.logits, real, fake, generator=stream(seed))
            penalties.append(settings.gradient_penalty_weight * penalty)
        return penalties

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
        self._real_gradient = None

    def view_dict(self) -> State:
        """Return what members need: weights and running statistics, no moments."""
        return self.network.state_dict()

    def load_view_dict(self, view: State) -> None:
        """Take over the weights and running statistics of the home discriminator."""
        self.network.load_state_dict(view)
        self._real_gradient = None
