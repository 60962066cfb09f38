"""Papers of other kinds, as somebody would add them: a file, a line, and nothing elsewhere."""

import ast
import html
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from egan import collection, data
from egan.collection import testing
from egan.collection.conformance import ModelConformance
from egan.lazy import Lazy
from egan.run import main

FOLDER = Path(__file__).parent / "newcomers"
LINES = {
    "sparse_autoencoder": ("SparseAutoencoder", "autoencoding"),
    "two_headed": ("AcGan", "adversarial"),
    "inverter": ("Inverter", "translation"),
}
HEADLINES = {"sparse_autoencoder": "Fréchet distance", "two_headed": "accuracy", "inverter": "L1"}


def negatives(**_):
    """Load digits, each with its negative as a target."""
    digits = data.load("digits")
    return replace(
        digits, name="negatives", labels=None, annotations={"target": 255 - digits.samples}
    )


@pytest.fixture(autouse=True)
def _added(monkeypatch):
    monkeypatch.setattr(collection, "__path__", [*collection.__path__, str(FOLDER)])
    for name, (kind, family) in LINES.items():
        entry = collection.Entry(
            f"egan.collection.{name}:{kind}", paper="somebody's", family=family, task="digits"
        )
        monkeypatch.setitem(collection.MODELS, name, entry)
    monkeypatch.setitem(data.LOADERS, "negatives", Lazy(f"{__name__}:negatives", "negatives"))
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    monkeypatch.setattr("egan.data.BUILT_IN", (*data.BUILT_IN, "negatives"))
    monkeypatch.setattr("egan.collection.testing.BUILT_IN", (*testing.BUILT_IN, "negatives"))
    monkeypatch.setattr("egan.tasks.base.Task.num_judged", 60)
    yield
    for name in LINES:
        sys.modules.pop(f"egan.collection.{name}", None)


class TestNewcomers(ModelConformance):
    @pytest.fixture(params=LINES)
    def name(self, request):
        return request.param

    def digest_elsewhere(self, name):
        return testing.child_digest(name)  # another process has no such file


@pytest.mark.parametrize("name", LINES)
def test_it_meets_little_of_ours(name):
    tree = ast.parse((FOLDER / f"{name}.py").read_text())
    ours = [n for n in tree.body if isinstance(n, ast.ImportFrom) and n.module.startswith("egan")]
    assert len(ours) <= 8
    kind = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == LINES[name][0])
    base = set(dir(collection.paper(name).__mro__[1]))
    methods = {n.name for n in kind.body if isinstance(n, ast.FunctionDef)}
    assert len(methods & base) <= 12


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("how", ["train", "tune", "evolve"])
def test_it_trains_is_tuned_and_evolves_with_the_right_report(name, how, tmp_path):
    if how == "evolve" and LINES[name][1] != "adversarial":
        return
    rounds = ["--rounds", "2", "--interval", "3"]
    ways = {
        "train": rounds,
        "tune": [*rounds, "--search", "random", "--population", "2"],
        "evolve": ["--evolve", "minimax,heuristic", "--generations", "2"],
    }
    words = [name, *ways[how], "--executor", "inline"]
    assert main([*words, "--output", str(tmp_path)]) == 0
    (run,) = tmp_path.iterdir()
    assert pd.read_csv(run / "results.csv")["error"].isna().all()
    report = html.unescape((run / "report.html").read_text())
    assert HEADLINES[name] in report
    assert any(word in report for word in ("Gaussian", "chance", "mean colour"))
    assert ("updates" in report) == (how != "evolve")
    assert (
        run / "samples" / f"{next(iter(testing.built(testing.tiny(name)).pictures()))}.png"
    ).is_file()
