import numpy as np
import pandas as pd
import pytest
from toys import search

from egan.reporting.plots.tables import (
    curve,
    read_results,
    read_table,
    require_score,
    tidy,
    winner_path,
    winners,
    winning_shares,
)
from population.records.journal import Journal
from population.records.result import ancestry


def test_shares_sum_to_one_in_every_window_and_count_survivors(results):
    table = results(100, num_survivors=2)
    shares = winning_shares(table)
    assert np.allclose(shares.sum(axis=1), 1.0)
    assert list(shares.index) == list(range(1, 101, 2))
    first = table[table["survived"] & (table["generation"] <= 2)]
    assert shares.iloc[0]["minimax"] == (first["operator"] == "minimax").mean()


def test_shares_of_a_mutation_that_never_wins_are_zero(results):
    table = results(30)
    table.loc[table["operator"] == "minimax", "survived"] = False
    shares = winning_shares(table)
    assert (shares["minimax"] == 0).all()
    assert np.allclose(shares.sum(axis=1), 1.0)


def test_shares_without_survivors_are_empty(results):
    assert winning_shares(results(5).assign(survived=False)).empty


def test_winner_path_is_the_ancestry_of_the_last_best(results):
    table = results(25, num_survivors=3)
    path = winner_path(table)
    last = winners(table).iloc[-1]
    oracle = ancestry(table, int(last["generation"]), int(last["child"]))
    assert path[["generation", "child"]].equals(oracle[["generation", "child"]])
    assert not path["child"].equals(winners(table)["child"])


def test_winner_path_without_parents_is_each_generations_best(results):
    table = results(10).drop(columns=["parent", "parent_generation"])
    assert winner_path(table)["fitness"].equals(winners(table)["fitness"])


def test_winner_path_survives_a_row_that_is_its_own_parent(results):
    table = results(3)
    table["parent_generation"], table["parent"] = table["generation"], table["child"]
    assert len(winner_path(table)) == 1


def test_winners_prefer_survivors_and_skip_what_is_not_finite(results):
    table = results(4)
    table.loc[table["generation"] == 2, "fitness"] = np.nan
    loser = table.index[(table["generation"] == 3) & ~table["survived"]][0]
    table.loc[loser, "fitness"] = np.inf
    best = winners(table)
    assert list(best["generation"]) == [1, 3, 4]
    assert best["survived"].all()


def test_tidy_understands_text_and_leaves_its_argument_alone(results):
    table = results(2).astype({"survived": str})
    table["operator"] = None
    tidied = tidy(table)
    assert tidied["survived"].sum() == 2
    assert set(tidied["operator"]) == {""}
    assert table["operator"].isna().all()


def test_curve_of_a_long_run_is_short_and_keeps_both_ends():
    rows = pd.DataFrame({"generation": np.arange(1, 5001), "fitness": 2.0})
    line = curve(rows, score="fitness", width=100)
    assert len(line) == 600
    assert line["generation"].iloc[[0, -1]].tolist() == [1, 5000]
    assert np.allclose(line[["low", "middle", "high"]], 2.0)


def test_curve_is_not_moved_by_one_outlier():
    rows = pd.DataFrame({"generation": np.arange(1, 102), "fitness": 1.0})
    rows.loc[50, "fitness"] = 1e9
    assert curve(rows, score="fitness", width=21)["middle"].max() == 1.0


def test_require_score_offers_a_near_match(results):
    with pytest.raises(ValueError, match="did you mean 'quality'"):
        require_score(results(1), "qualty")


def test_reading_a_file_back_gives_the_same_rows(tmp_path, results):
    table = results(7)
    table.to_csv(tmp_path / "results.csv", index=False)
    pd.testing.assert_frame_equal(read_results(tmp_path), table, check_dtype=False)


def test_an_unfinished_last_row_is_no_obstacle(tmp_path, results):
    path = tmp_path / "results.csv"
    results(7).to_csv(path, index=False)
    text = path.read_text()
    path.write_text(text[: text.rstrip().rindex("\n") + 4])
    read = tidy(read_results(tmp_path))
    assert len(read) == 20
    assert read["survived"].sum() in (6, 7)


@pytest.mark.parametrize("text", ["", "generation,fitness\n"])
def test_a_table_without_rows_is_none(tmp_path, text):
    (tmp_path / "results.csv").write_text(text)
    assert read_table(tmp_path / "results.csv") is None
    with pytest.raises(ValueError, match="no results yet"):
        read_results(tmp_path)


def test_what_is_no_run_is_named(tmp_path):
    with pytest.raises(ValueError, match="is not a run"):
        read_results(tmp_path)
    (tmp_path / "config.yaml").write_text("seed: 1")
    with pytest.raises(ValueError, match="no results yet"):
        read_results(tmp_path)
    with pytest.raises(ValueError, match=f"did you mean .*{tmp_path.name}"):
        read_results(tmp_path.with_name(tmp_path.name + "x"))
    (tmp_path / "results.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="no column 'generation'"):
        read_results(tmp_path)


def test_texts_that_pandas_takes_for_nothing_are_shown(tmp_path):
    journal = Journal(tmp_path / "results.csv")
    rows = [{"generation": 1, "operator": name, "c": name} for name in ("NA", "None", "null")]
    journal.append([*rows, {"generation": 1, "operator": "x", "c": None}])
    journal.close()
    table = read_results(tmp_path)
    assert table["operator"].tolist() == ["NA", "None", "null", "x"]
    assert table["c"].tolist() == ["NA", "None", "null", None]


def test_numbers_with_gaps_can_be_drawn(tmp_path):
    journal = Journal(tmp_path / "results.csv")
    journal.append([{"generation": 1, "width": 3}, {"generation": 2, "width": float("nan")}])
    journal.close()
    assert read_results(tmp_path)["width"].dtype == "float64"


@pytest.mark.parametrize("cell", ["x", "1.5", "", "None"])
def test_a_generation_that_is_no_number_is_named(tmp_path, cell):
    (tmp_path / "results.csv").write_text(f"generation,fitness\n1,0.5\n{cell},0.5\n")
    with pytest.raises(ValueError, match="'generation' must be a whole number"):
        read_results(tmp_path)


def test_a_table_that_was_altered_is_not_shown(tmp_path):
    search(directory=tmp_path).run(1)
    path = tmp_path / "results.csv"
    path.write_text(path.read_text().replace("up", "un", 1))
    with pytest.raises(ValueError, match="was altered after it was written"):
        read_results(tmp_path)
