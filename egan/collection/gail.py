"""GAIL (Ho and Ermon 2016, "Generative adversarial imitation learning", arXiv 1606.03476).

A policy π acts in a simulator, and a discriminator D tells its steps from an expert's:

    min_π max_D  E_E[log D(s, a)] + E_π[log(1 − D(s, a))] − λ_H H(π)

D is a sigmoid σ(t) here and tends to 1 on the expert's steps, where the paper's tends to 1 on the
policy's. At best the occupancies ρ(s, a) of both are the same. An update:

    play whole episodes with π
    climb E_E[log D] + E_π[log(1 − D)] + a little of D's entropy, `discriminator_steps` times
    take a step of π by TRPO or PPO for the reward of D, with a baseline V and λ_GAE

The reward may be −log(1 − D), which is positive and so worth more in longer episodes; log D, which
is negative and so worth more in shorter ones; or the difference of both, t. Which one does depends
on whether a task is to go on or to end. Trajectories are all that is known of the expert; rewards
of the simulator are looked at by the fitness alone.

The paper's step is TRPO, on episodes of 5,000 steps and more; the small preset's is PPO
(arXiv 1707.06347), which takes fewer. For finitely many actions D maps a state to a logit for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.config import DataConfig, RunConfig, SearchConfig
from egan.data.trajectories import ACTIONS
from egan.networks.policies import from_zero, tanh_layers
from egan.training.acting import Actor, ActorSettings, Steps

if TYPE_CHECKING:
    from egan.simulators import Episodes


@dataclass(frozen=True, kw_only=True)
class GailSettings(ActorSettings):
    """Settings of generative adversarial imitation."""

    SPACE: ClassVar = {
        "lr": "3e-4,1e-2,log",
        "discriminator_lr": "1e-4,1e-2,log",
        "discriminator_steps": "1,5",
        "entropy_weight": "0,0.02",
        "trace": "0.9,1",
        "discount": "0.95,0.999",
        "clip": "0.1,0.3",
        "reward": "positive|signed|negative",
    }

    discriminator_lr: float = 1e-3
    """Adam's learning rate of the discriminator."""
    discriminator_steps: int = 3
    """Discriminator updates per update of the policy."""
    discriminator_entropy: float = 1e-3
    """What the entropy of the discriminator's verdicts counts for."""
    reward: Literal["positive", "negative", "signed"] = "positive"
    """-log(1 - D), for tasks that are to go on; log D, for those that are to end; or both."""


def small() -> RunConfig:
    """A pole on a cart, ten trajectories, in a minute."""
    return RunConfig(
        data=DataConfig(name="cartpole", hold_out=False),
        search=SearchConfig(rounds=16, interval=5),
        settings=GailSettings(lr=1e-3, discriminator_lr=3e-3, discriminator_steps=5),
    )


def grid() -> RunConfig:
    """Squares whose occupancies are known exactly, 500 walks."""
    return RunConfig(
        data=DataConfig(name="gridworld", trajectories=500, hold_out=False),
        search=SearchConfig(rounds=20, interval=10),
        settings=GailSettings(
            episodes=64,
            lr=3e-4,
            discriminator_lr=1e-2,
            discriminator_steps=5,
            reward="signed",
        ),
    )


def paper() -> RunConfig:
    """TRPO with the paper's networks; on Reacher ... Humanoid give --data.name gymnasium."""
    return RunConfig(
        data=DataConfig(name="cartpole", hold_out=False),
        search=SearchConfig(rounds=100, interval=3),
        settings=GailSettings(policy_step="trpo", episodes=100, discount=0.995, entropy_weight=0.0),
    )


class Discriminator(nn.Module):
    """Steps -> a logit, high for the expert's; 0 at first.

    Args:
        observation_size: S.
        num_actions: Of finitely many actions, of which each has its own output; or 0.
        action_size: Numbers in an action, which are read beside the observation.
        width: Units of each hidden layer.
    """

    def __init__(
        self, observation_size: int, num_actions: int, action_size: int, *, width: int
    ) -> None:
        super().__init__()
        self.is_discrete = num_actions > 0
        read = observation_size if self.is_discrete else observation_size + action_size
        self.layers = from_zero(tanh_layers(read, width, num_actions or 1))

    def forward(self, observations: Tensor, actions: Tensor) -> Tensor:
        """Return the logit of each step, (M,)."""
        if self.is_discrete:
            told: Tensor = self.layers(observations)
            return told.gather(1, actions[:, None])[:, 0]
        both: Tensor = self.layers(torch.cat([observations, actions], dim=1))
        return both[:, 0]


class Gail(Actor):
    """A policy whose steps a discriminator is to take for an expert's."""

    presets: ClassVar = {"small": small, "grid": grid, "paper": paper}
    sources: ClassVar = {
        "paper": {
            "section 6 and appendix B, from memory": ("width", "policy_step", "max_kl"),
            "ours": (
                *("episodes", "epochs", "discount", "trace", "entropy_weight", "batch_size"),
                *("value_lr", "discriminator_lr", "discriminator_steps", "reward"),
                *("discriminator_entropy", "lr", "clip"),
            ),
        }
    }
    learning: ClassVar = {
        "policy": "lr",
        "value": "value_lr",
        "discriminator": "discriminator_lr",
    }
    tiny: ClassVar = {"width": 8, "episodes": 2, "epochs": 1, "batch_size": 32}
    settings: GailSettings

    def rewarders(self) -> dict[str, nn.Module]:
        """Build D."""
        world, width = self.task.simulator, self.settings.width
        sizes = world.observation_size, world.num_actions, world.action_size
        self.discriminator = Discriminator(*sizes, width=width)
        return {"discriminator": self.discriminator}

    def logits(self, observations: Tensor, actions: Tensor) -> Tensor:
        """Return D's logits (M,) of steps, high where they seem to be the expert's."""
        found: Tensor = self.discriminator(self.moments(observations), actions)
        return found

    def learn_reward(self, episodes: Episodes, steps: Steps) -> None:
        """Train D to tell steps of these episodes from the expert's."""
        del episodes
        for _ in range(self.settings.discriminator_steps):
            size = (self.settings.batch_size,)
            chosen = torch.randint(len(steps.actions), size, generator=self.rng).to(self.device)
            expert = self.draw()
            real = self.logits(expert.samples, expert.codes[ACTIONS])
            fake = self.logits(steps.observations[chosen], steps.actions[chosen])
            self.descend(self.discriminator_loss(real, fake), "discriminator")

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return −E_E[log D] − E_π[log(1 − D)] − weight · E[H(D)], of logits (M,) each."""
        both = torch.cat([real, fake])
        entropy = F.softplus(both) - both * both.sigmoid()
        loss = F.softplus(-real).mean() + F.softplus(fake).mean()
        return loss - self.settings.discriminator_entropy * entropy.mean()

    def rewards(self, steps: Steps) -> Tensor:
        """Return what D's word is worth, (M,)."""
        logits = self.logits(steps.observations, steps.actions)
        if self.settings.reward == "positive":
            return F.softplus(logits)
        return logits if self.settings.reward == "signed" else -F.softplus(-logits)
