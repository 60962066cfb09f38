"""Runs from the command line to the report, in this process."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from egan import collection
from egan.config.file import read_config
from egan.run import main

LOOKING = """
import sys
from egan.run import main
try:
    status = main(sys.argv[1:])
except SystemExit as error:
    status = error.code
print(status, [name for name in ("torch", "ray") if name in sys.modules], file=sys.stderr)
"""


def _same(one, other, name):
    timing = ["seconds", "run"]
    tables = [
        pd.read_csv(path / name).drop(columns=timing, errors="ignore") for path in (one, other)
    ]
    pd.testing.assert_frame_equal(*tables, check_exact=True)


def _prepared(directory):
    """Return the plan of a run, and what it was prepared with."""
    from egan.runs.plan import plan
    from egan.runs.preparation import prepare

    planned = plan(read_config(directory / "config.yaml", collection.preset))
    return planned, prepare(planned)


def test_a_run_leaves_everything_in_its_directory(tiny_run):
    files = {path.name for path in tiny_run.iterdir()}
    assert files == {
        *("config.yaml", "about.json", "versions.json", "results.csv", "metrics.csv"),
        *("lineage.csv", "log.txt", "alarms.csv"),
        *("timing.json", "samples", "checkpoints", "fitness.png"),
        *("model.safetensors", "best.safetensors"),
        *("mutations.png", "report.html"),
    }
    pictures = {path.name for path in (tiny_run / "samples").iterdir()}
    numbers = {"000000.png", "000002.png", "000004.png"}
    assert pictures == {*numbers, "real.png", "samples.png", "interpolation.png", "evolution.gif"}


def test_the_last_words_say_where_things_are(tiny, tmp_path, capsys):
    assert main(tiny) == 0
    said = capsys.readouterr()
    assert f"{tmp_path}/00000-gaussians8/report.html" in said.out
    assert f"--resume {tmp_path}/00000-gaussians8 --generations 8" in said.out
    lines = [line for line in said.err.splitlines() if line.startswith("generation ")]
    assert [line.split()[1] for line in lines] == ["0/4", "2/4", "4/4"]
    assert "wins" in lines[-1]


def test_its_tables_are_those_of_the_contract(tiny_run):
    results = pd.read_csv(tiny_run / "results.csv")
    assert len(results) == 4 * 3
    assert results.groupby("generation")["survived"].sum().tolist() == [1] * 4
    lineage = pd.read_csv(tiny_run / "lineage.csv")
    assert lineage["generation"].tolist() == [1, 2, 3, 4]
    metrics = pd.read_csv(tiny_run / "metrics.csv")
    assert metrics["generation"].tolist() == [0, 2, 4]
    assert {"frechet", "modes", "high_quality", "jsd"} <= set(metrics)
    timing = json.loads((tiny_run / "timing.json").read_text())
    assert 0 < sum(timing["parts"].values()) <= timing["wall_seconds"]


def test_a_profile_is_recorded_where_asked_for_and_is_always_in_the_report(
    tiny, tiny_run, tmp_path
):
    assert main([*tiny, "--profile", "--output", str(tmp_path / "profiled")]) == 0
    profiled = next((tmp_path / "profiled").iterdir())
    plain, more = (pd.read_csv(path / "results.csv") for path in (tiny_run, profiled))
    added = [name for name in more if name not in plain]
    assert added == [
        f"{phase}_seconds"
        for phase in (
            *("variation", "scoring", "selection", "transfer", "environment", "bookkeeping"),
        )
    ]
    assert (more[added] >= 0).all(axis=None)
    pd.testing.assert_frame_equal(
        more.drop(columns=[*added, "seconds"]), plain.drop(columns="seconds"), check_exact=True
    )
    for run in (tiny_run, profiled):
        assert "A generation by phase" in (run / "report.html").read_text()


def test_its_settings_can_be_run_again(tiny_run, tmp_path):
    assert main([str(tiny_run / "config.yaml"), "--output", str(tmp_path)]) == 0
    second = tmp_path / "00001-gaussians8"
    _same(tiny_run, second, "results.csv")
    _same(tiny_run, second, "metrics.csv")


def test_its_generator_makes_the_last_picture(tiny_run):
    showcase = _prepared(tiny_run)[1].showcase
    task = showcase.task
    showcase.model = collection.load(tiny_run / "model.safetensors", task=task)
    drawn = np.asarray(showcase.picture())
    with Image.open(tiny_run / "samples/000004.png") as picture:
        assert np.array_equal(drawn, np.asarray(picture.convert("RGB")))


def test_the_first_look_is_at_the_parent_of_generation_1(tiny_run):
    from population.seeding import Seeds, seed_everything

    planned, prepared = _prepared(tiny_run)
    parts = prepared.parts(planned.config)
    seed_everything(Seeds(planned.config.seed, 0, 0).own("build"))
    born = parts.member({}).game.networks
    assert set(born) == {"generator", "average"}
    for name, network in born.items():
        shown = prepared.showcase.model.networks[name].state_dict()
        assert all(torch.equal(value, shown[key]) for key, value in network.state_dict().items())


def test_a_resumed_run_is_the_uninterrupted_one(tiny, tiny_run, tmp_path):
    assert main(["--resume", str(tiny_run), "--generations", "6"]) == 0
    assert main([*tiny, "--generations", "6"]) == 0
    whole = tmp_path / "00001-gaussians8"
    for name in ("results.csv", "metrics.csv"):
        _same(tiny_run, whole, name)
    assert (tiny_run / "samples/000006.png").read_bytes() == (
        whole / "samples/000006.png"
    ).read_bytes()


def test_timing_adds_up_over_resumes(tiny_run):
    before = json.loads((tiny_run / "timing.json").read_text())["wall_seconds"]
    assert main(["--resume", str(tiny_run), "--generations", "6"]) == 0
    assert json.loads((tiny_run / "timing.json").read_text())["wall_seconds"] > before


def test_a_finished_run_says_so(tiny_run, capsys):
    rows = (tiny_run / "results.csv").read_bytes()
    capsys.readouterr()
    assert main(["--resume", str(tiny_run)]) == 0
    assert "is finished: 4 generations" in capsys.readouterr().out
    assert (tiny_run / "results.csv").read_bytes() == rows


def test_a_run_that_died_before_its_report_gets_it(tiny_run):
    (tiny_run / "report.html").unlink()
    assert main(["--resume", str(tiny_run)]) == 0
    assert (tiny_run / "report.html").exists()


def test_a_run_that_died_before_its_first_checkpoint_begins_again(tiny, tiny_run, tmp_path):
    import shutil

    shutil.rmtree(tiny_run / "checkpoints")
    assert main(["--resume", str(tiny_run)]) == 0
    assert main(tiny) == 0
    _same(tiny_run, tmp_path / "00001-gaussians8", "metrics.csv")


def test_a_failing_picture_does_not_cost_the_run(tiny, tmp_path, monkeypatch, capsys):
    def fail(*_, **__):
        raise RuntimeError("no ink")

    monkeypatch.setattr("egan.tasks.generation.show", fail)
    assert main(tiny) == 1
    directory = tmp_path / "00000-gaussians8"
    assert (directory / "checkpoints/00000004").is_dir()
    assert len(pd.read_csv(directory / "metrics.csv")) == 3
    assert "no ink" in capsys.readouterr().err
    assert "Traceback" in (directory / "log.txt").read_text()


def test_digits_are_judged_by_a_classifier(tmp_path, monkeypatch):
    monkeypatch.setenv("EGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("egan.judging.classifier.MIN_STEPS", 5)
    monkeypatch.setattr("egan.judging.classifier.MAX_STEPS", 5)
    words = "--executor inline --generations 2 --width 8 --discriminator-width 8"
    assert main([*words.split(), "--output", str(tmp_path)]) == 0
    metrics = pd.read_csv(tmp_path / "00000-digits/metrics.csv")
    assert metrics["classes"].between(1, 10).all()
    with Image.open(tmp_path / "00000-digits/samples/interpolation.png") as picture:
        assert picture.width == picture.height


@pytest.mark.parametrize("words", [["--help"], ["--list"], ["--dry-run"]])
def test_looking_costs_little(words, tmp_path):
    command = [sys.executable, "-c", LOOKING, *words]
    seen = subprocess.run(command, capture_output=True, text=True, check=True)
    assert seen.stderr.splitlines()[-1] == "0 []"
    assert "gaussians25" in seen.stdout or "folder " in seen.stdout


def test_a_dry_run_makes_nothing(tmp_path, capsys):
    assert main(["digits", "--dry-run", "--output", str(tmp_path / "runs"), "--workers", "2"]) == 0
    out = capsys.readouterr().out
    assert "1,797 samples of 1x8x8" in out
    assert "2 Ray actors on this machine" in out
    assert str(tmp_path / "runs/00000-digits") in out
    assert list(tmp_path.iterdir()) == []


def test_the_catalogue_names_everything(capsys):
    from egan import data, networks
    from mutations import NAMES

    assert main(["--list"]) == 0
    out = capsys.readouterr().out
    presets = collection.presets("egan")
    for name in (
        *presets,
        *collection.MODELS,
        *data.NAMES,
        *NAMES,
        *networks.NAMES,
        "pareto",
        "pairwise",
    ):
        assert f"\n  {name} " in out or f" {name} " in out


def test_the_log_has_progress_result_and_end(tiny_run, capsys):
    log = (tiny_run / "log.txt").read_text()
    for number in (2, 4):
        assert f"generation {number} of 4 · fitness" in log
    assert "final fitness" in log
    assert log.splitlines()[-1].endswith("ended with status 0")
    assert main(["--resume", str(tiny_run), "--generations", "6", "--seed", "0"]) == 0
    assert "generation 6 of 6" in (tiny_run / "log.txt").read_text()
    capsys.readouterr()


def test_the_log_has_the_message_of_a_run_that_failed(tiny, tmp_path, capsys):
    words = ["--generator-lr", "1e30", "--discriminator-lr", "1e30", "--generations", "60"]
    assert main([*tiny, *words]) == 2
    told = capsys.readouterr().err.splitlines()[-1].partition(": ")[2]
    assert f"ended: {told}" in (tmp_path / "00000-gaussians8/log.txt").read_text()


def test_weak_features_are_told_of_beside_every_distance(tmp_path, capsys, monkeypatch):
    photos = tmp_path / "photos"
    photos.mkdir()
    noise = np.random.default_rng(0)
    for i in range(20):
        pixels = noise.integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(pixels).save(photos / f"{i}.png")
    monkeypatch.setenv("EGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("egan.judging.classifier.MIN_STEPS", 2)
    monkeypatch.setattr("egan.judging.features.WEAK", 1.1)  # of few images luck decides
    words = ["gan", "--data.path", str(photos), "--data.image-size", "8", "--width", "4"]
    words += ["--rounds", "1", "--interval", "1", "--output", str(tmp_path)]
    assert main(words) == 0
    told, run = capsys.readouterr(), tmp_path / "00000-gan"
    weak = "in weak features: the classifier is"
    assert f"warning: distances to the data are taken {weak}" in told.err
    assert weak in next(line for line in told.out.splitlines() if "Fréchet distance" in line)
    assert weak in next(
        line for line in (run / "log.txt").read_text().splitlines() if "round 1" in line
    )
    assert weak in (run / "report.html").read_text()
