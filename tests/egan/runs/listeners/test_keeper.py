"""The best look's model as a file: of the look with the highest merit, the same after a break."""

import pytest
import torch
from PIL import Image
from safetensors import safe_open

from egan import collection
from egan.run import main
from egan.runs.showcase import Showcase
from egan.sample import main as sample

GAME = ["gan", "--data.name", "gaussians25", "--width", "8", "--discriminator-width", "8"]
DISTANCES = {0: 9.0, 20: 5.0, 40: 3.0, 60: 4.0, 80: 6.0, 90: 1.0}
"""By updates; the last look is one only because the run ends there."""


@pytest.fixture(autouse=True)
def told(monkeypatch, _few_samples):
    """Have looks cost nothing, and tell what the table says."""
    blank = Image.new("L", (1, 1))
    monkeypatch.setattr(Showcase, "picture", lambda _: blank)
    monkeypatch.setattr(Showcase, "real_picture", lambda _: blank)
    monkeypatch.setattr(
        Showcase, "scores", lambda showcase: {"frechet": DISTANCES[showcase.model.updates]}
    )


def run(output, *words):
    assert main([*words, "--interval", "10", "--look-every", "2", "--output", str(output)]) == 0
    [folder] = output.iterdir()
    return folder


def best(folder):
    with safe_open(folder / "best.safetensors", "pt") as file:
        steps = int(file.metadata()["steps"])
        return steps, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def test_it_is_the_model_of_the_best_look(tmp_path):
    folder = run(tmp_path / "whole", *GAME, "--rounds", "9")
    steps, weights = best(folder)
    assert steps == 40
    [shorter] = run(tmp_path / "short", *GAME, "--rounds", "4").glob("model.safetensors")
    with safe_open(shorter, "pt") as file:
        assert all(torch.equal(file.get_tensor(name), weights[name]) for name in weights)
    made = collection.load(folder / "best.safetensors").samples(3, torch.Generator())
    assert made.shape == (3, 2)


def test_a_run_that_goes_on_writes_the_same_and_forgets_none(tmp_path):
    whole = run(tmp_path / "whole", *GAME, "--rounds", "9")
    part = run(tmp_path / "part", *GAME, "--rounds", "4")
    resumed = ["--resume", str(part), "--rounds", "9", "--output", str(part.parent)]
    assert main(resumed) == 0
    assert best(part)[0] == 40
    assert same(best(part)[1], best(whole)[1])


def test_a_run_that_is_not_over_is_sampled_from_it(tmp_path, capsys):
    folder = run(tmp_path / "runs", *GAME, "--rounds", "4")
    (folder / "model.safetensors").unlink()
    points = tmp_path / "points.csv"
    assert sample([str(folder), "--output", str(points)]) == 2
    assert f"take the best look so far, {folder / 'best.safetensors'}" in capsys.readouterr().err
    words = [str(folder / "best.safetensors"), "--count", "5", "--output", str(points)]
    assert sample(words) == 0
    assert len(points.read_text().splitlines()) == 6
