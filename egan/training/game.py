"""A game of two sides: generators make samples, discriminators tell them from real ones.

A paper defines its two networks, its codes, and what differs from the plain game. Losses and their
order are here, networks and averages in `egan.training.sides`. Each half of a loss stands alone; so
training, a search and an evolution of the generators (`egan.evolution`) use the same losses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import torch
from torch import Tensor

import mutations
from egan.losses import discriminator as logistic
from egan.losses.games import whole
from egan.tasks.base import Batch, Codes, Draw
from egan.training import optimizers
from egan.training.arithmetic import eager
from egan.training.sides import Sides, TwoSides
from egan.training.truncation import Dial
from mutations.objectives import Objective

__all__ = ["Batch", "Codes", "Dial", "Draw", "Game", "Objective", "Sides"]

Half = Callable[[Tensor], Tensor]
"""A half of D's loss: from logits (N,) to a scalar."""


class Game(TwoSides):
    """G makes samples from codes, D tells them from real ones; each update trains D, then G.

    A subclass defines `generator_network` and `discriminator_network`, `codes`, and what differs
    from the plain game: `generate`, `discriminate`, `real_loss`, `fake_loss`, `real_penalty`,
    `penalty`, `objective`, `generator_terms`. A game of more networks says in `sides` which of them
    play together, and builds them in `generators` and `discriminators`.

    Whatever D returns, `discriminate` makes one logit for each sample of it, or as many for each,
    one after the other, such as those of its patches.
    """

    discriminator_codes: ClassVar[tuple[str, ...]] = ()
    """The codes that D is told of, such as "labels"; survivors hand them on with their samples."""

    def discriminate(self, batch: Batch) -> Tensor:
        """Ask D for one logit for each sample (N,); by default it sees the samples alone."""
        logits: Tensor = self.discriminator(batch.samples)
        return logits

    def logits(self, batch: Batch) -> Tensor:
        """Return the logits (N,) of `discriminate`, in the arithmetic of the run."""
        logits = self.computed(self.discriminate, batch)
        self.hear(batch, logits)
        return logits

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
