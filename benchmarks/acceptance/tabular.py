"""A game of a few points, where the best players are known: its losses are exact expectations.

Samples are the rows of a unit matrix, D has a number for each, G is a law over them, a softmax.
Everything else is the model's own: its losses, objective, optimisers and updates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from acceptance.training import built
from egan.data.dataset import Dataset
from egan.judging.features import Features
from egan.tasks import Batch, Codes, Generation
from egan.training.game import Game
from mutations.objectives import Objective

POINTS = 7
ADAM = {"beta1": 0.9, "beta2": 0.999}

G = TypeVar("G", bound=Game)


class Law(nn.Module):
    """A law over the points, (K,), the even one at first."""

    def __init__(self, num: int) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.zeros(num, dtype=torch.float64))

    def forward(self) -> Tensor:
        """Return the probabilities."""
        return self.theta.softmax(dim=0)


def law_of(seed: int, num: int = POINTS) -> Tensor:
    """Draw a law (K,) of the data."""
    return torch.from_numpy(np.random.default_rng(seed).dirichlet(np.ones(num)))


class OnTable(Game):
    """What makes a game one of points; it goes before the game's own class.

    Attributes:
        p: The data's law, (K,).
    """

    p: Tensor

    def generator_network(self) -> nn.Module:
        """Build a law."""
        return Law(self.shape[0])

    def discriminator_network(self) -> nn.Module:
        """Build a number for each point, 0 at first."""
        scores = nn.Linear(self.shape[0], 1, bias=False).double()
        nn.init.zeros_(scores.weight)
        return nn.Sequential(scores, nn.Flatten(0))

    @property
    def points(self) -> Tensor:
        """The points, (K, K)."""
        return torch.eye(self.shape[0], dtype=torch.float64)

    @property
    def scores(self) -> Tensor:
        """What D says of each point, (K,)."""
        with torch.no_grad():
            found: Tensor = self.discriminator(self.points)
        return found

    def generate(self, network: nn.Module, codes: Codes) -> Tensor:  # noqa: ARG002
        """Return all points: expectations are taken over them."""
        return self.points

    def draw(self, count: int | None = None) -> Batch:  # noqa: ARG002
        """Return all points."""
        return Batch(self.points)

    def real_loss(self, real: Batch) -> Tensor:  # noqa: ARG002
        """Return the expectation of the game's own loss over p."""
        return expected(self.p, super().real_loss)

    def fake_loss(self, fake: Batch) -> Tensor:  # noqa: ARG002
        """Return the expectation of the game's own loss over G's law."""
        return expected(self.generator().detach(), super().fake_loss)

    def generator_losses(
        self,
        fake: Batch,  # noqa: ARG002
        real: Batch,
        objectives: Sequence[Objective | None],
    ) -> list[Tensor]:
        """Return the expectation of G's loss, of one objective, over its law."""
        own = super().generator_losses
        return [expected(self.generator(), lambda point: own(point, real, objectives)[0])]


def expected(law: Tensor, loss: Callable[[Batch], Tensor]) -> Tensor:
    """Return the expectation of a loss of one point, over a law (K,) of the points."""
    points = torch.eye(len(law), dtype=law.dtype)
    return law @ torch.stack([loss(Batch(point[None])) for point in points])


def table(kind: type[Game], seed: int, *, p: Tensor, **changed: Any) -> Any:
    """Build the game of points of a law p (K,) with the losses of `kind`."""
    data = Dataset("table", np.eye(len(p), dtype=np.float32))
    task = Generation(data, data, Features(lambda points: points))
    model: Any = built(
        type(kind.__name__, (OnTable, kind), {}),
        seed,
        task=task,
        quick=False,
        **{**ADAM, **changed},
    )
    model.p = p
    model.training(True)
    return model


def play(model: Any, *, rounds: int, rates: dict[str, float]) -> Any:
    """Take the model's own updates, with rates that fall to 0, so that all players come to rest."""
    for i in range(rounds):
        model.configure({name: rate * (1 - i / rounds) for name, rate in rates.items()})
        model.update()
    return model


def with_best_discriminator(model: Any, *, steps: int = 200) -> Any:
    """Minimise the model's own loss of D, with G as it is, until D stands still."""
    parameters = model.parameters("discriminator")
    optimizer = torch.optim.LBFGS(
        parameters,
        max_iter=steps,
        tolerance_grad=0,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        loss: Tensor = model.discriminator_loss(model.draw(), model.draw())
        for parameter, part in zip(parameters, model.gradient(loss, "discriminator"), strict=True):
            parameter.grad = part
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return model


def negated(kind: type[G]) -> type[G]:
    """Return a game whose G climbs what it should descend."""

    class Negated(kind):  # type: ignore[misc,valid-type]
        def objective(self) -> Objective:
            right: Any = super().objective()
            return replace(right, generator=lambda fake, real: -right.generator(fake, real))

    return Negated


def jensen_shannon(p: Tensor, q: Tensor) -> Tensor:
    """Return JSD(p, q) in nats, of laws (K,) above 0."""
    middle = (p + q) / 2
    return ((p * (p / middle).log()).sum() + (q * (q / middle).log()).sum()) / 2
