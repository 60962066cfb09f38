"""SeqGAN's networks: an LSTM that says token after token, and a CNN that reads sequences."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

State = tuple[Tensor, Tensor]

WINDOWS: Mapping[str, Mapping[int, float]] = {
    "few": {1: 1.0, 2: 1.0, 3: 1.0, 5: 1.0},
    "paper": {1: 1.0, **dict.fromkeys(range(2, 6), 2.0), **dict.fromkeys(range(6, 11), 1.0)}
    | {15: 1.6, 20: 1.6},
}
"""Lengths of what a reader's filters see, each with the filters that it has, in shares of those of
the shortest."""


class Speaker(nn.Module):
    """Tokens before -> logits (N, V) of the next one: embedding E -> LSTM H -> V.

    Args:
        vocabulary: How many tokens there are (V).
        embedding: Numbers of an embedding (E).
        width: Units of the LSTM (H).
    """

    def __init__(self, vocabulary: int, *, embedding: int, width: int) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.embedding = nn.Embedding(vocabulary + 1, embedding)  # the last one is the start
        self.cell = nn.LSTMCell(embedding, width)
        self.head = nn.Linear(width, vocabulary)

    def start(self, count: int) -> tuple[Tensor, State]:
        """Return what is before the first token (N,), and the state (N, H) twice."""
        nothing = self.head.weight.new_zeros(count, self.cell.hidden_size)
        first = torch.full((count,), self.vocabulary, device=nothing.device)
        return first, (nothing, nothing)

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Return the logits (N, V) of what follows tokens (N,), and the next state."""
        state = self.cell(self.embedding(tokens), state)
        logits: Tensor = self.head(state[0])
        return logits, state

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the logits (N, T, V) of each token of sequences (N, T), told those before it."""
        last, state = self.start(len(tokens))
        before = torch.cat([last[:, None], tokens[:, :-1]], dim=1)
        embedded, states = self.embedding(before), []
        for now in embedded.unbind(dim=1):
            state = self.cell(now, state)
            states.append(state[0])
        logits: Tensor = self.head(torch.stack(states, dim=1))
        return logits


class Highway(nn.Module):
    """t ⊙ ReLU(W x) + (1 − t) ⊙ x with t = σ(V x − 2), of features (N, F)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.change, self.gate = nn.Linear(width, width), nn.Linear(width, width)
        nn.init.constant_(self.gate.bias, -2.0)

    def forward(self, features: Tensor) -> Tensor:
        """Change features (N, F)."""
        share = self.gate(features).sigmoid()
        changed: Tensor = share * self.change(features).relu() + (1 - share) * features
        return changed


class Reader(nn.Module):
    """Sequences (N, T) -> logits (N,).

    embedding E -> filters of several lengths, ReLU, their largest value -> highway -> dropout -> 1

    Args:
        vocabulary: How many tokens there are.
        length: Of the sequences (T); no filter is longer.
        windows: Of `WINDOWS`.
        embedding: Numbers of an embedding (E).
        filters: How many the shortest has.
        dropout: Share of features that is left out in training.
    """

    def __init__(
        self,
        vocabulary: int,
        length: int,
        *,
        windows: str,
        embedding: int,
        filters: int,
        dropout: float,
    ) -> None:
        super().__init__()
        sizes = {n: round(filters * share) for n, share in WINDOWS[windows].items() if n <= length}
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.filters = nn.ModuleList(nn.Conv1d(embedding, m, n) for n, m in sizes.items())
        width = sum(sizes.values())
        self.highway = Highway(width)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the logit of each sequence."""
        embedded = self.embedding(tokens).transpose(1, 2)
        found = torch.cat([F.relu(one(embedded)).amax(dim=2) for one in self.filters], dim=1)
        logits: Tensor = self.head(self.dropout(self.highway(found)))
        return logits[:, 0]
