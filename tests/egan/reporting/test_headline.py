import numpy as np
import pytest

from egan.judging.measures import measure
from egan.reporting.about import About
from egan.reporting.headline import breakdown, brief, duration, flatten, headline, phases


def test_headline_says_what_was_run_and_how_it_went(results, metrics):
    table = results(3)
    table["survived"] = [True, False, False, True, False, False, False, False, True]
    table.loc[1, "error"] = "RuntimeError: broken"
    config = {"preset": "egan", "seed": 3, "data": {"name": "digits"}}
    lines = dict(headline(table, metrics(), config, {"wall_seconds": 83.2}))
    assert lines == {
        "data set": "digits",
        "Fréchet distance": "100 → 5",
        "classes": "1 → 10",
        "final fitness": measure("fitness").text(table["fitness"].iloc[-1]),
        "generations": "3",
        "mutations that won": "minimax 2, least squares 1",
        "failed children": "1 of 9",
        "preset": "egan",
        "seed": "3",
        "wall time": "1 min 23 s",
    }


def test_headline_of_nothing_is_empty():
    assert headline(None, None, {}, {}) == []


def test_headline_without_a_finite_fitness_says_so(results):
    lines = dict(headline(results(2).assign(fitness=np.nan), None, {}, {}))
    assert lines["final fitness"] == "none is finite"


TRAINING = About(
    kind="train",
    title="VAE: Auto-encoding variational Bayes, 1312.6114",
    unit="rounds",
    interval=100,
    step="updates",
    leading=("frechet", "elbo"),
    baselines={"Gaussian": {"frechet": 8.45}, "floor": {"frechet": 0.141, "fitness": 1.95}},
)


def test_a_training_has_updates_and_its_leading_measures_beside_their_baselines(results, metrics):
    table = results(20, operators=("",)).assign(elbo=-100.0, fitness=1.5)
    table.loc[3, "error"] = "RuntimeError: broken"
    lines = headline(table, metrics(last=0.149), {"data": {"name": "digits"}}, {}, about=TRAINING)
    assert lines == [
        ("paper", "VAE: Auto-encoding variational Bayes, 1312.6114"),
        ("data set", "digits"),
        ("Fréchet distance", "100 → 0.149 (Gaussian 8.45, floor 0.141)"),
        ("evidence lower bound", "-100 → -100"),
        ("final fitness", "1.5 (floor 1.95)"),
        ("updates", "2,000"),
        ("failed rounds", "1 of 20"),
    ]


def test_a_search_has_members_rounds_and_updates(results):
    table = results(20, operators=("",), num_survivors=4)
    about = About(kind="search", unit="rounds", interval=100, step="updates")
    lines = dict(headline(table, None, {}, {}, about=about))
    assert (lines["updates"], lines["rounds"], lines["members"]) == ("2,000", "20", "4")
    unknown = dict(headline(table, None, {}, {}))
    assert list(unknown) == ["final fitness", "rounds", "members"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0.314, "0.31 s"),
        (59.96, "1 min 00 s"),
        (83.2, "1 min 23 s"),
        (3599.7, "1 h 00 min"),
        (7500, "2 h 05 min"),
    ],
)
def test_durations_are_for_readers(seconds, text):
    assert duration(seconds) == text


def test_short_times_are_milliseconds():
    assert [brief(seconds) for seconds in (0.0057, 0.9996, 75)] == [
        "5.7 ms",
        "1.00 s",
        "1 min 15 s",
    ]


def test_flatten_joins_names_with_dots():
    assert flatten({"a": 1, "b": {"c": None, "d": [1, 2]}}) == [
        ("a", "1"),
        ("b.c", ""),
        ("b.d", "[1, 2]"),
    ]


def test_breakdown_is_sorted_and_complete():
    parts = breakdown({"wall_seconds": 10.0, "parts": {"start": 1.0, "make": 6.0}})
    assert parts == [("make", 6.0, 0.6), ("start", 1.0, 0.1), ("other", 3.0, 0.3)]


def test_breakdown_of_parts_longer_than_the_wall_time_still_sums_to_one():
    parts = breakdown({"wall_seconds": 1.0, "parts": {"make": 3.0, "update": 1.0}})
    assert [share for *_, share in parts] == [0.75, 0.25]
    assert breakdown({}) == []


def test_phases_are_named_for_readers_and_those_without_time_are_left_out():
    timing = {"generations": 2, "phases": {"variation": 6.0, "environment": 2.0, "selection": 0.0}}
    assert phases(timing) == [("variation", 3.0, 0.75), ("discriminator", 1.0, 0.25)]
    assert phases({}) == phases({"generations": 0, "phases": {"variation": 0.0}}) == []


def test_a_training_has_no_variation_and_makes_no_children():
    timing = {"generations": 1, "phases": {"variation": 1.0}, "parts": {"making children": 2.0}}
    assert phases(timing, about=TRAINING) == [("training", 1.0, 1.0)]
    assert breakdown(timing, about=TRAINING) == [("training", 2.0, 1.0)]
