"""What policies learn by: advantages of their actions, and how far a step may change them.

N is episodes, T steps, padded; M steps of all episodes in a row.
"""

from __future__ import annotations

import torch
from torch import Tensor


def advantages(
    rewards: Tensor,
    values: Tensor,
    last: Tensor,
    *,
    lengths: Tensor,
    discount: float,
    trace: float,
) -> Tensor:
    """Return generalised advantages (N, T) (Schulman et al., arXiv 1506.02438), 0 after the end.

        δ_t = r_t + γ V(s_{t+1}) − V(s_t),        A_t = δ_t + γ λ A_{t+1}

    Args:
        rewards: r_t, (N, T).
        values: V(s_t), (N, T).
        last: V of what was observed after the last step, (N,); 0 where the episode was over.
        lengths: How many steps there were, (N,).
        discount: γ.
        trace: λ: 0 trusts V, 1 the rewards alone.
    """
    length = rewards.shape[1]
    final = lengths[:, None] - 1 == torch.arange(length, device=rewards.device)
    after = torch.cat([values[:, 1:], values.new_zeros(len(values), 1)], dim=1)
    after = torch.where(final, last[:, None], after)
    gained = rewards + discount * after - values
    there = (torch.arange(length, device=rewards.device) < lengths[:, None]).to(rewards.dtype)
    found, so_far = [], torch.zeros_like(last)
    for step in reversed(range(length)):
        so_far = there[:, step] * (gained[:, step] + discount * trace * so_far)
        found.append(so_far)
    return torch.stack(found[::-1], dim=1)


def standardised(values: Tensor) -> Tensor:
    """Return values (M,) with mean 0 and deviation 1."""
    return (values - values.mean()) / (values.std(correction=0) + 1e-8)


def clipped_surrogate(ratios: Tensor, gains: Tensor, *, clip: float) -> Tensor:
    """Return the loss of PPO (Schulman et al., arXiv 1707.06347), a scalar.

        −E[min(ρ A, clamp(ρ, 1 − ε, 1 + ε) A)]

    Args:
        ratios: ρ, how likely an action is beside what it was, (M,).
        gains: A, (M,).
        clip: ε.
    """
    within = ratios.clamp(1 - clip, 1 + clip)
    return -torch.minimum(ratios * gains, within * gains).mean()
