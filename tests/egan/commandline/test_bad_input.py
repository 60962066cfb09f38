"""Whatever the user or the machine does wrong: one message, exit status 2, and nothing lost."""

import errno
import os
import shutil
import socket
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from egan.run import main

FOLDER = ["folder", "--executor", "inline", "--data.image-size", "8"]


def _told(words, capsys, status=2):
    """Run, and return the one message on stderr."""
    capsys.readouterr()
    assert main([str(word) for word in words]) == status
    error = capsys.readouterr().err
    assert "Traceback" not in error
    return error


def _corrupt(path, how):
    content = bytearray(path.read_bytes())
    if how == "truncated":
        content = content[: len(content) // 2]
    else:
        content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("digts", "did you mean 'digits'"),
        ("--evolve heuristik", "did you mean heuristic"),
        ("--evolution.bandit", "got --evolution.contest-every 1"),
        ("--generator-lr -0.1", "--generator-lr must be a number above 0"),
        ("folder --data.path nowhere --data.image-size 32", "nowhere"),
        ("folder --data.path . ", "--data.image-size"),
        ("folder", "--data.path is missing"),
        ("--data.image-size 9", "--data.image-size must be one of"),
        ("--network dcgan --depth 2", "depth"),
        ("gaussians8 --network dcgan", "dcgan"),
        ("--features nowhere:at_all", "feature extractor"),
        ("--resume nowhere", "is not a folder"),
    ],
)
def test_a_mistake_makes_no_directory(words, expected, tmp_path, capsys):
    command = [*words.split(), "--output", str(tmp_path), "--executor", "inline"]
    error = _told(command, capsys)
    assert expected in error
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder(tmp_path, capsys):
    words = [*FOLDER, "--data.path", tmp_path, "--output", tmp_path / "runs"]
    assert "an empty folder" in _told(words, capsys)


def test_bad_images_among_good_ones_are_skipped_and_named(tmp_path, capsys, monkeypatch):
    photos = tmp_path / "photos"
    photos.mkdir()
    rng = np.random.default_rng(0)
    for i in range(30):
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)).save(photos / f"{i}.png")
    (photos / "broken.png").write_bytes(b"no picture")
    Image.new("RGB", (64, 16)).save(photos / "wide.png")
    Image.new("LA", (16, 16)).save(photos / "alpha.png")
    words = [*FOLDER, "--data.path", photos, "--output", tmp_path, "--generations", "1"]
    sizes = ["--width", "4", "--discriminator-width", "4"]
    monkeypatch.setenv("EGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("egan.judging.classifier.MIN_STEPS", 5)
    error = _told([*words, *sizes], capsys, status=0)
    assert "skipped 2 of 33 images" in error
    assert "broken.png" in error
    assert "wide.png" in error
    assert "broken.png" in (tmp_path / "00000-folder/log.txt").read_text()


def test_an_output_that_cannot_be_written(tiny, tmp_path, capsys):
    (tmp_path / "file").touch()
    error = _told([*tiny, "--output", tmp_path / "file/runs"], capsys)
    assert "--output" in error
    assert "Not a directory" in error


def test_a_disk_that_is_full_from_the_start(tiny, capsys, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("egan.runs.folder.write_text", full)
    assert "No space left on device" in _told(tiny, capsys)


def test_a_short_run_that_diverges(tiny, tmp_path, capsys):
    words = ["--generator-lr", "1e30", "--discriminator-lr", "1e30"]
    assert "finite" in _told([*tiny, *words], capsys)


@pytest.mark.parametrize("place", ["population.records.archive.write_checkpoint", "os.fsync"])
def test_a_disk_that_fills_up(place, tiny, tiny_run, capsys, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(place, full)
        error = _told(["--resume", tiny_run, "--generations", "8"], capsys)
    assert "No space left on device" in error
    assert f"--resume {tiny_run}" in error or "cannot be written" in error
    assert main(["--resume", str(tiny_run), "--generations", "8"]) == 0
    assert pd.read_csv(tiny_run / "results.csv")["generation"].max() == 8


@pytest.mark.parametrize("how", ["truncated", "altered"])
@pytest.mark.parametrize("name", ["state.safetensors", "state.json", "manifest.json"])
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_used(how, name, tiny_run, capsys):
    before = pd.read_csv(tiny_run / "results.csv").drop(columns="seconds")
    _corrupt(tiny_run / "checkpoints/00000004" / name, how)
    error = _told(["--resume", tiny_run], capsys, status=0)
    assert f"00000004/{name}" in error
    assert "going on from generation 2" in error
    after = pd.read_csv(tiny_run / "results.csv").drop(columns="seconds")
    pd.testing.assert_frame_equal(before, after, check_exact=True)


def test_no_whole_checkpoint_is_left(tiny_run, capsys):
    rows = (tiny_run / "results.csv").read_bytes()
    for path in (tiny_run / "checkpoints").iterdir():
        _corrupt(path / "state.safetensors", "altered")
    error = _told(["--resume", tiny_run], capsys)
    assert "no usable checkpoint" in error
    assert "00000002/state.safetensors was altered" in error
    assert (tiny_run / "results.csv").read_bytes() == rows


def test_a_checkpoint_from_another_configuration(tiny, tiny_run, tmp_path, capsys):
    assert main([*tiny, "--evolution.diversity-weight", "0.5"]) == 0
    shutil.rmtree(tiny_run / "checkpoints")
    shutil.copytree(tmp_path / "00001-gaussians8/checkpoints", tiny_run / "checkpoints")
    error = _told(["--resume", tiny_run, "--generations", "6"], capsys)
    assert "from another configuration" in error
    assert "diversity_weight" in error


def test_data_that_changed_since(tiny_run, capsys, monkeypatch):
    monkeypatch.setattr("egan.data.points.JUDGED_SEED", 5)
    error = _told(["--resume", tiny_run, "--generations", "6"], capsys)
    assert "from another configuration" in error
    assert "samples was" in error


def test_rows_that_are_missing(tiny_run, capsys):
    rows = (tiny_run / "results.csv").read_text().splitlines(keepends=True)
    (tiny_run / "results.csv").write_text("".join(rows[:4]))
    assert "rows are missing" in _told(["--resume", tiny_run, "--generations", "6"], capsys)


def test_fewer_generations_than_there_are(tiny_run, capsys):
    error = _told(["--resume", tiny_run, "--generations", "3"], capsys)
    assert "has 4 generations" in error


def test_settings_with_a_mistake(tiny_run, capsys):
    text = (tiny_run / "config.yaml").read_text()
    (tiny_run / "config.yaml").write_text(text.replace("generations: 4", "generation: 4"))
    for words in (["--resume", tiny_run], [tiny_run / "config.yaml"]):
        assert "did you mean 'generations'" in _told(words, capsys)


def test_a_setting_without_effect_is_refused(tiny, tmp_path, capsys):
    error = _told([*tiny, "--workers", "2"], capsys)
    assert "--workers 2 cannot take effect" in error
    assert list(tmp_path.iterdir()) == []


def test_training_that_diverges(tiny, tmp_path, capsys):
    words = ["--generator-lr", "1e30", "--discriminator-lr", "1e30", "--generations", "60"]
    assert "no child had a finite score" in _told([*tiny, *words], capsys)


@pytest.fixture
def silent_port():
    """Return a port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_a_cluster_that_cannot_be_reached(silent_port, tiny, tmp_path):
    """In a process of its own: here Ray may be there already, for other tests."""
    addresses = [f"ray://127.0.0.1:{silent_port}", f"127.0.0.1:{silent_port}", "nonsense"]
    lines = [[*tiny, "--executor", "ray", "--address", address] for address in addresses]
    code = f"from egan.run import main\nprint([main(words) for words in {lines!r}])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[2, 2, 2]"
    assert "Traceback" not in done.stderr
    assert all(address in done.stderr for address in addresses)
    assert list(tmp_path.iterdir()) == []


def test_a_cluster_that_cannot_be_reached_is_told_of_within_30_seconds(silent_port, tmp_path):
    address = f"ray://127.0.0.1:{silent_port}"
    command = [
        sys.executable,
        "-m",
        "egan.run",
        "gaussians8",
        "--address",
        address,
        "--output",
        tmp_path,
    ]
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert time.monotonic() - started < 30
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
