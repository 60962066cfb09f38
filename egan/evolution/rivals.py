"""Discriminators that evolve too: several live side by side, and each is mutated and selected.

    L_G = Σ_j w_j L_G(D_j),  w = softmax(λ L_G(D_j)), without a graph          the soft mechanism
    F_q = mean over j of E[D_j(G(z))],  F_d = −Σ_j log ‖∇ L_D(D_j)‖            a generator's fitness
    F^D = −log ‖∇ L_D‖                                                  that of a discriminator

In each of its steps every discriminator has a child per mutation, by the game's own loss (E-GAN's
minimax) or by least squares on the probability, with the game's penalties; the fittest of all
survive, as many as there were. L_D in both fitnesses is E-GAN's, on the samples that the surviving
generators were scored on and as many real ones. Each discriminator draws real samples, and takes
its share of generated ones, for itself.

Chen et al. 2020, CDE-GAN, arXiv 2008.09388, section III. There each generator's step also has
samples of its own for each discriminator; here all look at the same. Where the game's loss has no
halves it is the only mutation, which leaves the soft weights of GMAN, arXiv 1611.01673.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

import fitness
from egan.evolution.discriminator import OWN, Halves, SharedDiscriminator
from egan.evolution.scoring import kept_buffers
from egan.losses.discriminator import (
    fake_loss,
    least_squares_fake_loss,
    least_squares_real_loss,
    real_loss,
)
from population.environment import Environment
from population.seeding import Seeds
from population.state import PackedState, State, open_copy, pack
from population.strategies.selection import ranking

if TYPE_CHECKING:
    from egan.config.evolution import EvolutionConfig
    from egan.training.game import Game

SOFTNESS = 1.0
"""λ: at 0 all discriminators count alike, at infinity the one whom the generator fools least."""

MUTATIONS: dict[str, Halves] = {
    "own": OWN,
    "least_squares": Halves(real=least_squares_real_loss, fake=least_squares_fake_loss),
}
"""What takes the place of the halves of a discriminator's loss, by name."""


@dataclass(frozen=True)
class _Child:
    """A discriminator after a step: its state, fitness, loss, and what the step was by."""

    state: PackedState
    fitness: float
    loss: float
    mutation: str


class RivalDiscriminators(Environment):
    """The environment's side of a game several times over, each with weights of its own.

    The first is the fittest; it is the one that is shown and saved.

    Args:
        build: Builds the game, or a side of it, from hyperparameters.
        evolution: How members are scored, and how many discriminators there are.
    """

    def __init__(self, *, build: Callable[..., Game], evolution: EvolutionConfig) -> None:
        self.rivals = [
            SharedDiscriminator(build=build, evolution=evolution)
            for _ in range(evolution.discriminators)
        ]
        for place, rival in enumerate(self.rivals):
            rival.prepared = partial(self._prepared_for, place)
        game = self.rivals[0].game
        self.num_steps = game.settings.discriminator_steps
        self.mutations = tuple(MUTATIONS) if game.has_halves else ("own",)

    @property
    def seeds(self) -> Seeds:
        """The random streams of the coming call."""
        return self.rivals[0].seeds

    @seeds.setter
    def seeds(self, seeds: Seeds) -> None:
        for rival in self.rivals:
            rival.seeds = seeds

    @property
    def networks(self) -> Mapping[str, nn.Module]:
        """The first discriminator's."""
        return self.rivals[0].networks

    def undisturbed(self) -> AbstractContextManager[None]:
        """Keep running statistics of all as they are."""
        if not self.rivals[0].has_buffers:
            return nullcontext()
        return kept_buffers([one for rival in self.rivals for one in rival.networks.values()])

    def size_of(self, niche: int) -> int | None:  # noqa: ARG002 - the interface
        """Return None: shares do not move here."""
        return None

    def meet(self, game: Game) -> Iterator[SharedDiscriminator]:
        """Let a game face each discriminator in turn."""
        for rival in self.rivals:
            game.networks |= rival.networks
            yield rival

    def update(self, contributions: Sequence[State]) -> Mapping[str, float]:
        """Evolve the discriminators for `discriminator_steps` generations of theirs."""
        best: Sequence[_Child] = ()
        for step in range(self.num_steps):
            litter = [
                child
                for place, rival in enumerate(self.rivals)
                for child in self._children(
                    rival, contributions, slot=step * len(self.rivals) + place
                )
            ]
            order = ranking([child.fitness for child in litter])[: len(self.rivals)]
            best = [litter[i] for i in order]
            for rival, child in zip(self.rivals, best, strict=True):
                rival.load_state_dict(open_copy(child.state)[0])
        for rival in self.rivals:
            rival.game.updates += 1
        return {
            "discriminator_loss": sum(child.loss for child in best) / len(best),
            "least_squares": sum(child.mutation != "own" for child in best) / len(best),
        }

    def _children(
        self, rival: SharedDiscriminator, contributions: Sequence[State], *, slot: int
    ) -> Iterator[_Child]:
        """Yield a discriminator's children, which start from it and see the same samples."""
        start = pack(rival.state_dict())
        for name in self.mutations:
            rival.load_state_dict(open_copy(start)[0])  # copies: moments are taken by reference
            loss = rival.learn(contributions, slot, halves=MUTATIONS[name])
            state = pack(rival.state_dict())
            yield _Child(state, merit(rival, contributions), loss, name)

    def prepare(self) -> State | None:
        """Return what each discriminator's members will compute alike."""
        parts = [rival.prepare() for rival in self.rivals]
        return None if parts[0] is None else {"rivals": parts}

    def _prepared_for(self, place: int) -> State | None:
        known = self.prepared()
        return None if known is None else known["rivals"][place]

    def state_dict(self) -> State:
        """Return the state of the first, as if it were alone, and those of the others."""
        first, *others = [rival.state_dict() for rival in self.rivals]
        return {**first, "others": others}

    def load_state_dict(self, state: State) -> None:
        """Take over a state made by :meth:`state_dict`."""
        for rival, part in zip(self.rivals, [state, *state["others"]], strict=True):
            rival.load_state_dict(part)

    def view_dict(self) -> State:
        """Return what members need of each."""
        return {"rivals": [rival.view_dict() for rival in self.rivals]}

    def load_view_dict(self, view: State) -> None:
        """Take over the weights and running statistics of those at home."""
        for rival, part in zip(self.rivals, view["rivals"], strict=True):
            rival.load_view_dict(part)


def merit(rival: SharedDiscriminator, contributions: Sequence[State]) -> float:
    """Return F^D = −log ‖∇_w L_D‖; infinite where it has saturated, which ranks worst."""
    real, fake = rival.scored(contributions)
    fake = rival.game.seen(fake)
    with rival.undisturbed():
        loss = real_loss(rival.game.logits(real)) + fake_loss(rival.game.logits(fake))
    gradient = rival.game.gradient(loss, *rival.names)
    known = [part for part in gradient if part is not None]
    return fitness.diversity(known, cap=math.inf).value


def softly(losses: Sequence[Tensor]) -> Tensor:
    """Return Σ_j w_j L_j, w = softmax(λ L) without a graph, of scalars; one loss as it is."""
    if len(losses) == 1:
        return losses[0]
    stacked = torch.stack(list(losses))
    return (torch.softmax(SOFTNESS * stacked.detach(), dim=0) * stacked).sum()
