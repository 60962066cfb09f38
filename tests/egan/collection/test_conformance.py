"""Every model of the table keeps the promises of the collection."""

import json
import os
import subprocess
import sys
from pathlib import Path

import collection_checks as checks
import pytest

from egan import collection
from egan.run import main
from egan.training.game import Adversarial

NAMES = list(collection.MODELS)
ADVERSARIAL = [name for name, entry in collection.MODELS.items() if entry.family == "adversarial"]
every = pytest.mark.parametrize("name", NAMES)


@every
def test_presets_are_whole(name):
    checks.check_presets(name)


@every
def test_the_space_is_of_settings_that_exist(name):
    checks.check_space(name)


@every
def test_children_follow_from_their_parents_state_alone(name):
    checks.check_children(name)


@every
def test_an_update_and_what_it_leaves(name):
    checks.check_samples(name)


@every
def test_pictures(name):
    checks.check_pictures(name)


@every
def test_the_fitness_is_not_by_the_member_itself(name):
    checks.check_judge_is_independent(name)


@every
def test_the_papers_networks_take_an_update(name):
    assert all(checks.check_paper(name, narrower=8).values())


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_evolution(name):
    checks.check_evolution(name)
    one, two, three = checks.mutated(name)
    assert (one.buffer != two.buffer).any()
    assert (two.buffer != three.buffer).any()


@every
def test_the_family_says_whether_it_evolves(name):
    model = collection.load(name)
    assert model.evolves == issubclass(model, Adversarial)
    assert model.evolves == (collection.MODELS[name].family == "adversarial")


@pytest.fixture(scope="module")
def _digests_elsewhere():
    """Return the children's checksums as another process computes them, in another order."""
    code = (
        "import json, collection_checks as c\n"
        f"print(json.dumps({{n: c.child_digest(n) for n in {NAMES[::-1]!r}}}))"
    )
    path = os.pathsep.join([str(Path(checks.__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@every
def test_a_fresh_process_makes_the_same_child(name, _digests_elsewhere):  # noqa: PT019
    assert checks.child_digest(name) == _digests_elsewhere[name]


@every
def test_it_runs_from_the_command_line(name, tmp_path, monkeypatch):
    kind = collection.load(name)
    monkeypatch.setattr(kind, "num_judged", 60, raising=False)
    monkeypatch.setattr("egan.runs.preparation._features", lambda _, data: checks.features_of(data))
    words = [name, "--rounds", "2", "--interval", "1", "--output", str(tmp_path)]
    for setting, value in kind.tiny.items():
        words += [f"--{setting.replace('_', '-')}", str(value)]
    assert main(words) == 0
    directory = tmp_path / f"00000-{name}"
    drawn = {path.stem for path in (directory / "samples").glob("*.png")}
    pictures = checks.built(checks.tiny(name)).pictures()
    assert set(pictures) | {"000000", "000001", "000002", "real"} <= drawn
    assert (directory / "model.safetensors").is_file()
    assert "What the model does" in (directory / "report.html").read_text() or len(pictures) == 1
