"""The two sides of a game: their networks, what averages them, and how samples are made.

What the sides want of each other, and the order in which they learn it, is `egan.training.game`'s.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from egan.config.settings import GameSettings
from egan.tasks.base import Batch, Codes, moved
from egan.training.arithmetic import compile_in_place, lay_out
from egan.training.augmented import Augmented
from egan.training.averaging import ExponentialAveraging, has_statistics, own_statistics
from egan.training.model import BATCH, stream

Side = Literal["members", "environment"]
Averaging = Callable[..., Any] | None

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


class TwoSides(Augmented):
    """Networks of two sides, either of which may be built alone; samples come from averages.

    Args:
        side: The side to build, where an evolution takes the game apart; by default both.

    Attributes:
        generator: G, the current weights.
        discriminator: D.
        average: G's exponential average, which makes the samples that are judged and shown, with
            batch norm's running statistics of its own.
    """

    sides: ClassVar[Sides] = Sides()

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
        try:
            with super().truncating(amount):
                self.renew_statistics()
                yield
        finally:
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

    def samples_for(self, captions: Tensor, rng: torch.Generator) -> Tensor:
        """Make samples of captions (N, T), on the CPU, where codes have "captions"."""
        return self.made({**self.codes(len(captions), rng), "captions": captions})

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
