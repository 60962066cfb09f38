"""Divergence of n-grams against scipy's, and distinct sequences."""

from collections import Counter

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

import fitness


def tokens(seed, count=50, vocabulary=4):
    return np.random.default_rng(seed).integers(0, vocabulary, (count, 6))


def shares(sequences, n, known):
    counts = Counter(
        tuple(row[i : i + n]) for row in sequences.tolist() for i in range(len(row) - n + 1)
    )
    return np.array([counts[one] for one in known], float)


def test_it_is_the_divergence_of_counted_runs():
    a, b = tokens(0), tokens(1, vocabulary=3)
    expected = []
    for n in (1, 2, 3):
        known = sorted(
            {tuple(r[i : i + n]) for r in [*a.tolist(), *b.tolist()] for i in range(7 - n)}
        )
        expected.append(jensenshannon(shares(a, n, known), shares(b, n, known)) ** 2)
    assert fitness.ngram_divergence(a, b) == pytest.approx(np.mean(expected), rel=1e-12)
    assert fitness.ngram_divergence(a, b, most=1) == pytest.approx(expected[0], rel=1e-12)


def test_it_is_nothing_for_the_same_and_log_2_for_what_has_nothing_in_common():
    assert fitness.ngram_divergence(tokens(0), tokens(0)[::-1]) == pytest.approx(0, abs=1e-12)
    assert fitness.ngram_divergence(tokens(0), 10 + tokens(1)) == pytest.approx(np.log(2))


def test_order_matters_beyond_one_token():
    a = np.tile([0, 1], (20, 3))
    b = np.tile([0, 0, 1, 1], (20, 2))
    assert fitness.ngram_divergence(a, b, most=1) == pytest.approx(0, abs=1e-12)
    assert fitness.ngram_divergence(a, b) > 0.1


@pytest.mark.parametrize("wrong", [np.zeros((3, 2), int), np.zeros((3, 5)), np.zeros(9, int)])
def test_what_are_no_sequences(wrong):
    with pytest.raises(ValueError, match="integers"):
        fitness.ngram_divergence(wrong, tokens(0))


def test_distinct_sequences_are_counted():
    assert fitness.distinct(np.array([[1, 2], [2, 1], [1, 2], [1, 2]])) == 0.5
