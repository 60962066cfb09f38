"""A law of sequences that is counted, not trained: what a model's is worth beside it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from egan.memory import require

COPIES = 4
"""How often the pairs are in memory while they are counted."""
SMOOTHING = 1.0
"""Counts that the law after a token gives to that of all tokens."""


@dataclass(frozen=True, eq=False)
class MarkovChain:
    """Sequences whose tokens depend on the one before alone: p(y) = p(y_1) prod_t p(y_t | y_t-1).

    Attributes:
        first: Of the first token (V,), float64.
        after: Of the next one, by the one before (V, V).
    """

    first: Tensor
    after: Tensor

    @classmethod
    def counted(
        cls, tokens: Tensor, vocabulary: int, *, smoothing: float = SMOOTHING
    ) -> MarkovChain:
        """Count sequences (N, T); what was seldom seen is backed by the shares of all tokens.

        Args:
            tokens: What is counted.
            vocabulary: How many tokens there are (V).
            smoothing: Counts that are given to the shares of all.

        Raises:
            TooLargeError: The pairs of so many tokens do not fit in memory.
        """
        taken = COPIES * 8 * vocabulary**2
        require(taken, f"the pairs of {vocabulary:,} tokens", mend="Give data of fewer words.")
        whole = tokens.flatten().bincount(minlength=vocabulary).double() + 1 / vocabulary
        whole = whole / whole.sum()
        first = tokens[:, 0].bincount(minlength=vocabulary) + smoothing * whole
        pairs = (tokens[:, :-1] * vocabulary + tokens[:, 1:]).flatten()
        after = pairs.bincount(minlength=vocabulary**2).view(vocabulary, -1) + smoothing * whole
        return cls(first / first.sum(), after / after.sum(dim=1, keepdim=True))

    def log_density(self, tokens: Tensor) -> Tensor:
        """Return log p of sequences (N, T), in nats, (N,) float64."""
        steps = self.after[tokens[:, :-1], tokens[:, 1:]].log().sum(dim=1)
        return self.first[tokens[:, 0]].log() + steps

    def sample(self, count: int, length: int, rng: torch.Generator) -> Tensor:
        """Draw sequences (count, length)."""
        said = [torch.multinomial(self.first.expand(count, -1), 1, generator=rng)]
        for _ in range(length - 1):
            said.append(torch.multinomial(self.after[said[-1][:, 0]], 1, generator=rng))
        return torch.cat(said, dim=1)
