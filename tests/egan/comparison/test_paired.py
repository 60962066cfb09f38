"""Differences seed by seed, beside formulas and scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import bootstrap

from egan.comparison.paired import Pair, best_of, pair, signed
from egan.judging.measures import measure

RNG = np.random.default_rng(0)
OURS, THEIRS = RNG.normal(2, 1, 10), RNG.normal(1, 1, 10)
SCORES = Pair(of=measure("coverage"), ours=OURS, theirs=THEIRS)


def test_the_interval_is_that_of_scipy():
    found = bootstrap(
        (OURS - THEIRS,),
        np.median,
        n_resamples=10_000,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    assert SCORES.interval == pytest.approx((found.low, found.high), abs=0.1)
    assert SCORES.interval[0] <= SCORES.median <= SCORES.interval[1]


def test_directions_are_those_of_the_table_of_measures():
    same = {"ours": np.array([1.0, 2.0, 3.0]), "theirs": np.array([4.0, 5.0, 3.0])}
    up, down = (Pair(of=measure(name), **same) for name in ("modes", "frechet"))
    assert (up.num_better, down.num_better) == (0, 2)
    assert (up.worst, down.worst) == ((1.0, 3.0), (3.0, 5.0))
    assert up.median == down.median == -3.0
    apart = {"ours": np.array([1.0, 2.0]), "theirs": np.array([4.0, 5.0])}
    assert Pair(of=measure("frechet"), **apart).disjoint
    assert Pair(of=measure("frechet"), **apart).surely_better
    assert not Pair(of=measure("modes"), **apart).disjoint
    assert not Pair(of=measure("modes"), **apart).surely_better


def test_a_lost_run_is_the_worst_and_two_are_equal():
    lost = np.array([np.inf, np.inf, 0.2])
    both = Pair(of=measure("frechet"), ours=lost, theirs=np.array([np.inf, 0.1, 0.3]))
    assert list(both.differences) == [0.0, np.inf, pytest.approx(-0.1)]
    assert both.num_better == 1
    assert both.interval[1] == np.inf


def rows(**scores):
    return pd.DataFrame(
        [
            {"method": name, "seed": seed, "modes": value}
            for name, values in scores.items()
            for seed, value in enumerate(values)
        ]
    )


def test_pairs_are_of_the_seeds_that_both_have():
    table = rows(a=[1, 2, 3], b=[5, np.nan], c=[])
    found = pair(table, "a", "b", "modes")
    assert (list(found.ours), list(found.theirs)) == ([1, 2], [5, 0])
    assert pair(table, "a", "c", "modes") is None
    assert best_of(table, ["a", "b", "c"], "modes") == "b"
    assert best_of(table, ["c"], "modes") is None


def test_a_difference_has_a_sign():
    assert [signed(measure("modes"), value) for value in (2, -3, 0)] == ["+2", "-3", "0"]
    assert [signed(measure("high_quality"), value) for value in (-1e-4, -0.01)] == ["0.0%", "-1.0%"]
    assert str(SCORES).startswith("+")
