import json

import pytest
from searches import Walker, pbt_search
from toys import Unlucky, rows, search

from population.records.lineage import survivors
from population.records.result import read_result


def test_a_directory_gives_what_the_run_gave(tmp_path):
    run = pbt_search(directory=tmp_path / "run")
    result = run.run(8)
    record = read_result(tmp_path / "run")
    assert rows(record.history).equals(rows(result.history))
    assert record.settings == json.loads(json.dumps(run.identity))
    assert record.objective == "fitness"
    assert record.ancestry().equals(record.ancestry((result.best.generation, result.best.index)))
    ways = [repr((None, dict(record.schedule().at(i).hyperparameters))) for i in range(1, 9)]
    assert ways == result.best.state["ways"]


def test_a_directory_without_checkpoints_is_enough(tmp_path):
    result = search(directory=tmp_path).run(4)
    for path in tmp_path.glob("checkpoints/*/state.json"):
        path.write_text("{torn")
    record = read_result(tmp_path)
    assert record.settings == {}
    assert record.lineage.equals(result.lineage)
    assert record.schedule() == result.schedule()


@pytest.mark.parametrize("cut", [1, 3, 30, 60])
def test_a_last_row_that_is_being_written_is_left_out(tmp_path, cut):
    whole = pbt_search(directory=tmp_path).run(3).history
    path = tmp_path / "results.csv"
    path.write_text(path.read_text()[:-cut])
    assert rows(read_result(tmp_path).history).equals(rows(whole.iloc[:-1]))


def test_a_traceback_that_is_being_written_is_left_out(tmp_path):
    result = search(
        member=lambda h: Unlucky(h, folder=tmp_path, generation=2, child=5, once=False),
        directory=tmp_path / "run",
    ).run(2)
    assert len(result.failures) == 1
    path = tmp_path / "run" / "results.csv"
    text = path.read_text()
    for end in ("bad luck\n", "Traceback"):
        path.write_text(text[: text.rindex(end) + len(end)])
        assert len(read_result(tmp_path / "run").history) == 11


def test_no_results_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"holds no results\.csv"):
        read_result(tmp_path / "nothing")
    (tmp_path / "results.csv").write_text("")
    with pytest.raises(ValueError, match="no generation is complete"):
        read_result(tmp_path)


def test_lineage_says_who_copied_whom():
    lineage = pbt_search().run(8).lineage
    copied = lineage[lineage["copied"]]
    assert len(copied) >= 8
    assert (copied["child"] != copied["parent"]).all()
    assert {"seconds", "error", "survived"}.isdisjoint(lineage)
    assert survivors(pbt_search().run(8).history).equals(lineage)


def test_another_score_can_be_the_objective():
    from population import RandomSearch, Search

    search = Search(Walker, RandomSearch({"lr": 0.5}, 3, objective="other"))
    record = search.run(2)
    assert record.objective == "other"
