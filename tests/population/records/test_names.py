"""Names that users choose: none takes the place of a column, a setting or a file of the search."""

import numpy as np
import pytest
from searches import Walker
from toys import search

from population import Choice, Evolution, RandomSearch, Search, Uniform
from population.records.lineage import hyperparameter_names
from population.strategy import COLUMNS, check_column


def scoring(**scores):
    return type("Scoring", (Walker,), {"evaluate": lambda self: {"fitness": 1.0, **scores}})


def test_every_column_of_a_history_is_reserved():
    history = Search(Walker, RandomSearch({"lr": 0.5}, 2), profile=True).run(1).history
    assert set(history) - {"lr", "other", "fitness"} <= COLUMNS
    assert (
        set(Search(Walker, RandomSearch({"lr": 0.5}, 2)).run(1).lineage) - set(history) <= COLUMNS
    )


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_nobody_may_be_called_like_a_column(name):
    with pytest.raises(ValueError, match=f"the score '{name}' is a column of every journal"):
        Search(scoring(**{name: 0.5}), RandomSearch({"lr": 0.5}, 2)).run(1)
    with pytest.raises(ValueError, match=f"the hyperparameter '{name}' is a column"):
        RandomSearch({name: Uniform(0, 1)}, 2)
    with pytest.raises(ValueError, match=f"the hyperparameter '{name}' is a column"):
        search(strategy=Evolution(("up",), hyperparameters={name: 1}))
    with pytest.raises(ValueError, match=f"the objective '{name}' is a column"):
        Search(Walker, RandomSearch({"lr": 0.5}, 2, objective=name))


def test_a_score_and_a_hyperparameter_do_not_share_a_name():
    with pytest.raises(ValueError, match="'lr' has the name of a column of the history, the score"):
        Search(scoring(lr=1.0), RandomSearch({"lr": 0.5}, 2)).run(1)


def test_a_score_that_not_every_child_has_is_not_lost():
    class Sometimes(Walker):
        def evaluate(self):
            more = {"late": 2.0} if self.seeds.child == 1 else {}
            return {"fitness": 1.0, **more}

    history = Search(Sometimes, RandomSearch({"lr": 0.5}, 2)).run(1).history
    assert np.isnan(history["late"][0])
    assert history["late"][1] == 2.0


@pytest.mark.parametrize("name", [1, None, ("a",)])
def test_a_score_has_a_text_for_a_name(name):
    member = type("Numbered", (Walker,), {"evaluate": lambda self: {"fitness": 1.0, name: 2.0}})
    with pytest.raises(ValueError, match="is no text"):
        Search(member, RandomSearch({"lr": 0.5}, 2)).run(1)


@pytest.mark.parametrize("name", ["", 3, None, b"a"])
def test_a_name_is_a_text_that_is_not_empty(name):
    with pytest.raises(ValueError, match="the score .*: expected a name, which is a text"):
        check_column(name, "the score")


@pytest.mark.parametrize("name", ["keep", "", 3, None])
def test_an_operator_is_not_taken_for_a_parent_or_for_none(name):
    with pytest.raises(ValueError, match="cannot be one"):
        Evolution(["up", name])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "'x': nan equals nothing"),
        ((1, float("nan")), "equals nothing"),
        (np.ones(2), "'x': .* of type ndarray: expected text, a number"),
        ({1}, "of type set"),
        ({}, "empty group"),
        ({"a.b": 1}, "'x.a.b': write groups as nested dicts"),
        ({"": 1}, "without|empty|nested"),
    ],
)
def test_hyperparameters_that_no_table_gives_back_are_refused(value, message):
    with pytest.raises(ValueError, match=message):
        search(strategy=Evolution(("up",), hyperparameters={"x": value}))


@pytest.mark.parametrize("options", [[1, float("nan")], [(0.5, float("nan"))]])
def test_nan_is_no_option(options):
    with pytest.raises(ValueError, match="NaN equals nothing"):
        Choice(options)


@pytest.mark.parametrize(
    ("identity", "message"),
    [
        ({"objective": "other"}, "'objective' is no text, or a setting of the search itself"),
        ({"seed": 3}, "'seed'"),
        ({"asynchronous": True}, "'asynchronous'"),
        ({"space": ""}, "'space'"),
        ({1: 2}, "identity: 1"),
        ({"data": {1, 2}}, r"identity\['data'\] is no JSON value"),
        ({"data": float("nan")}, "holds NaN"),
    ],
)
def test_settings_of_a_user_do_not_replace_those_of_the_search(identity, message):
    with pytest.raises(ValueError, match=message):
        search(identity=identity)


@pytest.mark.parametrize("name", ["results", "Results", "../x", "a/b", "", "..", ".x", "x.csv", 3])
def test_a_journal_is_a_file_of_its_own_in_the_folder(tmp_path, name):
    with pytest.raises(ValueError, match="journal"):
        search(directory=tmp_path / "run").journal(name)
    assert not list(tmp_path.rglob("*.csv"))


def test_where_time_went_is_no_hyperparameter():
    result = Search(Walker, RandomSearch({"lr": 0.5}, 2), profile=True).run(2)
    assert "variation_seconds" in result.history
    assert hyperparameter_names(result.history) == ["lr"]
    assert dict(result.schedule().at(1).hyperparameters) == {"lr": 0.5}
