import numpy as np
import pandas as pd
import pytest
from searches import SPACE, Walker, pbt_search
from toys import search

from population import (
    AsynchronousSearch,
    PopulationBasedTraining,
    RandomSearch,
    Search,
    SuccessiveHalving,
)
from population.records.lineage import (
    ancestry,
    best_row,
    copies,
    final_rows,
    founders,
    hyperparameter_names,
    parent_rows,
    score_names,
    with_ancestors,
)
from population.records.result import Record


def history_of(*rows):
    names = ["generation", "child", "parent_generation", "parent", "operator", "fitness"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(survived=True, error="", seconds=0.0)


def test_names_of_scores_and_hyperparameters_are_read_from_the_order_of_columns():
    history = pbt_search().run(2).history
    assert score_names(history) == ["other", "fitness"]
    expected = ["lr", "count", "group.kind", "group.extra", "group.pair"]
    assert hyperparameter_names(history) == expected


def test_parents_and_founders_by_hand():
    history = history_of(
        (1, 0, 0, 0, "", 1.0),
        (1, 1, 0, 1, "", 2.0),
        (2, 0, 1, 1, "", 3.0),
        (2, 1, 1, 1, "", 4.0),
        (4, 0, 2, 0, "", 5.0),
    )
    parents = parent_rows(history)
    assert parents.tolist() == [-1, -1, 1, 1, 2]
    assert founders(parents).tolist() == [0, 1, 1, 1, 1]
    assert copies(history).tolist() == [False, False, True, False, False]
    assert ancestry(history, 4, 0)["fitness"].tolist() == [2.0, 3.0, 5.0]


def test_rows_in_another_order_have_the_same_parents():
    history = pbt_search().run(6).history
    shuffled = history.sample(frac=1.0, random_state=0)
    for table in (history, shuffled):
        parents = parent_rows(table)
        for row in range(len(table)):
            child, parent = table.iloc[row], table.iloc[parents[row]]
            if parents[row] >= 0:
                key = (child["parent_generation"], child["parent"])
                assert key == (parent["generation"], parent["child"])
            else:
                assert child["generation"] == 1


def test_copies_are_the_exploits_of_pbt_and_nothing_else():
    history = pbt_search().run(8).history
    expected = history["child"] != history["parent"]
    assert expected.sum() >= 8
    assert copies(history).tolist() == expected.tolist()


@pytest.mark.parametrize("strategy", [RandomSearch(SPACE, 5), SuccessiveHalving(SPACE, 9)])
def test_members_that_move_up_are_no_copies(strategy):
    history = Search(Walker, strategy).run(9).history
    assert not copies(history).any()


def test_children_of_an_evolution_are_no_copies():
    result = search().run(4)
    assert not result.lineage["copied"].any()
    assert len(result.lineage) == 8


def test_best_row_is_in_the_last_generation_with_survivors():
    history = history_of((1, 0, 0, 0, "", 9.0), (2, 0, 1, 0, "", 1.0), (2, 1, 1, 0, "", 2.0))
    assert best_row(history, "fitness") == 2
    later = history.assign(survived=[True, False, False])
    assert best_row(later, "fitness") == 0
    with pytest.raises(ValueError, match="finite score 'fitness'"):
        best_row(history.assign(survived=False), "fitness")


def test_members_that_do_not_wait_end_each_at_its_own_time():
    history = history_of(
        (1, 0, 0, 0, "", 1.0),
        (1, 1, 0, 1, "", 9.0),
        (2, 0, 1, 0, "", 2.0),
        (3, 0, 2, 0, "", 3.0),
        (2, 1, 3, 0, "", 4.0),
    )
    assert final_rows(history, asynchronous=True).tolist() == [False, False, False, True, True]
    assert best_row(history, "fitness", asynchronous=True) == 4
    parents = parent_rows(history)
    assert founders(parents).tolist() == [0, 1, 0, 0, 0]
    alive = with_ancestors(parents, np.array([False, False, False, False, True]))
    assert alive.tolist() == [True, False, True, True, True]


def test_results_of_an_asynchronous_search():
    strategy = PopulationBasedTraining(SPACE, 5)
    result = AsynchronousSearch(Walker, strategy).run(8)
    assert result.asynchronous
    assert result.lineage["copied"].sum() >= 4
    moved = result.lineage["child"] != result.lineage["parent"]
    assert result.lineage["copied"].tolist() == moved.tolist()
    record = Record(history=result.history, settings=result.settings)
    assert record.row() == result.row()
    assert result.schedule().replay(Walker).best.scores == result.best.scores
    result.plot().canvas.draw()
    result.plot_lineage().canvas.draw()


def test_an_empty_history_has_no_parents():
    assert parent_rows(history_of()).tolist() == []


def test_copies_by_hand():
    """In a whole generation who changed its slot; in a smaller one where a parent has several."""
    kin = [
        *((1, child, 0, child) for child in range(3)),
        *((2, 0, 1, 1), (2, 1, 1, 0), (2, 2, 1, 2)),  # two have changed places
        *((3, 0, 2, 1), (3, 1, 2, 2)),  # one has stopped, the others move up
        *((4, 0, 3, 1), (4, 1, 3, 1)),  # one is copied
    ]
    found = copies(history_of(*((*one, "", 1.0) for one in kin)))
    assert [one[:2] for one, copied in zip(kin, found, strict=True) if copied] == [
        *((2, 0), (2, 1)),
        (4, 0),
    ]
    assert not copies(history_of(*((*one, "up", 1.0) for one in kin))).any()
