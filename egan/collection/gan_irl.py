"""GAN-IRL (Finn et al. 2016, "A connection between GANs, IRL and energy-based models", 1611.03852).

An expert is taken to play a trajectory τ with a chance that grows with its reward. A discriminator
knows how likely the policy's own trajectories are, so that it learns that reward alone:

    p(τ) = exp(−E(τ)) / Z,     −E(τ) = Σ_t r(s_t),     q(τ) = Π_t π(a_t | s_t)
    D(τ) = p(τ) / (p(τ) + q(τ)),   so that its logit is Σ_t r(s_t) − log Z − log q(τ)

where the chances of the start and of what the simulator does cancel. At best logit D + log q is the
reward of a trajectory, up to log Z; a learned log Z is at best what importance sampling estimates.
The policy climbs E[log D − log(1 − D)], reward and entropy. An update:

    play whole episodes with π
    climb E_E[log D] + E_π[log(1 − D)] in r and log Z, `reward_steps` times
    take a step of π by PPO or TRPO for r(s) − log π(a|s), with a baseline V and λ_GAE

Of finitely many states r may be a table, and π(a|s) is exact. The paper is theory; networks, steps
and the exponential average of r, which is what is judged, are ours.

In the grid world, whose expert maximises reward and entropy, a look tells how r correlates with the
true reward, which nobody else has seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from egan.config import DataConfig, RunConfig, SearchConfig
from egan.data.trajectories import ACTIONS, LENGTHS
from egan.networks.policies import from_zero, tanh_layers
from egan.reporting.showing import tiled
from egan.simulators import grid
from egan.simulators.base import mask
from egan.tasks import Draw
from egan.training.acting import Actor, ActorSettings, Steps

if TYPE_CHECKING:
    from PIL import Image

    from egan.simulators import Episodes


@dataclass(frozen=True, kw_only=True)
class GanIrlSettings(ActorSettings):
    """Settings of inverse reinforcement learning by a GAN."""

    STRUCTURAL = ("hidden",)
    MAY_BE_ZERO = ("hidden",)
    SPACE: ClassVar = {
        "lr": "3e-4,1e-2,log",
        "reward_lr": "1e-3,1e-1,log",
        "reward_steps": "1,5",
        "trace": "0.9,1",
        "clip": "0.1,0.3",
    }

    hidden: int = 0
    """Units of both hidden layers of the reward; 0 for one weight for each number observed."""
    reward_lr: float = 1e-2
    """Adam's learning rate of the reward and of log Z."""
    reward_steps: int = 2
    """Updates of the reward per update of the policy."""
    reward_decay: float = 0.99
    """Decay of the reward's exponential average, which is judged and shown."""
    discount: float = 1.0
    """What a reward is worth a step later (gamma): the same, for trajectories that end."""
    entropy_weight: float = 0.0
    """What the policy's entropy counts for, beside that of its reward."""


def small() -> RunConfig:
    """Squares whose rewards are known to the judge alone, 5,000 walks."""
    return RunConfig(
        data=DataConfig(name="gridworld", trajectories=5000, hold_out=False),
        search=SearchConfig(rounds=15, interval=10),
        settings=GanIrlSettings(episodes=128, batch_size=1024, lr=1e-2, reward_lr=2e-2, epochs=2),
    )


def paper() -> RunConfig:
    """A reward of two hidden layers, as an energy of the paper may be; it has no experiments."""
    return RunConfig(
        data=DataConfig(name="gridworld", trajectories=5000, hold_out=False),
        search=SearchConfig(rounds=100, interval=20),
        settings=GanIrlSettings(hidden=100, reward_lr=1e-3, episodes=256, policy_step="trpo"),
    )


class Reward(nn.Module):
    """Observations (..., S) -> what each is worth (...), 0 at first; and log Z.

    Args:
        size: S.
        hidden: Units of hidden layers; 0 for none.
        log_z: What log Z begins as.
    """

    def __init__(self, size: int, hidden: int, *, log_z: float) -> None:
        super().__init__()
        linear = nn.Sequential(nn.Linear(size, 1, bias=False))
        nn.init.zeros_(linear[0].weight)  # type: ignore[arg-type]
        self.layers = from_zero(tanh_layers(size, hidden, 1)) if hidden else linear
        self.log_z = nn.Parameter(torch.tensor(log_z))

    def forward(self, observations: Tensor) -> Tensor:
        """Return r(s)."""
        told: Tensor = self.layers(observations)
        return told[..., 0]


class GanIrl(Actor):
    """A reward by which a discriminator that knows the policy tells the expert's trajectories."""

    presets: ClassVar = {"small": small, "paper": paper}
    sources: ClassVar = {
        "paper": {
            "ours; the paper has no experiments": (
                *("width", "hidden", "policy_step", "episodes", "epochs", "discount", "trace"),
                *("entropy_weight", "batch_size", "value_lr", "reward_lr", "reward_steps", "lr"),
                *("reward_decay", "clip", "max_kl"),
            )
        }
    }
    learning: ClassVar = {"policy": "lr", "value": "value_lr", "reward": "reward_lr"}
    tiny: ClassVar = {"width": 8, "episodes": 4, "epochs": 1, "batch_size": 32}
    settings: GanIrlSettings

    def rewarders(self) -> dict[str, nn.Module]:
        """Build r, as if all actions were alike at first, and its average."""
        world = self.task.simulator
        log_z = world.horizon * float(np.log(max(world.num_actions, 1)))
        self.reward, self.average = (
            Reward(world.observation_size, self.settings.hidden, log_z=log_z) for _ in range(2)
        )
        self.average.load_state_dict(self.reward.state_dict())
        self.average.requires_grad_(False)
        return {"reward": self.reward, "average": self.average}

    def learn_reward(self, episodes: Episodes, steps: Steps) -> None:
        """Train D's only unknown, the reward, on whole trajectories."""
        del steps
        ours = self.trajectory(episodes.observations, episodes.actions, episodes.lengths)
        for _ in range(self.settings.reward_steps):
            drawn = self.task.trajectories(self.settings.episodes, self.rng)
            codes = drawn.codes
            expert = self.trajectory(drawn.samples, codes[ACTIONS], codes[LENGTHS])
            real, fake = self.logit(*expert), self.logit(*ours)
            self.descend(F.softplus(-real).mean() + F.softplus(fake).mean(), "reward")
        self.follow_average()

    @torch.no_grad()
    def trajectory(self, seen: Tensor, actions: Tensor, lengths: Tensor) -> tuple[Tensor, ...]:
        """Return observations (N, T, S), which steps there were (N, T), and log q (N,)."""
        there = mask(lengths, seen.shape[1]).to(self.device)
        seen, actions = seen.to(self.device), actions.to(self.device)
        law: Any = self.policy.law(seen[there])
        likely = seen.new_zeros(there.shape)
        likely[there] = law.log_prob(actions[there])
        return seen, there, likely.sum(dim=1)

    def logit(self, seen: Tensor, there: Tensor, likely: Tensor) -> Tensor:
        """Return D's logit of trajectories, Σ r(s) − log Z − log q, (N,)."""
        found: Tensor = (self.reward(seen) * there).sum(dim=1) - self.reward.log_z - likely
        return found

    @torch.no_grad()
    def follow_average(self) -> None:
        """Move the average towards the reward."""
        pairs = zip(self.average.parameters(), self.reward.parameters(), strict=True)
        for kept, new in pairs:
            kept.lerp_(new, 1 - self.settings.reward_decay)

    def rewards(self, steps: Steps) -> Tensor:
        """Return r(s) − log π(a|s) of steps, (M,)."""
        law: Any = self.policy.law(steps.observations)
        worth: Tensor = self.reward(steps.observations) - law.log_prob(steps.actions)
        return worth

    def learned(self) -> Tensor:
        """Return the reward of each square of the grid world, (25,), less its mean."""
        seen = torch.from_numpy(grid.one_hot(np.arange(grid.SQUARES))).to(self.device)
        found = self.average(seen).detach().cpu().double()
        centred: Tensor = found - found.mean()
        return centred

    @property
    def is_known(self) -> bool:
        """Whether the true reward is."""
        return bool(self.task.data.simulator == grid.GridWorld.name)

    def look(self) -> dict[str, float]:
        """Add how the reward correlates with the true one, where that is known."""
        return {**super().look(), **(self.told() if self.is_known else {})}

    def told(self) -> dict[str, float]:
        """Return the correlation with the true reward, over squares; 0 of a constant reward."""
        ours, true = self.learned(), torch.from_numpy(grid.rewards() - grid.rewards().mean())
        size = float(ours.norm() * true.norm())
        return {"reward_correlation": float(ours @ true) / size if size else 0.0}

    def pictures(self) -> dict[str, Draw]:
        """Show episodes, and the reward where the true one is known."""
        return super().pictures() | ({"reward": self.show_reward} if self.is_known else {})

    def show_reward(self, rng: torch.Generator) -> Image.Image:  # noqa: ARG002 - nothing is drawn
        """Draw the learned reward of each square beside the true one: blue is good, orange bad."""
        true = grid.rewards() - grid.rewards().mean()
        return tiled([grid.drawn(self.learned().numpy()), grid.drawn(true)], ["learned", "true"])
