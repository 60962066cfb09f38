"""Learning to act from episodes of one's own in a simulator, by whatever reward a paper has.

An update:

    play whole episodes, begun anew
    learn a reward of what was done                     the paper's: `learn_reward`, `rewards`
    take a step of the policy along its advantages by PPO or TRPO, and of the baseline V
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import kl_divergence

from egan.config.settings import Settings
from egan.losses.policies import advantages, clipped_surrogate, standardised
from egan.networks.policies import Policy, tanh_layers
from egan.tasks.control import Control
from egan.training.model import Model
from egan.training.trust_region import trust_region_step

if TYPE_CHECKING:
    from egan.simulators import Episodes


@dataclass(frozen=True, kw_only=True)
class ActorSettings(Settings):
    """What every policy has that learns from episodes of its own."""

    STRUCTURAL: ClassVar[tuple[str, ...]] = ("width",)
    MAY_BE_ZERO: ClassVar[tuple[str, ...]] = ()

    width: int = 100
    """Units of both hidden layers of policy and baseline."""
    policy_step: Literal["ppo", "trpo"] = "ppo"
    """By what the policy learns: clipped ratios, or a natural gradient in a trust region."""
    lr: float = 3e-3
    """Adam's learning rate of the policy; TRPO has none."""
    value_lr: float = 3e-3
    """Adam's learning rate of the baseline."""
    episodes: int = 16
    """Episodes that are played for an update."""
    epochs: int = 4
    """How often policy and baseline see each step of them; with TRPO the baseline alone."""
    discount: float = 0.99
    """What a reward is worth a step later (gamma)."""
    trace: float = 0.97
    """How far advantages trust rewards more than the baseline (lambda); 1 for rewards alone."""
    clip: float = 0.2
    """How far PPO lets a ratio of probabilities leave 1."""
    max_kl: float = 0.01
    """How far a step of TRPO may change the policy, in nats."""
    entropy_weight: float = 1e-3
    """What the policy's entropy counts for, beside its reward (lambda_H)."""
    batch_size: int = 512
    """Steps in a batch, of the policy's episodes and of the expert's alike."""

    def check(self) -> None:
        """See that shares are shares."""
        super().check()
        for name in ("discount", "trace"):
            if getattr(self, name) > 1:
                got = getattr(self, name)
                raise ValueError(f"--{name} must be in [0, 1], but got {got}.")


@dataclass(frozen=True)
class Steps:
    """All steps of some episodes in a row, where the networks are.

    Attributes:
        observations: (M, S).
        actions: (M,) or (M, A).
        there: Which of (N, T) they were.
    """

    observations: Tensor
    actions: Tensor
    there: Tensor

    def spread(self, values: Tensor) -> Tensor:
        """Return values (M,) as (N, T), zeros where there was no step."""
        found = values.new_zeros(self.there.shape)
        found[self.there] = values
        return found


class Actor(Model):
    """A policy that learns from its own episodes, with a baseline."""

    task_type: ClassVar = Control
    settings: ActorSettings
    policy: Policy

    def build(self) -> dict[str, nn.Module]:
        """Build the policy, its baseline, and what normalises observations."""
        world, width = self.task.simulator, self.settings.width
        size = world.observation_size
        self.policy = Policy(size, world.num_actions, world.action_size, width=width)
        self.value = tanh_layers(size, width, 1)
        self.moments = self.policy.moments
        return {"policy": self.policy, "value": self.value, **self.rewarders()}

    def rewarders(self) -> dict[str, nn.Module]:
        """Build what else there is: the networks of the reward."""
        return {}

    def learn_reward(self, episodes: Episodes, steps: Steps) -> None:
        """Train the reward on episodes that were just played."""

    @abstractmethod
    def rewards(self, steps: Steps) -> Tensor:
        """Return what each of these steps is worth (M,); it is called without gradients."""

    def act(self, observations: Tensor, rng: torch.Generator) -> Tensor:
        """Draw actions (N,) or (N, A) for observations (N, S), on the CPU."""
        return self.policy.draw(observations.to(self.device), rng)

    def chances(self, observations: Tensor) -> Tensor:
        """Return how likely each of finitely many actions is, (N, A)."""
        chances: Tensor = self.policy(observations.to(self.device)).softmax(dim=1)
        return chances

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """Return what is observed in episodes, (N, T, S)."""
        made: Tensor = self.task.make(self, count, rng, given={}).samples
        return made

    def update(self) -> None:
        """Play episodes, learn what is worth how much, and act better."""
        episodes = self.task.play(self.act, self.settings.episodes, self.rng)
        steps = self.steps_of(episodes)
        self.watch(steps)
        self.learn_reward(episodes, steps)
        with torch.no_grad():
            rewards = self.rewards(steps)
            values = self.value(self.moments(steps.observations))[:, 0]
            gains = self.gains(episodes, steps, rewards, values)
        self.improve(steps, gains=standardised(gains), wanted=gains + values)

    def steps_of(self, episodes: Episodes) -> Steps:
        """Return all steps of episodes in a row."""
        there = episodes.there
        observations, actions = (one[there] for one in (episodes.observations, episodes.actions))
        return Steps(observations.to(self.device), actions.to(self.device), there.to(self.device))

    def watch(self, steps: Steps) -> None:
        """Take observations, the expert's as many as the policy's, into the moments."""
        expert = self.draw(len(steps.observations)).samples
        self.moments.see(torch.cat([steps.observations, expert]))

    def gains(self, episodes: Episodes, steps: Steps, rewards: Tensor, values: Tensor) -> Tensor:
        """Return the advantages of steps (M,)."""
        s = self.settings
        last = self.value(self.moments(episodes.last.to(self.device)))[:, 0]
        found = advantages(
            steps.spread(rewards),
            steps.spread(values),
            last * ~episodes.terminated.to(self.device),
            lengths=episodes.lengths.to(self.device),
            discount=s.discount,
            trace=s.trace,
        )
        return found[steps.there]

    def improve(self, steps: Steps, *, gains: Tensor, wanted: Tensor) -> None:
        """Let the policy follow gains (M,), and the baseline tell what was wanted (M,)."""
        seen = steps.observations
        with torch.no_grad():
            before: Any = self.policy.law(seen)
            likely = before.log_prob(steps.actions)
        trusting = self.settings.policy_step == "trpo"
        if trusting:
            self.trust(seen, steps.actions, gains, before)
        for chosen in self.batches(len(seen)):
            if not trusting:
                loss = self.surrogate(
                    seen[chosen], steps.actions[chosen], gains[chosen], likely[chosen]
                )
                self.descend(loss, "policy")
            told = self.value(self.moments(seen[chosen]))[:, 0]
            self.descend(F.mse_loss(told, wanted[chosen]), "value")

    def batches(self, count: int) -> list[Tensor]:
        """Return which steps are in each batch, in another order in each epoch."""
        s = self.settings
        orders = [torch.randperm(count, generator=self.rng) for _ in range(s.epochs)]
        return [part.to(self.device) for one in orders for part in torch.split(one, s.batch_size)]

    def surrogate(self, seen: Tensor, actions: Tensor, gains: Tensor, likely: Tensor) -> Tensor:
        """Return PPO's loss of a batch, less the policy's entropy."""
        law: Any = self.policy.law(seen)
        ratios = (law.log_prob(actions) - likely).exp()
        entropy: Tensor = law.entropy().mean()
        loss = clipped_surrogate(ratios, gains, clip=self.settings.clip)
        return loss - self.settings.entropy_weight * entropy

    def trust(self, seen: Tensor, actions: Tensor, gains: Tensor, before: Any) -> None:
        """Take TRPO's step."""
        likely, weight = before.log_prob(actions), self.settings.entropy_weight

        def gain() -> Tensor:
            law: Any = self.policy.law(seen)
            ratios = (law.log_prob(actions) - likely).exp()
            found: Tensor = (ratios * gains).mean() + weight * law.entropy().mean()
            return found

        def divergence() -> Tensor:
            found: Tensor = kl_divergence(before, self.policy.law(seen)).mean()
            return found

        trust_region_step(self.parameters("policy"), gain, divergence, most=self.settings.max_kl)
