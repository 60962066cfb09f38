"""Every model of the table keeps the promises of the collection."""

import html

import pytest

from egan import collection
from egan.collection import testing
from egan.collection.api import compared
from egan.collection.conformance import ModelConformance
from egan.run import main
from egan.runs.telling import caption

NAMES = list(collection.MODELS)


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def _digests_elsewhere():
    """Return the children's checksums as another process computes them, in another order."""
    return testing.digest_elsewhere(*NAMES[::-1])


class TestModels(ModelConformance):
    @pytest.mark.xdist_group("digests")  # one process elsewhere makes them all
    def test_a_fresh_process_makes_the_same_child(self, name, _digests_elsewhere):  # noqa: PT019
        assert testing.child_digest(name) == _digests_elsewhere[name]


def test_it_runs_from_the_command_line(name, tmp_path, monkeypatch):
    kind = collection.paper(name)
    monkeypatch.setattr("egan.tasks.base.Task.num_judged", 60)
    monkeypatch.setattr(
        "egan.runs.preparation._features",
        lambda config, data: testing.features_of(compared(config, data)),
    )
    words = [name, "--rounds", "2", "--interval", "1", "--output", str(tmp_path)]
    words += ["--evolve", "none"] if collection.preset(name).mutations else []
    for setting, value in kind.tiny.items():
        words += [f"--{setting.replace('_', '-')}", str(value)]
    assert main([*words, *(["--network", "mlp"] if name == "egan" else [])]) == 0
    [directory] = tmp_path.iterdir()
    drawn = {path.stem for path in (directory / "samples").glob("*.png")}
    pictures = testing.built(testing.tiny(name)).pictures()
    assert set(pictures) | {"000000", "000001", "000002", "real"} <= drawn
    assert (directory / "model.safetensors").is_file()
    report = html.unescape((directory / "report.html").read_text())
    assert all(caption(draw) in report for draw in pictures.values())
