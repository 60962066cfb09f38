"""GAIL: a pole on a cart, a car in a valley, and a grid world whose occupancies are exact.

On the pole GAIL's reward is positive, as in the authors' code, so that longer episodes are worth
more whatever the discriminator says: with a reward of 1 for each step, the expert unseen, the pole
stays up too (500 of 500 with seed 10). So it is also told whether the policy is where the expert
is: the squared MMD of the states that both visit, beside that of a policy which learns from that
reward of 1, at equal updates; and a car, whose episodes are to end, has a negative reward.

Behaviour cloning is the same policy, by maximum likelihood. With one trajectory, seeds 10 to 12,
its mean returns were 421 to 478 with Adam's rate of 1e-3 and 3,000 updates, 379 to 459 with 1,000,
311 to 436 with 300; 433 to 479 with 3e-3 and 1,000; 455 to 481 with 1e-2 and 1,000, which is what
stands beside.

With rates of 3e-3 for the policy and 1e-3 for the discriminator, which takes three steps, the first
kept run missed the mark of the states: .172 beside .0481, and .984 of the expert's return (.882 to
1), the other marks kept. Rates were then searched again with seeds 10 and 11, ten trajectories, 40
updates. That distance of states: .025 and .123 with those rates; .073 and .355 with five steps;
.074 and .185 with 1e-3 and 3e-3; .023 and .017 with these and five steps, returns of 500, which the
small preset has now. The marks stayed.

The car, seed 10: -115 with a negative reward after 60 updates; the expert has -120, and acting at
random -200. On the grid, 500 walks, seed 0: with a policy's rate of 3e-3 or 1e-3 and a
discriminator's of 1e-3 occupancies go round (a divergence of .2 to 5), with 3e-4 and 3e-3 it is
.03, with 3e-4 and 1e-2 .02.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

import fitness
from acceptance import Figures
from acceptance.training import built, minimised, stream, train
from egan.collection.gail import Gail, grid
from egan.data import load
from egan.judging.features import Features
from egan.simulators import grid as exact
from egan.tasks import Control
from egan.tasks.cloning import clone
from egan.training.acting import Steps
from population.seeding import Seeds

SEEDS = 5
UPDATES, GRID_UPDATES, CAR_UPDATES = 40, 150, 60
CAR = "MountainCar-v0"
NUM_JUDGED, NUM_STATES = 50, 1000
NUM_COUNTED, WIDTH = 2000, 64
UNIFORM = np.full((exact.SQUARES, 4), 0.25)
CLONING = {"lr": 1e-2, "updates": 1000}
GRID = grid().settings

TRIED = """\
Tried for the mark of the states: the rates and numbers of steps of the acceptance's docstring, with
seeds 10 and 11. After 80 updates of the rates that were taken the distance is .012 and .006 there,
where 40 gave .023 and .017, but the policy of a reward of 1 was not measured so long. The policy of
a reward of 1 with these rates is nearer to the expert too: .0233, where it was .0481."""


class Shunning(Gail):
    """Its policy goes where the discriminator sees none of the expert."""

    def rewards(self, steps: Steps) -> Tensor:
        """Return the reward turned round."""
        return -super().rewards(steps)


class Exchanged(Gail):
    """Its discriminator takes the policy for the expert."""

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the loss of exchanged steps."""
        return super().discriminator_loss(fake, real)


class Living(Gail):
    """Its policy learns from a reward of 1 for every step."""

    def rewards(self, steps: Steps) -> Tensor:
        """Return what being alive is worth."""
        return torch.ones(len(steps.actions))


def accept(seeds: Sequence[int], *, quick: bool) -> list[Figures]:
    """Measure each mark."""
    seeds = list(seeds)
    ten = [learned(Gail, seed, quick=quick, trajectories=10) for seed in seeds]
    living = [learned(Living, seed, quick=quick, trajectories=10) for seed in seeds]
    one = [learned(Gail, seed, quick=quick, trajectories=1) for seed in seeds]
    shunned = learned(Shunning, seeds[0], quick=quick, trajectories=10)
    copied = [cloned(seed, quick=quick) for seed in seeds]
    return [
        best(seeds),
        Figures(
            mark="return",
            found=[returned(model.act, model.task) / 500 for model in ten],
            saboteur="the policy shuns what the discriminator takes for the expert's",
            sabotaged=[returned(shunned.act, shunned.task) / 500],
        ),
        Figures(
            mark="one",
            found=[returned(model.act, model.task) for model in one],
            baseline=copied,
            baseline_name="behaviour cloning, rates searched",
            saboteur="the policy shuns what the discriminator takes for the expert's",
            sabotaged=[returned(shunned.act, shunned.task)],
            sabotaged_baseline=copied[:1],
        ),
        Figures(
            mark="states",
            found=[apart(model) for model in ten],
            baseline=[apart(model) for model in living],
            baseline_name="a reward of 1 for each step",
            saboteur="the policy shuns what the discriminator takes for the expert's",
            sabotaged=[apart(shunned)],
            sabotaged_baseline=[apart(living[0])],
        ),
        occupancies(seeds, quick=quick),
        car(seeds, quick=quick),
    ]


def car(seeds: Sequence[int], *, quick: bool) -> Figures:
    """Measure what a car reaches whose episodes are to end."""
    return Figures(
        mark="car",
        found=[driven(Gail, seed, quick=quick) for seed in seeds],
        saboteur="a reward of 1 for each step",
        sabotaged=[driven(Living, seeds[0], quick=quick)],
    )


def driven(kind: type[Gail], seed: int, *, quick: bool) -> float:
    """Return the share of the way from acting at random to the expert."""
    control = task("gymnasium", 10, CAR)
    model: Any = built(kind, seed, task=control, quick=quick, reward="negative")
    train(model, seed, updates=CAR_UPDATES, quick=quick)
    return control.worth(returned(model.act, control))["fitness"]


@cache
def task(name: str, trajectories: int, environment: str | None = None) -> Control:
    """Return what is learned from."""
    data = load(name, trajectories=trajectories, environment=environment)
    return Control(data, data, Features(lambda samples: samples.flatten(1)))


def learned(kind: type[Gail], seed: int, *, quick: bool, trajectories: int) -> Any:
    """Train a policy to keep the pole upright."""
    model = built(kind, seed, task=task("cartpole", trajectories), quick=quick)
    return train(model, seed, updates=UPDATES, quick=quick)


def rng(seed: int) -> torch.Generator:
    """Return a stream for what is judged, apart from those of training."""
    return stream(Seeds(seed, 7, 0).own("evaluate"))


def returned(act: Any, control: Control) -> float:
    """Return the mean return of 50 episodes, the same starts for all."""
    return control.returned(act, NUM_JUDGED, rng(1606))


def cloned(seed: int, *, quick: bool) -> float:
    """Return what copying the actions of one trajectory is worth."""
    control = task("cartpole", 1)
    options = {**CLONING, "updates": 3} if quick else CLONING
    return returned(clone(control, rng(seed), **options), control)


def apart(model: Any) -> float:
    """Return the squared MMD of states, in deviations of the expert's, of policy and expert."""
    with torch.no_grad():
        played = model.task.play(model.act, NUM_JUDGED, rng(1606))
    ours, (expert, _) = played.observations[played.there], model.task.steps
    rows = [
        (one[torch.randint(len(one), (NUM_STATES,), generator=rng(i))] / expert.std(dim=0)).numpy()
        for i, one in enumerate((ours, expert))
    ]
    return float(fitness.squared_mmd(*rows, kernel="gaussian"))


def occupancies(seeds: Sequence[int], *, quick: bool) -> Figures:
    """Measure by how much the divergence of exact occupancies falls, from all moves alike."""
    fallen = [fall(walked(Gail, seed, quick=quick)) for seed in seeds]
    return Figures(
        mark="occupancies",
        found=fallen,
        saboteur="the policy shuns what the discriminator takes for the expert's",
        sabotaged=[fall(walked(Shunning, seeds[0], quick=quick))],
    )


def best(seeds: Sequence[int]) -> Figures:
    """Measure a discriminator at its best, where both laws of steps are known."""
    return Figures(
        mark="best",
        found=[off(Gail, seed) for seed in seeds],
        saboteur="policy and expert are exchanged",
        sabotaged=[off(Exchanged, seed) for seed in seeds[:1]],
    )


def off(kind: type[Gail], seed: int) -> float:
    """Return how far D's logits are from log ρ_E − log ρ_π, at most, of whole numbers of steps."""
    settings = {"width": WIDTH, "discriminator_entropy": 0.0}
    model: Any = built(kind, seed, task=task("gridworld", 500), quick=False, **settings)
    model.discriminator.double()
    expert, ours = (counts(one) for one in (exact.expert_policy(), UNIFORM))
    squares, moves = torch.arange(exact.SQUARES).repeat_interleave(4), torch.arange(4).repeat(25)
    seen = torch.eye(exact.SQUARES, dtype=torch.float64)[squares]

    def logits() -> Tensor:
        return model.discriminator(seen, moves)  # type: ignore[no-any-return]

    def loss() -> Tensor:
        told = logits()
        pair = (told.repeat_interleave(each) for each in (expert, ours))
        return model.discriminator_loss(*pair)  # type: ignore[no-any-return]

    minimised(model.discriminator.parameters(), loss)
    with torch.no_grad():
        return float((logits() - (expert / ours).log()).abs().max())


def counts(policy: Any) -> Tensor:
    """Return about how many of 2,000 steps are of each square and move, at least one, (100,)."""
    law = torch.from_numpy(exact.occupancy(policy)).flatten()
    return (NUM_COUNTED * law).round().clamp(min=1).long()


def walked(kind: type[Gail], seed: int, *, quick: bool) -> Any:
    """Train a policy to walk over the squares."""
    names = ("episodes", "lr", "discriminator_lr", "discriminator_steps", "reward")
    settings = {name: getattr(GRID, name) for name in names}
    model = built(kind, seed, task=task("gridworld", 500), quick=quick, **settings)
    return train(model, seed, updates=GRID_UPDATES, quick=quick)


def fall(model: Any) -> float:
    """Return how often smaller the divergence is than that of a policy of equal chances."""
    with model.judging():
        after = exact.divergence(model.task.chances(model))
    return exact.divergence(UNIFORM) / after
