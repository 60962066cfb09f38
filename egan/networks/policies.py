"""Networks of control: a policy, of finitely many actions or of numbers.

S is the numbers of an observation, A actions, or numbers of an action.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.distributions import Categorical, Distribution, Independent, Normal


def tanh_layers(before: int, width: int, after: int) -> nn.Sequential:
    """(N, before) → tanh, width → tanh, width → (N, after)."""
    return nn.Sequential(
        *(nn.Linear(before, width), nn.Tanh()),
        *(nn.Linear(width, width), nn.Tanh()),
        nn.Linear(width, after),
    )


def from_zero(network: nn.Sequential) -> nn.Sequential:
    """Return a network whose last layer gives 0 at first."""
    last = network[-1]
    assert isinstance(last, nn.Linear)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return network


class Moments(nn.Module):
    """The running mean and variance of observations, which they are normalised by.

    Args:
        size: S.
    """

    count: Tensor
    mean: Tensor
    variance: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("count", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("variance", torch.ones(size))

    @torch.no_grad()
    def see(self, observations: Tensor) -> None:
        """Take observations (M, S) into account, each as much as all before."""
        count, more = self.count, float(len(observations))
        mean, variance = observations.mean(dim=0), observations.var(dim=0, correction=0)
        share, apart = more / (count + more), mean - self.mean
        spread = (1 - share) * self.variance + share * variance + share * (1 - share) * apart**2
        self.variance.copy_(spread)
        self.mean.add_(share * apart)
        self.count.add_(more)

    def forward(self, observations: Tensor) -> Tensor:
        """Return observations (N, S) with about mean 0 and variance 1."""
        return (observations - self.mean) / (self.variance + 1e-6).sqrt()


class Policy(nn.Module):
    """Observations (N, S) -> a law of actions; at first all actions are alike, or about 0.

    Observations are normalised by their moments.

    Args:
        observation_size: S.
        num_actions: Of finitely many actions; 0 where they are numbers.
        action_size: Numbers in an action.
        width: Units of each hidden layer.
    """

    def __init__(
        self, observation_size: int, num_actions: int, action_size: int, *, width: int
    ) -> None:
        super().__init__()
        self.is_discrete = num_actions > 0
        self.moments = Moments(observation_size)
        self.layers = from_zero(tanh_layers(observation_size, width, num_actions or action_size))
        self.log_deviation = None if self.is_discrete else nn.Parameter(torch.zeros(action_size))

    def forward(self, observations: Tensor) -> Tensor:
        """Return logits of actions (N, A), or their means."""
        told: Tensor = self.layers(self.moments(observations))
        return told

    def law(self, observations: Tensor) -> Distribution:
        """Return the law of an action for each observation."""
        told = self(observations)
        if self.log_deviation is None:
            return Categorical(logits=told, validate_args=False)
        deviation = self.log_deviation.exp().expand_as(told)
        return Independent(Normal(told, deviation, validate_args=False), 1, validate_args=False)

    def draw(self, observations: Tensor, rng: torch.Generator) -> Tensor:
        """Draw actions (N,) or (N, A) on the CPU, where the generator is; finite ones always."""
        told = self(observations)
        if self.log_deviation is None:
            chances = told.softmax(dim=1).cpu()
            chances = torch.where(chances.isfinite(), chances, 1.0)  # diverged: any action
            return torch.multinomial(chances, 1, generator=rng)[:, 0]
        noise = torch.randn(told.shape, generator=rng)
        drawn: Tensor = told.cpu() + self.log_deviation.exp().cpu() * noise
        return drawn.nan_to_num()
