"""A game of two sides: generators make samples, discriminators tell them from real ones.

A paper defines its two networks, its codes, and what differs from the plain game. The order of the
game, optimisers, averages and states are here, and each half of a loss stands alone; so training, a
search and an evolution of the generators (`egan.evolution`) use the same losses.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

import mutations
from egan.config.settings import GameSettings
from egan.losses import discriminator as logistic
from egan.losses.games import whole
from egan.tasks.base import Batch, Codes, Draw, moved
from egan.training import optimizers
from egan.training.arithmetic import compile_in_place, eager, lay_out
from egan.training.augmented import Augmented
from egan.training.averaging import ExponentialAveraging, has_statistics, own_statistics
from egan.training.model import BATCH, Dial, stream
from mutations.objectives import Objective

__all__ = ["Batch", "Codes", "Dial", "Draw", "Game", "Objective", "Sides"]

Side = Literal["members", "environment"]
Averaging = Callable[..., Any] | None
Half = Callable[[Tensor], Tensor]
"""A half of D's loss: from logits (N,) to a scalar."""

NUM_STATISTICS = 2 * BATCH
"""Samples that batch norm's statistics of an average are taken over."""
STATISTICS = 0x57A7
"""The seed of their codes, always the same: so the statistics depend on the weights alone."""


class Sides(NamedTuple):
    """What an evolution takes apart: networks by name.

    Attributes:
        members: Those of the side that evolves; each member has its own.
        environment: Those of the side that all members live in.
    """

    members: tuple[str, ...] = ("generator",)
    environment: tuple[str, ...] = ("discriminator",)


class Game(Augmented):
    """G makes samples from codes, D tells them from real ones; each update trains D, then G.

    A subclass defines `generator_network` and `discriminator_network`, `codes`, and what differs
    from the plain game: `generate`, `discriminate`, `real_loss`, `fake_loss`, `real_penalty`,
    `penalty`, `objective`, `generator_terms`. A game of more networks says in `sides` which of them
    play together, and builds them in `generators` and `discriminators`.

    Args:
        side: The side to build, where an evolution takes the game apart; by default both.

    Attributes:
        generator: G, the current weights.
        discriminator: D; whatever it returns, `discriminate` makes one logit for each sample of it,
            or as many for each, one after the other, such as those of its patches.
        average: G's exponential average, which makes the samples that are judged and shown, with
            batch norm's running statistics of its own.
    """

    sides: ClassVar[Sides] = Sides()
    discriminator_codes: ClassVar[tuple[str, ...]] = ()
    """The codes that D is told of, such as "labels"; survivors hand them on with their samples."""

    settings: GameSettings

    def __init__(self, *arguments: Any, side: Side | None = None, **options: Any) -> None:
        self.side = side
        super().__init__(*arguments, **options)

    @property
    def learning(self) -> Mapping[str, str]:  # type: ignore[override]
        """Each side has a learning rate, `generator_lr` and `discriminator_lr`."""
        rates = dict.fromkeys(self.sides.members, "generator_lr")
        return rates | dict.fromkeys(self.sides.environment, "discriminator_lr")

    def build(self) -> dict[str, nn.Module]:
        """Build the networks, or those of one side, and what averages them."""
        self.averaging = ExponentialAveraging(self.settings.ema_decay)
        # a side that is built alone draws its weights as if there were no other
        networks = {} if self.side == "environment" else self.generators()
        networks |= {} if self.side == "members" else self.discriminators()
        for name, network in networks.items():
            networks[name] = lay_out(network.to(self.device), self.arithmetic)
        averages = {
            name: AveragedModel(networks[followed], multi_avg_fn=averaging)
            for name, (followed, averaging) in self.averages().items()
            if followed in networks
        }
        for network in networks.values():  # after their averages, which are copies
            compile_in_place(network, self.arithmetic)
        return networks | averages | ({} if self.side == "members" else self.adaptive())

    def generators(self) -> dict[str, nn.Module]:
        """Build the networks of the members' side by name; by default G alone."""
        return {"generator": self.generator_network()}

    def discriminators(self) -> dict[str, nn.Module]:
        """Build the networks of the environment's side by name; by default D alone."""
        return {"discriminator": self.discriminator_network()}

    def generator_network(self) -> nn.Module:
        """Build G for ``self.settings``, ``self.shape`` and ``self.num_classes``.

        Raises:
            TypeError: The game defines neither this nor `generators`.
        """
        raise TypeError(f"{type(self).__name__} must define generator_network, or generators.")

    def discriminator_network(self) -> nn.Module:
        """Build D.

        Raises:
            TypeError: The game defines neither this nor `discriminators`.
        """
        raise TypeError(
            f"{type(self).__name__} must define discriminator_network, or discriminators."
        )

    def averages(self) -> dict[str, tuple[str, Averaging]]:
        """Return what averages a network: its name, the network's, and torch's `multi_avg_fn`."""
        return {
            "average" if name == "generator" else f"{name}_average": (name, self.averaging)
            for name in self.sides.members
        }

    def with_averages(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the names of networks and of what averages them."""
        return (*names, *(name for name, (of, _) in self.averages().items() if of in names))

    @abstractmethod
    def codes(self, count: int, rng: torch.Generator) -> Codes:
        """Draw what `count` samples are made from, on the CPU: {"z": (count, Z), ...}."""

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:
        """Make samples (N, *shape) with G or its average; by default from codes["z"] alone."""
        samples: Tensor = network(codes["z"])
        return samples

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask D for one logit for each sample (N,); by default it sees the samples alone."""
        logits: Tensor = self.discriminator(batch.samples)
        return logits

    def logits(self, batch: Batch) -> Tensor:
        """Return the logits (N,) of `discriminate`, in the arithmetic of the run."""
        logits = self.computed(self.discriminate, batch)
        self.hear(batch, logits)
        return logits

    def fake(self, count: int) -> Batch:
        """Make samples from new codes, in the arithmetic of the run."""
        codes = moved(self.codes(count, self.rng), self.device)
        return Batch(self.computed(self.generate, self.generator, codes), codes)

    def computed(self, function: Callable[..., Tensor], *arguments: Any) -> Tensor:
        """Return what a pass gives, computed in the precision of the settings."""
        if self.arithmetic.precision == "float32":
            return function(*arguments)
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            return function(*arguments).float()

    def real_loss(self, real: Batch) -> Tensor:
        """Return the half of D's loss on real samples: −E[log D(x)], unless it is overridden."""
        return logistic.real_loss(self.logits(real))

    def fake_loss(self, fake: Batch) -> Tensor:
        """Return the half on generated samples: −E[log(1 − D(G(z)))], unless it is overridden."""
        return logistic.fake_loss(self.logits(fake))

    def real_half(self, real: Batch, half: Half | None) -> Tensor:
        """Return `real_loss`, or with a mutation's half of logits (N,) in its place."""
        return self.real_loss(real) if half is None else half(self.logits(real))

    def fake_half(self, fake: Batch, half: Half | None) -> Tensor:
        """Return `fake_loss`, or with a mutation's half of logits in the adversarial part's place.

        A game whose `fake_loss` has more in it than that overrides this.
        """
        return self.fake_loss(fake) if half is None else half(self.logits(fake))

    def real_penalty(self, real: Batch) -> Tensor | None:  # noqa: ARG002 - the interface
        """Return what keeps D smooth on real samples, weighted, such as R1; None for nothing."""
        return None

    def penalty(self, real: Batch, fake: Batch) -> Tensor | None:  # noqa: ARG002 - the interface
        """Return what else D minimises on a batch of either kind; None for nothing."""
        return None

    def discriminator_loss(self, real: Batch, fake: Batch) -> Tensor:
        """Return what D minimises: both halves, and penalties, on batches as D sees them.

        A paper whose loss has no halves overrides it; an evolution then takes it whole.
        """
        loss = self.real_loss(real) + self.fake_loss(fake)
        with eager(self.arithmetic):
            penalties = self.real_penalty(real), self.penalty(real, fake)
        for penalty in penalties:
            loss = loss if penalty is None else loss + penalty
        return loss

    @property
    def has_halves(self) -> bool:
        """Whether D's loss is a sum of a half on real samples and one on generated ones."""
        return type(self).discriminator_loss is Game.discriminator_loss

    @property
    def is_logistic(self) -> bool:
        """Whether both halves are E-GAN's, whose gradient its diversity takes."""
        mine = type(self)
        halves = mine.real_loss is Game.real_loss and mine.fake_loss is Game.fake_loss
        return halves and self.has_halves

    def objective(self) -> Objective | None:
        """Return G's adversarial term, by default the heuristic one, see `published`.

        None where G does without one; an evolution puts a mutation in its place.
        """
        return self.published(mutations.get("heuristic"))

    def published(self, mutation: Objective) -> Objective:
        """Return a mutation as the plain game has it: under gradient descent without E-GAN's ½.

        There it would halve G's rate alone, since D's loss is whole. Adam's steps do not depend on
        a factor, so that under it the mutation stays what it is, to the bit.
        """
        return mutation if optimizers.name_of(self.settings) == "adam" else whole(mutation)

    def generator_terms(self, fake: Batch, real: Batch) -> Tensor | None:  # noqa: ARG002
        """Return what G minimises beside the adversarial term; None for nothing.

        Args:
            fake: Samples with their graph, and their codes; D is asked about `seen` of them.
            real: As many real samples.
        """
        return None

    def wants_reals(self, objectives: Sequence[Objective | None]) -> bool:
        """Whether G's loss, under some objectives, looks at real samples."""
        has_terms = type(self).generator_terms is not Game.generator_terms
        return has_terms or any(one is not None and one.needs_real for one in objectives)

    def generator_losses(
        self, fake: Batch, real: Batch, objectives: Sequence[Objective | None]
    ) -> list[Tensor]:
        """Return G's loss under each objective, all from one pass through D.

        Real samples are asked about last: D's running statistics and noise go on from pass to pass,
        and an objective that needs none must not change what the others see.
        """
        asked = [objective for objective in objectives if objective is not None]
        # one pass for all objectives gives the bits of a pass for each: they end in separate sums
        logits = self.logits(self.seen(fake)) if asked else None
        terms, real_logits = self.generator_terms(fake, real), None
        if any(objective.needs_real for objective in asked):
            with torch.no_grad():
                real_logits = self.logits(self.seen(real))
        losses = []
        for objective in objectives:
            loss = None if objective is None else objective.generator(logits, real_logits)  # type: ignore[arg-type]
            parts = [part for part in (loss, terms) if part is not None]
            losses.append(sum(parts[1:], start=parts[0]))
        return losses

    def update(self) -> None:
        """Train D `discriminator_steps` times, each on samples of its own, then G once."""
        # one stream gives all of an update's numbers, so bits depend on who draws first
        for _ in range(self.settings.discriminator_steps):
            with torch.no_grad():
                fake = self.fake(self.settings.batch_size)
            self.train_discriminator(self.draw(), fake)
        fake, real = self.fake(self.settings.batch_size), self.draw()
        self.train_generator(self.generator_losses(fake, real, [self.objective()])[0])

    def train_discriminator(self, real: Batch, fake: Batch) -> Tensor:
        """Take a step of D; return its loss."""
        loss = self.discriminator_loss(self.seen(real, learned=True), self.seen(fake))
        self.descend(loss, *self.sides.environment)
        return loss.detach()

    def train_generator(self, loss: Tensor) -> None:
        """Take a step of G, and move its average."""
        self.descend(loss, *self.sides.members)

    def follow(self, gradient: Sequence[Tensor | None], *names: str) -> None:
        """Take a step of some networks along a gradient, and move what averages or watches them."""
        super().follow(gradient, *names)
        if not {*names}.isdisjoint(self.sides.environment):
            self.adapt()
        for name, (followed, _) in self.averages().items():
            if followed in names:
                self.networks[name].update_parameters(self.networks[followed])  # type: ignore[operator]

    def training(self, mode: bool) -> None:
        """Set all networks to training mode, or to evaluation, where averages are by themselves."""
        super().training(mode)
        if not mode and self.side is None:
            self.renew_statistics()

    def renew_statistics(self) -> None:
        """Take the running statistics of G's average from samples of its own.

        They are a function of its weights, whenever they are taken. Training never reads them, and
        puts G's in their place with its next step.
        """
        if has_statistics(self.average):
            codes = self.codes(NUM_STATISTICS, stream(STATISTICS))
            own_statistics(self.average, lambda: self.made(codes))

    @contextmanager
    def truncating(self, amount: float) -> Iterator[None]:
        """Truncate samples for a while, with batch norm's statistics of such codes."""
        with super().truncating(amount):
            self.renew_statistics()
            yield
        self.renew_statistics()

    def made(self, codes: Codes, *, network: nn.Module | None = None) -> Tensor:
        """Make samples with the averaged generator, or another, from codes, all on the CPU."""
        network = network or self.average
        split = {name: torch.split(code, BATCH) for name, code in codes.items()}
        parts = [dict(zip(split, part, strict=True)) for part in zip(*split.values(), strict=True)]
        made = [self.generate(network, moved(part, self.device)) for part in parts]
        return torch.cat([samples.cpu() for samples in made])

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """Make samples with the averaged generator."""
        return self.generate(self.average, moved(self.codes(count, rng), self.device))

    def samples_of(self, labels: Tensor, rng: torch.Generator) -> Tensor:
        """Make samples (N, *shape) of classes (N,), on the CPU, where codes have "labels"."""
        return self.made({**self.codes(len(labels), rng), "labels": labels})

    def labelled(self, count: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw labels (count,) as the data have them; return them and samples of them."""
        codes = self.codes(count, rng)
        return codes["labels"], self.made(codes)

    @property
    def generator(self) -> nn.Module:
        """G."""
        return self.networks["generator"]

    @property
    def discriminator(self) -> nn.Module:
        """D."""
        return self.networks["discriminator"]

    @property
    def average(self) -> nn.Module:
        """G's exponential average, a network like G."""
        return self.networks["average"].module  # type: ignore[return-value]

    def apply_settings(self) -> None:
        """Hand the settings on to optimisers, averages and modules."""
        super().apply_settings()
        self.averaging.decay = self.settings.ema_decay
