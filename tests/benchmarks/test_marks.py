"""Marks: a table that tells of every change, and saboteurs that have to miss them."""

import importlib
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks"
NAMES = sorted(path.stem for path in (FOLDER / "acceptance").glob("*.py"))
NAMES = [name for name in NAMES if name not in ("__init__", "marks", "tabular", "training")]


@pytest.fixture(scope="module")
def benchmarks():
    """Let the benchmarks' own modules be imported by their names, as their scripts do."""
    before = set(sys.modules)
    sys.path.insert(0, str(FOLDER))
    yield importlib.import_module("collection")
    sys.path.remove(str(FOLDER))
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("acceptance", "collection", "measure", "games"):
            del sys.modules[name]


@pytest.fixture
def table(benchmarks):
    return importlib.import_module("acceptance.marks")


def kept(name):
    text = (FOLDER / "results" / f"collection_{name}.json").read_text(encoding="utf-8")
    return json.loads(text)["checks"]


@pytest.mark.parametrize("name", NAMES)
def test_a_model_has_a_leading_mark_and_one_for_the_quick_form(table, name):
    marks = table.marks(name).values()
    assert sum(mark.leading for mark in marks) == 1
    assert any(mark.quick for mark in marks)


@pytest.mark.parametrize("name", NAMES)
def test_the_table_tells_of_every_change_since_the_kept_result(table, name):
    assert not table.unexplained(name, kept(name))


@pytest.mark.parametrize("name", NAMES)
def test_every_kept_saboteur_misses_its_mark(name):
    assert [check["name"] for check in kept(name) if not check["caught"]] == []


@pytest.fixture
def _briefly_taught(monkeypatch, tmp_path):
    """Let classifiers learn for a few steps, and keep them where nobody else takes them."""
    monkeypatch.setenv("EGAN_CACHE", str(tmp_path))
    monkeypatch.setattr("egan.judging.classifier.MIN_STEPS", 20)
    monkeypatch.setattr("egan.judging.classifier.MAX_STEPS", 20)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("_briefly_taught")
def test_the_quick_form_tells_a_model_from_its_saboteur(benchmarks, table, name):
    module = importlib.import_module(f"acceptance.{name}")
    for one in table.verdicts(name, module.accept(range(1), quick=True)):
        assert len(one.figures.found) == 1
        assert one.figures.saboteur
        assert one.figures.sabotaged
        if one.mark.quick:
            assert one.kept, one
            assert one.caught, one


def test_a_mark_that_changes_after_a_run_has_to_say_so(table, monkeypatch):
    name, before = next(iter(table.marks("gan").items()))
    result = [{"name": name, "mark": before.text, "changed": []}]
    entry = {"says": before.says, "at_most": 0.5, "since": before.since, "commit": "abc"}
    old = {"until": before.since, "was": before.text, "gave": ".2, kept", "why": "A reason."}

    def said(entry, result=result):
        monkeypatch.setattr(table, "table", lambda: {"gan": {"marks": {name: entry}}})
        table.marks.cache_clear()
        return table.unexplained("gan", result)

    try:
        [complaint] = said(entry)
        assert f"was {before.text} when its result was kept and is <= 0.5" in complaint
        assert not said(entry | {"changed": [old]})
        told = [{"name": name, "mark": "<= 0.5", "changed": [{"was": before.text}]}]
        assert not said(entry | {"changed": [old]}, told)
        [lost] = said(entry, told)
        assert f"no longer tells that it was {before.text}" in lost
    finally:
        table.marks.cache_clear()


def test_marks_are_kept_by_seeds_beside_their_own_baselines(table):
    from datetime import date

    mark = table.Mark(
        says="x", rule="below", limit=0.5, plus=0.1, since=date(2026, 11, 26), commit="a"
    )
    assert mark.text == "<= 0.5 x baseline + 0.1"
    figures = importlib.import_module("acceptance").Figures(
        mark="x", found=[0.6, 0.7, 0.5], baseline=[1.0, 1.0, 2.0], saboteur="y", sabotaged=[0.9]
    )
    verdict = table.Verdict(mark, figures)
    assert verdict.kept
    assert verdict.seeds_kept == 2
    assert verdict.caught
    wrong = table.Verdict(mark, figures.__class__(**{**vars(figures), "sabotaged": [0.5]}))
    assert not wrong.caught


@pytest.mark.parametrize("change", [{"at_least": 1}, {"since": "soon"}, {"limit": 2}])
def test_an_entry_that_does_not_say_enough_is_refused(table, change):
    from datetime import date

    entry = {"says": "x", "at_most": 0.5, "since": date(2026, 11, 26), "commit": "abc"}
    with pytest.raises(ValueError, match=r"gan\.x"):
        table.read("gan.x", entry | change)
