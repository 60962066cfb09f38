"""What sequences of tokens have in common: runs of a few tokens, and whole sequences."""

from __future__ import annotations

import numpy as np

from fitness.arrays import Array

MOST = 3


def ngram_divergence(a: Array, b: Array, *, most: int = MOST) -> float:
    """Return the Jensen-Shannon divergence of n-grams, in nats, mean over n = 1 ... `most`.

        (1/K) sum_n [ H((p_n + q_n) / 2) - (H(p_n) + H(q_n)) / 2 ]

    with p_n and q_n the shares of the runs of n tokens in sequences a (N, T) and b (M, S): 0 where
    they are alike, log 2 = .693 where they have none in common. Few sequences of one law are apart
    by chance; compare with the divergence of as many real ones.

    Raises:
        ValueError: if a set is no matrix of integers, or its sequences are shorter than `most`.
    """
    for one in (a, b):
        if np.ndim(one) != 2 or not np.issubdtype(one.dtype, np.integer) or one.shape[1] < most:
            raise ValueError(
                f"sequences must be integers (N, T) with T of {most} or more, but got "
                f"{np.shape(one)} {one.dtype}."
            )
    return float(np.mean([_divergence(_runs(a, n), _runs(b, n)) for n in range(1, most + 1)]))


def _runs(tokens: Array, n: int) -> Array:
    """Return all runs of n tokens (N (T - n + 1), n)."""
    windows = np.lib.stride_tricks.sliding_window_view(tokens, n, axis=1)
    return windows.reshape(-1, n)


def _divergence(a: Array, b: Array) -> float:
    _, which = np.unique(np.concatenate([a, b]), axis=0, return_inverse=True)
    which = which.reshape(-1)
    p, q = (
        np.bincount(part, minlength=which.max() + 1) / len(part)
        for part in (which[: len(a)], which[len(a) :])
    )
    return _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2


def _entropy(shares: Array) -> float:
    known = shares[shares > 0]
    return float(-(known * np.log(known)).sum())


def distinct(tokens: Array) -> float:
    """Return how many different sequences there are among (N, T), as a share of N."""
    return len(np.unique(tokens, axis=0)) / len(tokens)
