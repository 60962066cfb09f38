"""Experts that are written by hand, by the name of the simulator that they act in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from egan.simulators.base import Act
from egan.simulators.grid import expert_policy

if TYPE_CHECKING:
    import torch
    from torch import Tensor


def balance(seen: Tensor, rng: torch.Generator) -> Tensor:
    """Push the cart under the pole, and a little to the middle: all of 500 steps."""
    del rng
    x, speed, angle, turn = seen.T
    leans: Tensor = 0.05 * x + 0.1 * speed + angle + 0.5 * turn > 0
    return leans.long()


def swing(seen: Tensor, rng: torch.Generator) -> Tensor:
    """Drive the car the way that it rolls, so that it gains height."""
    del rng
    return 2 * (seen[:, 1] >= 0).long()


def whip(seen: Tensor, rng: torch.Generator) -> Tensor:
    """Turn the second link of two the way that it swings, so that they gain height."""
    del rng
    return 2 * (seen[:, 5] >= 0).long()


def walk(seen: Tensor, rng: torch.Generator) -> Tensor:
    """Walk over the squares by the policy of the greatest reward and entropy."""
    import torch

    policy = torch.from_numpy(expert_policy()).float()
    return torch.multinomial(policy[seen.argmax(dim=1)], 1, generator=rng)[:, 0]


CONTROLLERS: dict[str, Act] = {
    "CartPole-v1": balance,
    "MountainCar-v0": swing,
    "Acrobot-v1": whip,
    "GridWorld-v0": walk,
}
