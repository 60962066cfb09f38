"""Several networks side by side, the agents of a game, and which sample is whose.

N samples, M agents; an owner is the number of an agent, from 0 to M - 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn


def dealt(count: int, agents: int) -> Tensor:
    """Return the owners (count,) of samples that are dealt in turn: 0, 1, ..., M - 1, 0, 1, ..."""
    return torch.arange(count) % agents


def by_agent(
    agents: Sequence[Callable[[Tensor], Tensor]], inputs: Tensor, owners: Tensor
) -> Tensor:
    """Let each row of inputs (N, ...) pass through its owner alone; rows keep their order.

    An agent sees its rows as one batch, and is not asked where it has none.
    """
    rows = [torch.nonzero(owners == one).squeeze(1) for one in range(len(agents))]
    parts = [agent(inputs[own]) for agent, own in zip(agents, rows, strict=True) if len(own)]
    return torch.cat(parts)[torch.argsort(torch.cat(rows))]


class Agents(nn.Module):
    """M networks with the same inputs and outputs, and weights of their own.

    Attributes:
        agents: The networks.
    """

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.agents = nn.ModuleList(networks)

    def __len__(self) -> int:
        return len(self.agents)

    def forward(self, inputs: Tensor, owners: Tensor | None = None) -> Tensor:
        """Ask all agents about all inputs, (N, ...) -> (N, M, ...), or each owner about its own.

        With owners (N,) it is (N, ...) -> (N, ...), see `by_agent`.
        """
        if owners is not None:
            return by_agent(list(self.agents), inputs, owners)
        return torch.stack([agent(inputs) for agent in self.agents], dim=1)
