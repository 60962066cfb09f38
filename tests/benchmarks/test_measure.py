import importlib.util
import json
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "benchmarks" / "measure.py"


@pytest.fixture
def measure():
    spec = importlib.util.spec_from_file_location("measure", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_medians_and_quartiles(measure):
    assert measure.cell([1, 2, 3, 4, 5]) == "3.0 (2.0 to 4.0)"
    found = measure.spread([1, 2, 3, 4, 5])
    assert (found["min"], found["max"]) == (1, 5)


def test_marks_are_kept_or_missed(measure):
    assert measure.mark("ms", 15.0, 15.0).endswith("kept.")
    assert measure.mark("ms", 15.1, 15.0).endswith("MISSED.")
    assert measure.mark("ratio", 49.0, 50.0, at_least=True).endswith("MISSED.")


def test_a_result_is_kept_only_where_asked(measure, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(measure, "RESULTS", tmp_path / "results")
    measure.report("x", "found", {"a": 1.5}, save=False)
    assert not (tmp_path / "results").exists()
    measure.report("x", "found", {"a": 1.5}, save=True)
    kept = json.loads((tmp_path / "results" / "x.json").read_text())
    assert kept["a"] == 1.5
    assert "cores" in kept["machine"]
    assert "found" in (tmp_path / "results" / "x.md").read_text()
    assert "found" in capsys.readouterr().out


def test_columns_are_aligned(measure):
    lines = measure.table(["a", "bb"], [["ccc", "d"]]).splitlines()
    assert lines == ["| a   | bb |", "| --- | -- |", "| ccc | d  |"]
