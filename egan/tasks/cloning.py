"""Behaviour cloning: an expert's actions, told from the states that it was in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from egan.data.trajectories import ACTIONS
from egan.networks.policies import Policy
from population.seeding import preserved_randomness, seed_everything

if TYPE_CHECKING:
    from egan.simulators import Act

WIDTH, UPDATES, BATCH, LR = 100, 1000, 128, 1e-3


def clone(
    task: Any, rng: torch.Generator, *, width: int = WIDTH, updates: int = UPDATES, lr: float = LR
) -> Act:
    """Fit a policy to an expert's steps by maximum likelihood.

    Args:
        task: The task whose `steps` are learned from.
        rng: Of weights and batches.
        width: Units of each of two hidden layers.
        updates: How often a batch is learned from.
        lr: Adam's learning rate.
    """
    world = task.simulator
    with preserved_randomness():
        seed_everything(int(torch.randint(2**31, (), generator=rng)))
        policy = Policy(world.observation_size, world.num_actions, world.action_size, width=width)
    policy.moments.see(task.steps[0])
    optimizer = torch.optim.Adam(policy.parameters(), lr=lr)
    with torch.enable_grad():
        for _ in range(updates):
            batch = task.draw(BATCH, rng)
            law: Any = policy.law(batch.samples)
            loss = -law.log_prob(batch.codes[ACTIONS]).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    def act(observations: Tensor, rng: torch.Generator) -> Tensor:
        return policy.draw(observations, rng)

    return act
