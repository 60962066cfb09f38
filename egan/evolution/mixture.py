"""The product of niches: generators whose samples make one, each from a member drawn by weight."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

import fitness
from egan.judging.classifier import one_thread
from egan.reporting.showing import tiled
from egan.tasks import ROW, draw_labels
from egan.training.model import Model, stream
from population.state import State

if TYPE_CHECKING:
    from PIL import Image

    from egan.config import RunConfig
    from egan.tasks import Draw
    from egan.training.game import Game

logger = logging.getLogger("egan")

FITTED_ON, LEAST = 2000, 50
"""Samples of all members together, and at least of each, that the weights are found from."""
Make = Callable[[Any, Tensor], Tensor]
"""From a member, a game of whichever paper, and the places of its samples to what it makes."""
SEED = 1_811
"""Of the codes of these samples, the same whenever weights are found."""


def mixture_of(members: Sequence[Game], config: RunConfig) -> Mixture:
    """Return the mixture of niches as a run has it, its members named after their mutations."""
    names = [f"niche {i}" for i in range(1, len(members) + 1)]
    if not config.evolution.random_mutation:
        words = (word.replace("_", " ") for word in cycle(config.mutations))
        names = [f"{name}, {word}" for name, word in zip(names, words, strict=False)]
    return Mixture(members, names=names, fitted=config.evolution.mixture == "fitted")


class Weights(nn.Module):
    """How often each member makes a sample: `weights` (M,), at least 0, their sum 1."""

    weights: Tensor

    def __init__(self, num: int) -> None:
        super().__init__()
        self.register_buffer("weights", torch.full((num,), 1 / num, dtype=torch.float64))


class Mixture(Model):
    """Members of a game with the same discriminator, whose samples make one.

    It samples, is judged, shown and saved like any model, and never trains: its members do, in an
    evolution. What a game has beside its task's, measures and pictures, it has of each member.

    Args:
        members: The games; the first has both sides, the others use the first's discriminators.
        names: What the members are called in pictures.
        fitted: Whether members have the weights that bring the mixture nearest to held-out data;
            else all have the same.

    Hoang et al. 2018, MGAN, arXiv 1708.02556, and Ghosh et al. 2018, MAD-GAN, arXiv 1704.02906,
    have several generators against one discriminator, each with a batch of its own.
    """

    def __init__(
        self, members: Sequence[Game], *, names: Sequence[str], fitted: bool = False
    ) -> None:
        self.members, self.names, self.fitted = tuple(members), tuple(names), fitted
        first = self.members[0]
        super().__init__(
            {},
            settings=first.settings,
            task=first.task,
            device=str(first.device),
            arithmetic=first.arithmetic,
        )

    def build(self) -> dict[str, nn.Module]:
        """Take each member's networks as "generator.0" ..., and those that all share."""
        first = self.members[0]
        own = first.with_averages(first.sides.members)
        shared = {name: one for name, one in first.networks.items() if name not in own}
        for other in self.members[1:]:
            other.networks |= shared
        return {
            **{f"{k}.{i}": one.networks[k] for i, one in enumerate(self.members) for k in own},
            **shared,
            "mixture": Weights(len(self.members)),
        }

    def update(self) -> None:
        """Refuse: members are trained in an evolution.

        Raises:
            TypeError: Always.
        """
        raise TypeError("a mixture does not train; its members do, see --evolution.niches.")

    @property
    def weights(self) -> Tensor:
        """How often each member makes a sample, (M,), on the CPU."""
        mixture: Any = self.networks["mixture"]
        weights: Tensor = mixture.weights.cpu()
        return weights

    def load_state_dict(self, state: State) -> None:
        """Take over the states of "members" and of their "environment", and find the weights.

        Where shares of the batch move, they are the weights, unless these are fitted. For a member
        that has just failed another one stands in.
        """
        for i, game in enumerate(self.members):
            game.load_state_dict(state["members"][i % len(state["members"])])
        if state["environment"] is not None:
            self.members[0].load_state_dict(state["environment"])
        mixture: Any = self.networks["mixture"]
        if self.fitted:
            mixture.weights.copy_(self._nearest())
        elif "shares" in (state["environment"] or {}):
            mixture.weights.copy_(torch.as_tensor(state["environment"]["shares"]))

    def _nearest(self) -> Tensor:
        """Return the weights that suit held-out samples, or equal ones where none can be found.

        A member whose samples are not finite has 0.
        """
        num = len(self.members)
        task, rng, count = self.task, stream(SEED), max(LEAST, FITTED_ON // num)
        weights = torch.zeros(num, dtype=torch.float64)
        with one_thread(), self.judging():
            made = [game.samples(count, rng) for game in self.members]
            well = [i for i, one in enumerate(made) if torch.isfinite(one).all()]
            try:
                features = [task.features.features(made[i]) for i in well]
                real = task.features.features(task.held_out.real(task.num_judged))
                found = fitness.mixture_weights(features, real, kernel=task.data.kind.kernel)
            except ValueError as error:  # a look must not cost the run
                logger.warning("the niches have equal weights, since none can be found: %s", error)
                return weights.fill_(1 / num)
        weights[well] = torch.from_numpy(found)
        return weights

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """Make samples (count, *shape), each by a member that is drawn by its weight."""
        return self._made(count, rng, lambda game, places: game.sample(len(places), rng))

    def samples(self, count: int, rng: torch.Generator) -> Tensor:
        """Make samples on the CPU."""
        return self._made(count, rng, lambda game, places: game.samples(len(places), rng))

    def samples_of(self, labels: Tensor, rng: torch.Generator) -> Tensor:
        """Make samples (N, *shape) of classes (N,), on the CPU."""
        return self._made(
            len(labels), rng, lambda game, places: game.samples_of(labels[places], rng)
        )

    def samples_for(self, captions: Tensor, rng: torch.Generator) -> Tensor:
        """Make samples (N, *shape) of captions (N, T), on the CPU."""
        return self._made(
            len(captions), rng, lambda game, places: game.samples_for(captions[places], rng)
        )

    def translate(self, source: Tensor, rng: torch.Generator) -> Tensor:
        """Turn images (N, C, H, W) into others, on the CPU."""
        return self._turned("translate", source, rng)

    def restore(self, damaged: Tensor, rng: torch.Generator) -> Tensor:
        """Restore images (N, C, h, w), on the CPU."""
        return self._turned("restore", damaged, rng)

    def uncover(self, damaged: Tensor, rng: torch.Generator) -> Tensor:
        """Restore images (N, C, H, W), with how probably pixels were hidden, (N, C + 1, H, W)."""
        return self._turned("uncover", damaged, rng)

    def refine(self, source: Tensor, rng: torch.Generator) -> Tensor:
        """Refine images (N, C, H, W), on the CPU."""
        return self._turned("refine", source, rng)

    def segment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """Return probabilities (N, K, H, W) of images (N, C, H, W), on the CPU."""
        return self._turned("segment", images, rng)

    def predict(self, past: Tensor, steps: int, rng: torch.Generator) -> Tensor:
        """Go on from clips (N, P, C, H, W), each by one member: (N, steps, C, H, W)."""
        return self._made(
            len(past), rng, lambda game, places: game.predict(past[places], steps, rng)
        )

    def view(self, source: Tensor, yaw: Tensor, rng: torch.Generator) -> Tensor:
        """Turn images (N, C, H, W) to yaws (N,) in degrees, on the CPU."""
        return self._made(
            len(source), rng, lambda game, places: game.view(source[places], yaw[places], rng)
        )

    def inverted(self, images: Tensor, ages: Tensor | None, rng: torch.Generator) -> Tensor:
        """Return codes (N, Z + 1) of images (N, C, H, W): the last number says whose they are."""
        owners = self._owners(len(images), rng)
        codes = self._by(
            owners,
            lambda game, places: game.inverted(
                images[places], None if ages is None else ages[places], rng
            ),
        )
        return torch.cat([codes, owners[:, None].to(codes)], dim=1)

    def rendered(self, codes: Tensor, ages: Tensor) -> Tensor:
        """Make images of codes (N, Z + 1) at ages (N,), each by whose code it is, on the CPU."""
        owners, own = codes[:, -1].long(), codes[:, :-1]
        return self._by(owners, lambda game, places: game.rendered(own[places], ages[places]))

    def _turned(self, how: str, images: Tensor, rng: torch.Generator) -> Tensor:
        """Have each image turned by a member that is drawn by its weight."""
        return self._made(
            len(images), rng, lambda game, places: getattr(game, how)(images[places], rng)
        )

    def labelled(self, count: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw labels (count,) as the data have them; return them and samples of them."""
        labels = draw_labels(self.task.data, count, rng)
        return labels, self.samples_of(labels, rng)

    def _made(self, count: int, rng: torch.Generator, make: Make) -> Tensor:
        """Draw who makes which of the samples, and let each of them make its own."""
        return self._by(self._owners(count, rng), make)

    def _owners(self, count: int, rng: torch.Generator) -> Tensor:
        """Draw who makes which of the samples, (count,)."""
        return torch.multinomial(self.weights, count, replacement=True, generator=rng)

    def _by(self, owners: Tensor, make: Make) -> Tensor:
        """Put what each member makes into the places of its samples."""
        places = [torch.nonzero(owners == i).flatten() for i in range(len(self.members))]
        pairs = zip(self.members, places, strict=True)
        made = torch.cat([make(game, its) for game, its in pairs if len(its)])
        return made[torch.argsort(torch.cat(places)).to(made.device)]

    @contextmanager
    def truncating(self, amount: float) -> Iterator[None]:
        """Truncate the samples of each member for a while."""
        with ExitStack() as stack:
            for game in self.members:
                stack.enter_context(game.truncating(amount))
            yield

    def check_truncation(self, amount: float) -> None:
        """See that the members' samples can be truncated so."""
        self.members[0].check_truncation(amount)

    def gauges(self) -> dict[str, float]:
        """Return what is told of the environment, which all members share."""
        return self.members[0].gauges()

    def look(self) -> dict[str, float]:
        """Judge samples as the task does, and take the mean of what each member measures beside."""
        scores: dict[str, float] = super().look()
        if type(self.members[0]).look is Model.look:
            return scores
        start, looks = self.rng.get_state(), []
        for game in self.members:
            game.rng = self.rng
            self.rng.set_state(start)
            looks.append(game.look())
        weights = self.weights.tolist()
        return scores | {
            name: sum(w * one[name] for w, one in zip(weights, looks, strict=True))
            for name in looks[0]
            if name not in scores
        }

    def pictures(self) -> dict[str, Draw]:
        """Show what each member makes, what all of them make, and the game's pictures of each."""
        whole: dict[str, Draw] = self.task.pictures(self)
        own = [name for name in self.members[0].pictures() if name not in whole]
        return {
            "members": self.show_members,
            **whole,
            **{name: self._of_each(name) for name in own},
        }

    def show_members(self, rng: torch.Generator) -> Image.Image:
        """Draw samples of each member, with the share of all samples that it makes.

        Columns share their codes.
        """
        count = max(1, self.task.data.kind.num_shown // (ROW * len(self.members))) * ROW
        return self._tiled(lambda game: self.task.show(game.samples(count, rng)), rng)

    def _of_each(self, name: str) -> Draw:
        """Return what draws a picture of the game for each member, on the same random numbers."""

        def draw(rng: torch.Generator) -> Image.Image:
            return self._tiled(lambda game: game.pictures()[name](rng), rng)

        drawn: Any = self.members[0].pictures()[name]
        draw.__doc__ = inspect.getdoc(getattr(drawn, "func", drawn))
        return draw

    def _tiled(self, draw: Callable[[Game], Image.Image], rng: torch.Generator) -> Image.Image:
        start, tiles = rng.get_state(), []
        for game in self.members:
            rng.set_state(start)
            tiles.append(draw(game))
        shares = [f"{weight:.0%}" for weight in self.weights.tolist()]
        pairs = zip(self.names, shares, strict=True)
        return tiled(tiles, [f"{name}: {share}" for name, share in pairs])
