"""Evolution of any model's generator in a discriminator (Wang et al. 2018, arXiv 1803.00657).

The model is taken apart: members hold its generator's half, the environment its discriminator's.
A mutation is one step of the generator in which an objective takes the place of the model's own
adversarial term; its other terms stay. Fitness is F_q + γ F_d as in E-GAN, on the model's logits.
The discriminator learns, by the model's own loss, from what the survivors were scored on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

import fitness
import mutations
from egan.losses.discriminator import fake_loss, real_loss
from egan.training.game import DISCRIMINATOR, GENERATOR, Adversarial
from egan.training.model import Batch, stream
from population.environment import Environment
from population.member import Hyperparameters, Member
from population.state import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from egan.config.collection import EvolveConfig

REALS, NOISE = 1, 2
"""Numbers of the streams of scored real samples, and of noise within the networks (dropout)."""


class EvolvedGenerator(Member):
    """The generator's half of a model: weights, Adam's state, average.

    Siblings are trained and scored on the same numbers, see `population.seeding.Seeds.shared`.

    Args:
        hyperparameters: None are varied.
        build: Builds the whole model from hyperparameters.
        evolution: How children are scored.
    """

    environment: SharedDiscriminator

    def __init__(
        self,
        hyperparameters: Hyperparameters,
        *,
        build: Callable[[Hyperparameters], Adversarial],
        evolution: EvolveConfig,
    ) -> None:
        self.model = build(hyperparameters)
        self.evolution = evolution

    def step(self, operator: str | None = None) -> None:
        """Mutate: one step on the objective called ``operator``, with the model's other terms."""
        model = self.model
        objective = mutations.get(operator or "")
        with self._facing_discriminator("step"):
            real, fake = model.draw(), model.fake(model.settings.batch_size)
            model.train_generator(model.generator_loss(fake, real, objective))
        model.updates += 1

    def evaluate(self) -> dict[str, float]:
        """Score on fresh codes: fitness = quality + weight × diversity.

        The scored samples, with their codes, become the contribution.
        """
        with self._facing_discriminator("evaluate"):
            with torch.no_grad():
                self.scored = self.model.fake(self.evolution.num_samples)
            logits = self.model.logits(self.scored)
            quality = float(fitness.quality(logits))
            result = fitness.diversity(self._gradient(logits), cap=self.evolution.diversity_cap)
        weight = self.evolution.diversity_weight
        return {
            "fitness": fitness.combine(quality, result.value, weight=weight),
            "quality": quality,
            "diversity": result.value,
            "saturated": float(result.saturated),
        }

    def _gradient(self, logits: Tensor) -> list[Tensor]:
        """Return ∇_w (−E[log D(x)] − E[log(1 − D(G(z)))]) for all w that logits depend on."""
        self.model.random = stream(self.seeds.shared("evaluate", REALS))
        loss = real_loss(self.model.logits(self.model.draw(len(logits)))) + fake_loss(logits)
        parameters = list(self.model.discriminator.parameters())
        gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
        return [gradient for gradient in gradients if gradient is not None]

    @contextmanager
    def _facing_discriminator(self, purpose: str) -> Iterator[None]:
        """Let the model see the environment's discriminator, which keeps its statistics."""
        self.model.networks["discriminator"] = discriminator = self.environment.model.discriminator
        self.model.random = stream(self.seeds.shared(purpose))
        self.model.training(True)
        with kept_buffers(discriminator), torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(self.seeds.shared(purpose, NOISE))
            yield

    def contribution(self) -> State:
        """Return the samples that were scored, and what they were made from."""
        return {"samples": self.scored.samples, "codes": self.scored.codes}

    def state_dict(self) -> State:
        """Return the generator's half of the model's state."""
        return self.model.part(GENERATOR)

    def load_state_dict(self, state: State) -> None:
        """Take over a state made by :meth:`state_dict`."""
        self.model.load_state_dict(state)


class SharedDiscriminator(Environment):
    """The discriminator's half of a model, which all generators live in.

    Args:
        build: Builds the whole model from hyperparameters.
        evolution: How many samples a survivor hands on.
    """

    def __init__(
        self, *, build: Callable[[Hyperparameters], Adversarial], evolution: EvolveConfig
    ) -> None:
        self.model = build({})
        self.evolution = evolution

    def update(self, contributions: Sequence[State]) -> Mapping[str, float]:
        """Take `discriminator_steps` steps of the model's own loss on the survivors' samples."""
        model = self.model
        model.random = stream(self.seeds.own("update"))
        model.training(True)
        for step in range(model.settings.discriminator_steps):
            fake = self._batch(contributions, step)
            loss = model.train_discriminator(model.draw(len(fake.samples)), fake)
        model.updates += 1
        return {"discriminator_loss": float(loss)}

    def _batch(self, contributions: Sequence[State], step: int) -> Batch:
        """Return the step's share of each survivor's samples, one after the other."""
        size, num = self.model.settings.batch_size, len(contributions)
        shares = [size // num + (i < size % num) for i in range(num)]
        parts = [
            _taken(one, torch.arange(step * share, (step + 1) * share))
            for one, share in zip(contributions, shares, strict=True)
        ]
        device = self.model.device
        codes = {
            name: torch.cat([part.codes[name] for part in parts]).to(device)
            for name in parts[0].codes
        }
        return Batch(torch.cat([part.samples for part in parts]).to(device), codes)

    def state_dict(self) -> State:
        """Return the discriminator's half of the model's state."""
        return self.model.part(DISCRIMINATOR)

    def load_state_dict(self, state: State) -> None:
        """Take over a state made by :meth:`state_dict`."""
        self.model.load_state_dict(state)

    def view_dict(self) -> State:
        """Return what members need: weights and statistics."""
        return self.model.discriminator.state_dict()

    def load_view_dict(self, view: State) -> None:
        """Take over the weights and statistics of the home discriminator."""
        self.model.discriminator.load_state_dict(view)


def _taken(contribution: State, places: Tensor) -> Batch:
    """Return rows of a contribution, from the start again where it is too short."""
    places = places % len(contribution["samples"])
    codes = {name: code[places] for name, code in contribution["codes"].items()}
    return Batch(contribution["samples"][places], codes)


@contextmanager
def kept_buffers(network: nn.Module) -> Iterator[None]:
    """Give a network's running statistics back afterwards: no sibling may see another's."""
    before = {name: buffer.clone() for name, buffer in network.named_buffers()}
    try:
        yield
    finally:
        for name, buffer in network.named_buffers():
            buffer.copy_(before[name])
