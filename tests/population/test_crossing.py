"""Children of two parents: made, recorded, resumed, replayed, and the same bits everywhere."""

import os

import pandas as pd
import pytest
from toys import Tiny, rows, search

from population import Evolution, Member, RayExecutor, Search
from population.records.archive import read_table
from population.records.lineage import check_history
from population.records.replay import replay
from population.strategies.overruled import Overruled

NAMES = ("up", "down", "zero")


def crossing(executor=None, *, mu=2, crossover=3, **options):
    return search(executor, strategy=Evolution(NAMES, mu=mu, crossover=crossover), **options)


@pytest.fixture(scope="module")
def expected():
    return rows(crossing().run(8).history)


def crossed(history):
    return history[history["operator"] == "crossover"]


def test_the_history_names_both_parents(expected):
    table = crossed(expected)
    assert len(table) == 3 * 8
    assert table["survived"].any()
    assert (table["parent_generation"] == table["generation"]).all()
    others = expected[expected["operator"] != "crossover"]
    assert others["partner"].isna().all()
    for _, litter in expected.groupby("generation"):
        scores = litter["fitness"].tolist()
        for _, row in crossed(litter).iterrows():
            assert scores[row["parent"]] >= scores[row["partner"]]
            assert {row["parent"], row["partner"]} < set(range(6))


def test_a_history_without_crossings_has_no_such_column():
    assert "partner" not in search().run(2).history


@pytest.mark.parametrize("workers", [1, 3])
def test_the_same_bits_on_any_number_of_workers(workers, expected, ray_session):
    assert rows(crossing(RayExecutor(workers)).run(8).history).equals(expected)


class Mortal(Tiny):
    """Dies once while it crosses."""

    marker = ""

    def __init__(self, hyperparameters, marker):
        super().__init__(hyperparameters)
        self.marker = marker

    def cross(self, partner):
        if self.seeds.generation == 4 and not os.path.exists(self.marker):
            with open(self.marker, "w"):
                os.kill(os.getpid(), 9)
        super().cross(partner)


def test_a_worker_that_dies_while_it_crosses_changes_nothing(expected, ray_session, tmp_path):
    marker = str(tmp_path / "dead")
    run = crossing(RayExecutor(2), member=lambda h: Mortal(h, marker))
    assert rows(run.run(8).history).equals(expected)
    assert os.path.exists(marker)


def test_a_resumed_run_is_the_uninterrupted_one(expected, tmp_path):
    crossing(directory=tmp_path / "run").run(5)
    again = crossing(directory=tmp_path / "run").resume().run(8)
    assert rows(again.history).equals(expected)
    assert rows(read_table(tmp_path / "run" / "results.csv")).equals(expected)


def test_it_is_replayed_from_its_journal():
    history = crossing(environment=None).run(6).history
    assert rows(replay(history, Tiny)).equals(rows(history))


def test_a_line_goes_through_the_first_parent_and_a_schedule_leaves_crossings_out():
    result = crossing(mu=1, environment=None).run(6)
    line = result.ancestry()
    steps = list(zip(line["generation"], line["child"], strict=True))
    assert steps == sorted(steps)
    assert len(line) > 6, "a crossing and its first parent are of one generation"
    assert len(result.schedule()) == 6
    assert {phase.operator for phase in result.schedule().phases} <= set(NAMES)


def test_a_crossing_can_be_made_to_survive(expected):
    one = crossing(mu=1, crossover=1)
    one.strategy = Overruled(one.strategy, [3])
    history = one.run(2).history
    assert history[history["survived"]]["child"].tolist()[0] == 3


def test_who_cannot_cross_says_so():
    class Plain(Tiny):
        cross = Member.cross

    history = Search(Plain, Evolution(NAMES, crossover=1), seed=5).run(1).history
    assert "Plain has no cross(partner)" in crossed(history)["error"].iloc[0]


@pytest.mark.parametrize("change", [{"partner": 8}, {"parent_generation": 1}, {"partner": 0.5}])
def test_a_partner_that_is_none_is_no_history(change, expected, tmp_path):
    history = crossing().run(2).history
    row = history.index[history["operator"] == "crossover"][-1]
    history = history.astype(dict.fromkeys(change, object))
    for name, value in change.items():
        history.loc[row, name] = value
    history = history.astype({"parent_generation": int})
    with pytest.raises(ValueError, match="'partner'"):
        check_history(history, tmp_path / "results.csv")


def test_a_history_with_crossings_is_one(expected, tmp_path):
    table = crossing().run(2).history
    assert isinstance(table, pd.DataFrame)
    check_history(table, tmp_path / "results.csv")
