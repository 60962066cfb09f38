"""Trackers hear what looks saw, and get the pictures."""

import math
import sys
from types import SimpleNamespace

import pytest
from PIL import Image

from egan.config import RunConfig
from egan.run import main
from egan.runs.listeners.tracking import MissingExtraError, Tracking, trackers_of
from population.callbacks import Tracker


class Memory(Tracker):
    def __init__(self, *, fails=False):
        super().__init__()
        self.fails, self.points, self.pictures = fails, {}, {}

    def open(self, search):
        """Begin."""

    def log(self, values, step):
        if self.fails:
            raise OSError("no network")
        self.points[step] = values

    def show(self, name, picture, step):
        self.pictures[name, step] = picture.size

    def close(self):
        """End."""


@pytest.fixture
def looker(tmp_path):
    for number in (0, 4):
        Image.new("RGB", (5 + number, 5)).save(tmp_path / f"{number:06d}.png")
    return SimpleNamespace(
        latest={"frechet": 2.0, "modes": math.nan},
        is_due=lambda number: number % 4 == 0,
        picture=lambda number: tmp_path / f"{number:06d}.png",
    )


def test_looks_are_handed_over_with_their_pictures(looker):
    tracker = Memory()
    tracking = Tracking([tracker], looker)
    tracking.on_start(SimpleNamespace(generation=0), 8)
    for number in (3, 4, 8):
        tracking.on_generation(None, SimpleNamespace(number=number))
    assert tracker.points == {number: {"look/frechet": 2.0} for number in (0, 4, 8)}
    assert tracker.pictures == {("samples", 0): (5, 5), ("samples", 4): (9, 5)}


def test_a_tracker_that_fails_costs_nothing(looker, caplog):
    tracker = Memory(fails=True)
    Tracking([tracker], looker).on_generation(None, SimpleNamespace(number=4))
    assert "Memory failed (OSError: no network)" in caplog.text
    assert tracker.pictures == {("samples", 4): (9, 5)}


def test_a_run_that_goes_on_does_not_begin_again(looker):
    tracker = Memory()
    Tracking([tracker], looker).on_start(SimpleNamespace(generation=4), 8)
    assert tracker.points == {}


def test_none_is_loaded_unless_it_is_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    assert trackers_of(RunConfig()) == []
    with pytest.raises(MissingExtraError, match=r"pip install 'egan\[wandb\]'"):
        trackers_of(RunConfig(wandb="mine"))


def test_a_missing_package_is_told_before_the_run(tiny, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("egan.commandline.parse.find_spec", lambda name: None)
    for words, name in ((["--tensorboard"], "tensorboard"), (["--wandb", "mine"], "wandb")):
        for further in ([], ["--dry-run"]):
            assert main([*tiny, *words, *further]) == 2
            assert f"--{name} needs {name}, which is not installed" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_strangers_project_is_not_written_to(tiny_run, capsys):
    path = tiny_run / "config.yaml"
    path.write_text(path.read_text().replace("wandb: null", "wandb: theirs"))
    assert main(["--resume", str(tiny_run), "--generations", "9"]) == 2
    assert "If that was you, say so: --wandb theirs" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore::DeprecationWarning:tensorboard.*")
def test_a_run_writes_for_tensorboard(tiny, tmp_path):
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    ).EventAccumulator
    assert main([*tiny, "--tensorboard"]) == 0
    events = accumulator(str(tmp_path / "00000-gaussians8/tensorboard"))
    events.Reload()
    assert [one.step for one in events.Images("samples")] == [0, 2, 4]
    assert [one.step for one in events.Scalars("look/modes")] == [0, 2, 4]
    assert [one.step for one in events.Scalars("fitness/best")] == [1, 2, 3, 4]
