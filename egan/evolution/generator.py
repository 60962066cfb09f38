"""The members of an evolutionary GAN: generators that are mutated and scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch.optim.swa_utils import AveragedModel

import fitness
import mutations
from egan import networks
from egan.config.hyperparameters import tuned
from egan.evolution.discriminator import FAKES, REALS, Discriminator, set_adam, stream
from egan.training.arithmetic import compiled, computed, lay_out
from egan.training.averaging import ExponentialAveraging
from egan.training.gradients import set_gradients
from population.member import Birth, Hyperparameters, Member, Newborn
from population.state import Buffer, PackedState, State

if TYPE_CHECKING:
    from egan.config import RunConfig
    from egan.evolution.vectorized import Scored


Gradient = tuple[torch.Tensor, ...]
"""A tensor for each of the generator's parameters."""


class Generator(Member):
    """G(z) with its Adam state and the exponential average along its line of survivors.

    A mutation is one Adam step on one objective against a fixed discriminator. Siblings use the
    same latent codes, for training and, others, for scoring: common random numbers. With
    ``fresh_codes`` each draws its own.

    Args:
        hyperparameters: Nothing for E-GAN itself; any of those of `egan.config.hyperparameters`.
        config: The run's settings.
        shape: The shape of one sample, (C, H, W) or (D,).
    """

    environment: Discriminator

    def __init__(
        self, hyperparameters: Hyperparameters, *, config: RunConfig, shape: tuple[int, ...]
    ) -> None:
        settings = config.generator
        self.settings = self.config = config
        self.device = torch.device(config.device)
        self.network = lay_out(build_network(config, shape).to(self.device), config.arithmetic)
        forward = compiled(self.network, config.arithmetic)
        self.generate = computed(forward, config.arithmetic, self.device)
        self.averaging = ExponentialAveraging(settings.ema_decay)
        self.average = AveragedModel(self.network, multi_avg_fn=self.averaging)
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), lr=settings.lr, betas=settings.betas, fused=True
        )
        self.parameters = list(self.network.parameters())
        self._tensors = {
            "network": self.network.state_dict(keep_vars=True),
            "average": self.average.state_dict(keep_vars=True),
        }
        self._places = {name: i for i, name in enumerate(config.evolution.mutations)}
        self._found: dict[int, Scored] = {}
        self.configure(hyperparameters)

    def configure(self, hyperparameters: Hyperparameters) -> None:
        """Apply hyperparameters, see `egan.config.hyperparameters`, to the live generator.

        Raises:
            ValueError: There is no such hyperparameter.
        """
        self.config = tuned(self.settings, hyperparameters)
        set_adam(self.optimizer, lr=self.config.generator.lr, betas=self.config.generator.betas)
        self.averaging.decay = self.config.generator.ema_decay

    def step(self, operator: str | None = None) -> None:
        """Mutate: one Adam step on the objective called ``operator``."""
        [gradient] = self._gradients([operator])
        self._descend(gradient)

    def evaluate(self) -> dict[str, float]:
        """Score on fresh codes: fitness = quality + weight × diversity.

        Also ``saturated``: 1 where the discriminator's gradient had vanished and the cap took the
        place of the diversity. The scored samples (N, *shape) become the contribution.
        """
        if self.config.arithmetic.vectorize == "on":
            found = self._found.pop(self.place, None) or self._score_alone()
            self.samples = found.samples
            return self._scores(found.logits, self.environment.with_reals(found.gradient))
        with torch.no_grad():
            self.samples = self.generate(self._scoring_codes())
        if self.config.fitness.diversity == "none":
            return {"fitness": 0.0}
        logits = self.environment.logits(self.samples)
        pairwise = self.config.fitness.diversity == "pairwise"
        return self._scores(logits, None if pairwise else self.environment.loss_gradient(logits))

    def _scores(
        self, logits: torch.Tensor, gradient: Sequence[torch.Tensor] | None
    ) -> dict[str, float]:
        if self.config.discriminator.reuse_gradient:
            self.scored_logits, self.scored_gradient = logits.detach(), gradient
        quality = float(fitness.quality(logits))
        diversity, saturated = self._diversity(gradient)
        weight = self.config.fitness.diversity_weight
        total = fitness.combine(quality, diversity, weight=weight)
        return {
            "fitness": total,
            "quality": quality,
            "diversity": diversity,
            "saturated": float(saturated),
        }

    def contribution(self) -> State:
        """Return the samples that were scored; the discriminator learns from the survivors'.

        With ``reuse_gradient``, also its loss on them and on real samples, and the gradient.
        """
        contribution: dict[str, State] = {"samples": self.samples}
        if self.config.discriminator.reuse_gradient:
            loss = self.environment.loss(self.scored_logits)
            contribution |= {"loss": loss, "gradient": self.scored_gradient}
        return contribution

    def reproduce(self, parent: PackedState, births: Sequence[Birth]) -> Iterator[Newborn]:
        """Make siblings from one forward pass, with one backward pass per mutation.

        The objectives are functions of the same logits D(G(z)), so the children are the same bits
        as those of the plain loop.
        """
        first = births[0]
        alike = all(b.train and b.hyperparameters == first.hyperparameters for b in births)
        if self.config.evolution.fresh_codes or not alike or len(births) == 1:
            yield from super().reproduce(parent, births)
            return
        room = self.become(parent, first)
        gradients = self._gradients([birth.operator for birth in births])
        if self.config.arithmetic.vectorize == "on":
            yield from self._born_at_once(parent, births, gradients)
            return
        statistics = {name: value.clone() for name, value in self.network.named_buffers()}
        for birth in births:
            if birth is not first:
                room = self.become(parent, birth)
                self.network.load_state_dict(statistics, strict=False)
            self._descend(gradients.pop(0))
            yield self.appraise(birth, into=room)

    def _logits(self, operators: Sequence[str | None]) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return D(G(z)) (N,) with its graph and, where an objective needs it, D(x) (N,)."""
        size = self.config.evolution.batch_size
        fake_logits = self.environment.logits(self.generate(self._codes("step", size)))
        if not any(mutations.TABLE[mutations.check(o or "")].needs_real for o in operators):
            return fake_logits, None
        real = self.environment.draw_real(size, self._seed("step", REALS))
        with torch.no_grad():
            return fake_logits, self.environment.logits(real)

    def _gradients(self, operators: Sequence[str | None]) -> list[Gradient]:
        """Return the gradient of each objective, from one forward pass."""
        fake, real = self._logits(operators)
        losses = [mutations.get(operator or "").generator(fake, real) for operator in operators]
        last = len(losses) - 1
        return [
            torch.autograd.grad(loss, self.parameters, retain_graph=i < last)
            for i, loss in enumerate(losses)
        ]

    def _descend(self, gradient: Sequence[torch.Tensor]) -> None:
        set_gradients(self.parameters, gradient)
        self.optimizer.step()
        self.average.update_parameters(self.network)

    def _diversity(self, gradient: Sequence[torch.Tensor] | None) -> tuple[float, bool]:
        if gradient is None:
            generator = stream(self.seeds.shared("evaluate", REALS))
            return float(fitness.pairwise_diversity(self.samples.cpu(), generator=generator)), False
        result = fitness.diversity(gradient, cap=self.config.fitness.diversity_cap)
        return result.value, result.saturated

    def become(self, parent: PackedState, birth: Birth) -> Buffer:
        """Take over a copy of the parent, and what the child to be is made with."""
        self.place = self._places.get(birth.operator or "", len(self._places))
        return super().become(parent, birth)

    def _born_at_once(
        self, parent: PackedState, births: Sequence[Birth], gradients: Sequence[Gradient]
    ) -> Iterator[Newborn]:
        """Give every sibling its gradient step, then score all of them together."""
        rooms, states, children = [], [], {}
        for birth, gradient in zip(births, gradients, strict=True):
            rooms.append(self.become(parent, birth))
            self._descend(gradient)
            states.append(self.state_dict())
            children[self.place] = self._weights()
        self._found = self._score_at_once(children)
        for birth, room, state in zip(births, rooms, states, strict=True):
            self.seeds, self.place = birth.seeds, self._places[birth.operator or ""]
            self.load_state_dict(state)
            yield self.appraise(birth, into=room)

    def _weights(self) -> dict[str, torch.Tensor]:
        return {name: parameter.data for name, parameter in self.network.named_parameters()}

    def _score_alone(self) -> Scored:
        return self._score_at_once({self.place: self._weights()})[self.place]

    def _score_at_once(
        self, children: Mapping[int, Mapping[str, torch.Tensor]]
    ) -> dict[int, Scored]:
        from egan.evolution.vectorized import score_at_once

        return score_at_once(children, self, self._scoring_codes(), places=len(self._places) + 1)

    def _scoring_codes(self) -> torch.Tensor:
        return self._codes("evaluate", self.config.fitness.num_samples)

    def _codes(self, purpose: str, count: int) -> torch.Tensor:
        """Draw codes (count, Z) from the stream that siblings share, or from the child's own."""
        settings = self.config.generator
        return draw_codes(settings.latent, count, settings.latent_dim, self._seed(purpose)).to(
            self.device
        )

    def _seed(self, purpose: str, part: int = FAKES) -> int:
        if self.config.evolution.fresh_codes:
            return self.seeds.own(purpose, part)
        return self.seeds.shared(purpose, part)

    def state_dict(self) -> State:
        """Return weights, running statistics, Adam's moments and the averaged weights."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state_dict(),
        }

    def load_state_dict(self, state: State) -> None:
        """Take over a state by reference: weights, moments and averages are its own memory.

        Adam's rates are those of the configuration, whatever the state was trained with.
        """
        _adopt(self._tensors["network"], state["network"])
        _adopt(self._tensors["average"], state["average"])
        moments = state["optimizer"]["state"]
        self.optimizer.state.clear()
        for i, parameter in enumerate(self.parameters[: len(moments)]):
            self.optimizer.state[parameter] = {
                name: value.to(self.device) for name, value in moments[i].items()
            }


def _adopt(tensors: Mapping[str, torch.Tensor], state: Mapping[str, torch.Tensor]) -> None:
    """Let a module's tensors live where a state's do, or on another device in copies of them."""
    for name, tensor in tensors.items():
        tensor.data = state[name].to(tensor.device)


def build_network(config: RunConfig, shape: tuple[int, ...]) -> torch.nn.Module:
    """Build the generator network of a run: codes (N, Z) -> samples (N, *shape)."""
    settings = config.generator
    return networks.generator(
        settings.network,
        shape,
        latent_dim=settings.latent_dim,
        width=settings.width,
        depth=settings.depth,
        norm=settings.norm,
        init=settings.init,
    )


def draw_codes(latent: str, count: int, latent_dim: int, seed: int) -> torch.Tensor:
    """Draw latent codes (count, latent_dim), N(0, 1) or uniform in [-1, 1]."""
    generator = stream(seed)
    if latent == "uniform":
        return torch.rand(count, latent_dim, generator=generator) * 2 - 1
    return torch.randn(count, latent_dim, generator=generator)


def averaged_weights(state: Mapping[str, State]) -> dict[str, torch.Tensor]:
    """Return the averaged weights of a generator's state, named as the network names them."""
    prefix = "module."
    average = state["average"]
    return {k.removeprefix(prefix): v for k, v in average.items() if k.startswith(prefix)}
