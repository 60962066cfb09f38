"""The paper of CONTRIBUTING.md, as somebody would add it: one file and one line."""

import re
import sys
from pathlib import Path

import pandas as pd
import pytest

from egan import collection
from egan.collection import testing
from egan.collection.conformance import ModelConformance
from egan.run import main

TEXT = (Path(__file__).parents[3] / "CONTRIBUTING.md").read_text(encoding="utf-8")
NAME = "hinge_gan"


def block(name):
    return re.search(rf"<!-- {name} -->\n```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)[1]


@pytest.fixture(autouse=True)
def _added(tmp_path, monkeypatch):
    """Add the file to the package and the line to the table."""
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / f"{NAME}.py").write_text(block("model"), encoding="utf-8")
    monkeypatch.setattr(collection, "__path__", [*collection.__path__, str(folder)])
    line = eval(f"{{{block('line')}}}", {"Entry": collection.Entry})
    monkeypatch.setattr(collection, "MODELS", collection.MODELS | line)
    monkeypatch.setattr(
        "egan.runs.preparation._features", lambda _, data: testing.features_of(data)
    )
    yield
    sys.modules.pop(f"egan.collection.{NAME}", None)


class TestHingeGan(ModelConformance):
    @pytest.fixture
    def name(self):
        return NAME

    def digest_elsewhere(self, name):
        return testing.child_digest(name)  # another process has no such file


@pytest.mark.parametrize("size", [28, 32, 64])
def test_it_learns_images_of_the_usual_sizes(size):
    member = testing.built(testing.tiny(NAME, testing.random_images((3, size, size))))
    member.update()
    assert member.samples(3, member.rng).shape == (3, 3, size, size)


@pytest.mark.parametrize(
    "how",
    [
        ("--rounds", "2", "--interval", "2"),
        ("--rounds", "2", "--interval", "2", "--search", "pbt", "--population", "4"),
        ("--generations", "2", "--evolve", "minimax,heuristic,least_squares"),
    ],
    ids=["train", "tune", "evolve"],
)
def test_it_trains_is_tuned_and_evolves(how, tmp_path):
    words = [NAME, *how, "--width", "8", "--executor", "inline", "--output", str(tmp_path / "runs")]
    assert main(words) == 0
    (run,) = (tmp_path / "runs").iterdir()
    results = pd.read_csv(run / "results.csv")
    assert results["generation"].max() == 2
    assert results["error"].isna().all()
    report = (run / "report.html").read_text()
    assert "Fréchet distance" in report
    assert "Gaussian" in report
    assert type(collection.load(run / "model.safetensors")).__name__ == "HingeGan"


def test_it_is_listed(capsys):
    assert main(["--list"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "hinge_gan Geometric GAN, 1705.02894; adversarial; digits" in said
