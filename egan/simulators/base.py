"""What every simulator is: episodes side by side, from their starts to their ends.

Episodes always begin anew, from a stream that is handed in, and are played to their ends. So a
simulator has no state that outlives a call, and a member's episodes follow from its stream alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch
    from PIL import Image
    from torch import Tensor

Array = npt.NDArray[Any]

Act = Callable[["Tensor", "torch.Generator"], "Tensor"]
"""Actions (N,) or (N, A) for observations (N, S)."""


class Simulator(ABC):
    """Something to act in, for several episodes at once.

    Attributes:
        name: Its id.
        horizon: After how many steps an episode is broken off.
        observation_size: Numbers in an observation (S).
        num_actions: Of finitely many actions; 0 where actions are numbers.
        action_size: Numbers in an action, where it is not one of finitely many (A).
        feature_names: What the numbers of an observation are, for pictures; may be empty.
        draws: Whether `draw` draws.
    """

    name: str
    horizon: int
    observation_size: int
    num_actions: int
    action_size: int = 1
    feature_names: ClassVar[tuple[str, ...]] = ()
    draws: ClassVar[bool] = False

    @abstractmethod
    def reset(self, count: int, rng: np.random.Generator) -> Array:
        """Begin `count` episodes; return their first observations (N, S), float32."""

    @abstractmethod
    def step(self, actions: Array, going: Array) -> tuple[Array, Array, Array]:
        """Act in those episodes that are still `going` (N,), a truth value each.

        Returns:
            Observations (N, S), rewards (N,), and whether an episode has come to its end (N,), not
            counting the horizon. What is told of an episode that has ended means nothing.
        """

    def draw(self, observation: Array) -> Image.Image:
        """Draw a state by its observation (S,).

        Raises:
            ValueError: It cannot be drawn.
        """
        del observation
        raise ValueError(f"{self.name} cannot be drawn; take CartPole-v1 or GridWorld-v0.")


@dataclass(frozen=True, kw_only=True)
class Episodes:
    """What happened, padded with zeros to T steps.

    Attributes:
        observations: Before each action, (N, T, S) float32.
        actions: (N, T) int64, or (N, T, A) float32.
        rewards: (N, T) float32.
        lengths: How many steps there were, (N,) int64.
        last: The observation after the last of them, (N, S).
        terminated: Whether that was an end, rather than the horizon, (N,).
    """

    observations: Tensor
    actions: Tensor
    rewards: Tensor
    lengths: Tensor
    last: Tensor
    terminated: Tensor

    @property
    def there(self) -> Tensor:
        """Which steps there were, (N, T)."""
        return mask(self.lengths, self.observations.shape[1])

    @property
    def returns(self) -> Tensor:
        """The sum of each episode's rewards, (N,)."""
        return self.rewards.double().sum(dim=1)

    def padded(self, length: int) -> Episodes:
        """Return the episodes with T steps, cut or padded."""
        return Episodes(
            observations=fitted(self.observations, length),
            actions=fitted(self.actions, length),
            rewards=fitted(self.rewards, length),
            lengths=self.lengths.clamp(max=length),
            last=self.last,
            terminated=self.terminated,
        )


def mask(lengths: Tensor, length: int) -> Tensor:
    """Return which of T steps there are, (N, T), of episodes of lengths (N,)."""
    import torch

    return torch.arange(length) < lengths[:, None]


def fitted(values: Tensor, length: int) -> Tensor:
    """Return (N, T, ...) cut or padded with zeros along T."""
    kept = values[:, :length]
    more = kept.new_zeros((len(kept), length - kept.shape[1], *kept.shape[2:]))
    import torch

    return torch.cat([kept, more], dim=1)


def stream(rng: torch.Generator) -> np.random.Generator:
    """Return a stream for a simulator, seeded by a draw."""
    import torch

    return np.random.default_rng(int(torch.randint(2**63 - 1, (), generator=rng)))


def play(simulator: Simulator, act: Act, count: int, rng: torch.Generator) -> Episodes:
    """Play whole episodes side by side.

    Args:
        simulator: Where.
        act: Who acts.
        count: How many episodes.
        rng: Where the starts, all that happens by chance and the actions come from.
    """
    import torch

    seen = simulator.reset(count, stream(rng))
    going, rows = np.ones(count, dtype=bool), []
    last, terminated = seen.copy(), np.zeros(count, dtype=bool)
    for _ in range(simulator.horizon):
        actions = act(torch.from_numpy(seen.copy()), rng)
        after, rewards, ended = simulator.step(actions.numpy(), going)
        rows.append((seen, actions, np.where(going, rewards, 0.0), going))
        last[going] = after[going]
        terminated |= going & ended
        going, seen = going & ~ended, after
        if not going.any():
            break
    return _stacked(rows, last, terminated)


def _stacked(rows: list[Any], last: Array, terminated: Array) -> Episodes:
    import torch

    seen, actions, rewards, going = zip(*rows, strict=True)
    there = torch.from_numpy(np.stack(going, axis=1))
    observations = torch.from_numpy(np.stack(seen, axis=1).astype(np.float32))
    acted = torch.stack(actions, dim=1)
    return Episodes(
        observations=observations * there[..., None],
        actions=acted * (there if acted.ndim == 2 else there[..., None]),
        rewards=torch.from_numpy(np.stack(rewards, axis=1).astype(np.float32)),
        lengths=there.sum(dim=1),
        last=torch.from_numpy(last.astype(np.float32)),
        terminated=torch.from_numpy(terminated),
    )
