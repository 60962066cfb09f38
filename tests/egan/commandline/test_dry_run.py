"""A dry run checks what the run checks, makes nothing, and loads torch only where it must."""

import numpy as np
import pytest
from PIL import Image

from egan.run import main


@pytest.fixture
def told(tmp_path, capsys):
    """Return what runs a command that must fail, dry or not, with the same message."""

    def run(words):
        errors = []
        for further in (["--dry-run"], ["--executor", "inline"]):
            command = [*map(str, words), *further, "--output", str(tmp_path / "runs")]
            assert main(command) == 2
            errors.append(capsys.readouterr().err)
        assert not (tmp_path / "runs").exists()
        last = [error.splitlines()[-1] for error in errors]
        assert last[0].partition(" take ")[0] == last[1].partition(" take ")[0]
        return last[0]

    return run


def photos(path, *, count=12, size=16):
    path.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for i in range(count):
        Image.fromarray(rng.integers(0, 256, (size, size, 3), np.uint8)).save(path / f"{i}.png")
    return path


def folder(path, *further, image_size=8):
    return ["--data.path", path, "--data.image-size", image_size, *further]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("gaussians8 --network dcgan", "the dcgan networks make images"),
        ("digits --network dcgan --depth 3", "depth=3 fits only the mlp networks"),
        ("folder --data.name digits --data.image-size 512", "H from 8 to 256"),
        ("cgan --data.name gaussians8", "Cgan needs images"),
        ("capsnet --data.name swiss_roll", "CapsNet needs"),
        ("digits --features nowhere:at_all", "feature extractor"),
        ("digits --width 1000000", "GiB or more"),
        ("gan --width 1000000", "GiB or more"),
        ("vae --latent-dim 10000000000", "GiB or more"),
        ("gan --batch-size 10000000000", "batches of --batch-size 10,000,000,000 take"),
        ("vae --search pbt --population 100000000", "fewer members"),
    ],
)
def test_what_the_run_refuses_the_dry_run_refuses(words, expected, told):
    assert expected in told(words.split())


@pytest.mark.parametrize("model", ["gan", "vae", "cgan", "introvae", "stylegan"])
@pytest.mark.parametrize("count", [2, 3])
def test_two_or_three_images(model, count, told, tmp_path):
    error = told([model, *folder(photos(tmp_path / "photos", count=count))])
    assert f"folder has {count} samples, but expected 4 or more" in error
    assert "--data.no-hold-out" in error


def test_images_that_are_too_small(told, tmp_path):
    assert "under half of 64" in told(["gan", *folder(photos(tmp_path / "p"), image_size=64)])


def test_a_folder_without_classes(told, tmp_path):
    assert "Cgan needs data with classes" in told(["cgan", *folder(photos(tmp_path / "p"))])


def test_classes_of_one_image(told, tmp_path):
    for name in "abcd":
        photos(tmp_path / "p" / name, count=1)
    assert "two of a class at least" in told(["gan", *folder(tmp_path / "p")])


def test_it_counts_what_can_be_used_and_names_the_rest(tmp_path, capsys):
    for name in ("cat", "dog"):
        photos(tmp_path / "p" / name)
    (tmp_path / "p/cat/a.heic").touch()
    (tmp_path / "p/cat/b.png").write_text("no image")
    words = ["cgan", *map(str, folder(tmp_path / "p")), "--dry-run"]
    assert main([*words, "--output", str(tmp_path / "runs")]) == 0
    out = capsys.readouterr().out
    assert "24 samples of 3x8x8 in 2 classes" in out
    assert "left out 1 other file (.heic 1); skipped 1 of 25 images: cat/b.png" in out
    assert not (tmp_path / "runs").exists()


def test_of_a_run_that_goes_on_it_names_the_folder(tiny_run, capsys):
    assert main(["--resume", str(tiny_run), "--generations", "9", "--dry-run"]) == 0
    folders = [line for line in capsys.readouterr().out.splitlines() if "  folder " in line]
    assert folders[-1].split()[-1] == str(tiny_run)


EXTRACTORS = """
import torch

def raises(x):
    raise KeyError("boom")

def nothing(x):
    return None

def images(x):
    return x

def lost(x):
    return x.flatten(1) * float("nan")
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("raises", "raised KeyError for samples of shape"),
        ("nothing", "It must map them to (N, F) numbers"),
        ("images", "must map (N, C, H, W) to (N, F)"),
        ("lost", "returned NaN or infinity"),
    ],
)
def test_an_extractor_that_cannot_be_used(name, expected, tmp_path, capsys, monkeypatch):
    (tmp_path / "extractors_of_mine.py").write_text(EXTRACTORS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("EGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("egan.judging.classifier.MIN_STEPS", 5)
    monkeypatch.setattr("egan.judging.classifier.MAX_STEPS", 5)
    words = ["digits", "--features", f"extractors_of_mine:{name}", "--executor", "inline"]
    assert main([*words, "--output", str(tmp_path / "runs")]) == 2
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("text", ["1/0", "def f(:", "import nowhere_at_all", "raise RuntimeError"])
def test_an_extractors_module_that_cannot_be_imported(text, told, tmp_path, monkeypatch):
    (tmp_path / "module_of_mine.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    assert "cannot be imported" in told(["digits", "--features", "module_of_mine:f"])
