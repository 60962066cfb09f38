"""A language whose probabilities are known: what an LSTM with random weights says.

As in SeqGAN (Yu et al., arXiv 1609.05473): embeddings and hidden states of 32 numbers, all weights
from N(0, 1), sequences of 20 tokens, here out of 50. 10,000 of them are learned from, 2,500 judge
members, and 2,500 are kept for tests. Whatever a model says, the oracle gives its exact
probability.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from egan.data.dataset import Array, Dataset

VOCABULARY, LENGTH = 50, 20
COUNT, NUM_TEST = 15_000, 2_500
WEIGHTS_SEED, DRAWN_SEED = 1609, 5473
ROWS = 1000
"""Sequences that are drawn at a time."""

State = tuple[Array, Array]


@dataclass(frozen=True, eq=False)
class LstmLanguage:
    """A law p(y) = prod_t p(y_t | y_1 ... y_t-1) of sequences, each factor a softmax of an LSTM.

    Attributes:
        embeddings: Of each token and of the start (V + 1, E).
        kernel: From embedding and state to the gates: in, forget, out, what (E + H, 4 H).
        bias: Of the gates (4 H,).
        output: From states to logits (H, V).
        output_bias: Of the logits (V,).
    """

    embeddings: Array
    kernel: Array
    bias: Array
    output: Array
    output_bias: Array

    @classmethod
    def random(cls, vocabulary: int, rng: np.random.Generator, *, width: int = 32) -> LstmLanguage:
        """Draw all weights from N(0, 1).

        Args:
            vocabulary: How many tokens there are (V).
            rng: Where they come from.
            width: Numbers of an embedding (E), and of a state (H).
        """
        shapes = (vocabulary + 1, width), (2 * width, 4 * width), (4 * width,)
        last = (width, vocabulary), (vocabulary,)
        return cls(*(rng.standard_normal(shape) for shape in (*shapes, *last)))

    @property
    def vocabulary(self) -> int:
        """How many tokens there are."""
        return len(self.output_bias)

    def sequences(self, n: int, length: int, rng: np.random.Generator) -> Array:
        """Draw (n, length) tokens, a thousand sequences at a time."""
        sizes = [min(ROWS, n - start) for start in range(0, n, ROWS)]
        return np.concatenate([self._drawn(size, length, rng) for size in sizes])

    def _drawn(self, n: int, length: int, rng: np.random.Generator) -> Array:
        tokens = np.empty((n, length), np.int64)
        last, state = self._start(n)
        for t in range(length):
            logits, state = self._step(last, state)
            sums = np.exp(logits - logits.max(axis=1, keepdims=True)).cumsum(axis=1)
            wanted = rng.random((n, 1)) * sums[:, -1:]
            last = tokens[:, t] = (sums <= wanted).sum(axis=1)
        return tokens

    def log_probability(self, tokens: Array) -> Array:
        """Return log p of sequences (N, T), in nats, (N,) float64."""
        rows = np.array_split(tokens, max(1, -(-len(tokens) // ROWS)))
        return np.concatenate([self._log_probability(part) for part in rows])

    def _log_probability(self, tokens: Array) -> Array:
        nats = np.zeros(len(tokens))
        last, state = self._start(len(tokens))
        for now in tokens.T:
            logits, state = self._step(last, state)
            highest = logits.max(axis=1)
            total = np.log(np.exp(logits - highest[:, None]).sum(axis=1)) + highest
            nats += logits[np.arange(len(now)), now] - total
            last = now
        return nats

    def _start(self, n: int) -> tuple[Array, State]:
        nothing = np.zeros((n, len(self.output)))
        return np.full(n, self.vocabulary), (nothing, nothing)

    def _step(self, tokens: Array, state: State) -> tuple[Array, State]:
        """Return the logits (N, V) of what follows, and the next state."""
        hidden, cell = state
        seen = np.concatenate([self.embeddings[tokens], hidden], axis=1)
        let_in, forget, out, what = np.split(seen @ self.kernel + self.bias, 4, axis=1)
        cell = _sigmoid(forget) * cell + _sigmoid(let_in) * np.tanh(what)
        hidden = _sigmoid(out) * np.tanh(cell)
        return hidden @ self.output + self.output_bias, (hidden, cell)


def _sigmoid(x: Array) -> Array:
    result: Array = 0.5 * (1.0 + np.tanh(0.5 * x))
    return result


def load(**_: Any) -> Dataset:
    """Load the language of 50 tokens."""
    return _language()


@cache
def _language() -> Dataset:
    oracle = LstmLanguage.random(VOCABULARY, np.random.default_rng(WEIGHTS_SEED))
    said = oracle.sequences(COUNT, LENGTH, np.random.default_rng(DRAWN_SEED))
    test = np.arange(COUNT - NUM_TEST, COUNT)
    return Dataset("oracle_language", said, vocabulary=VOCABULARY, oracle=oracle, test=test)
