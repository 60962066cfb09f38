"""What is said of one's own pictures before a run learns from them."""

import dataclasses

import numpy as np
import pytest

from egan import collection
from egan.collection.testing import small
from egan.data.dataset import Dataset
from egan.run import main
from egan.runs.guidance import advice, duration_here
from egan.runs.plan import plan


def pictures(count, *, classes=0, size=8):
    labels = np.arange(count) % classes if classes else None
    return Dataset("folder", np.zeros((count, 3, size, size), np.uint8), labels)


def said(name, count, **options):
    return advice(plan(collection.preset(name)), pictures(count, **options))


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (60, "too few for a GAN"),
        (1000, "few; a GAN that trains for long"),
        (10_000, "enough with augmentation"),
        (50_000, "enough"),
    ],
)
def test_whether_there_are_enough(count, words):
    number, _, judgement = said("dcgan", count)["pictures"].partition(": ")
    assert number.endswith(f" of {count:,} to learn from")
    assert judgement.startswith(words)


def test_a_model_without_a_discriminator_needs_fewer():
    assert "enough" in said("vae", 300)["pictures"]
    assert "few; 100 or more" in said("vae", 50)["pictures"]


@pytest.mark.parametrize(
    ("name", "count", "options", "words"),
    [
        ("dcgan", 50, {}, "vae: blurred"),
        ("dcgan", 5000, {"classes": 7}, "they draw each of the 7 classes"),
        ("gan", 5000, {"size": 64}, "stylegan or dcgan"),
        ("dcgan", 5000, {"size": 64}, ""),
        ("biggan", 5000, {"classes": 7}, ""),
        ("vae", 50, {}, ""),
        ("capsnet", 50, {"classes": 3}, ""),
    ],
)
def test_which_other_model(name, count, options, words):
    assert words in said(name, count, **options).get("another model", "")
    assert bool(words) == ("another model" in said(name, count, **options))


@pytest.mark.parametrize("name", ["vae", "cgan", "gan"])
def test_how_long_it_takes_here(name, monkeypatch):
    monkeypatch.setattr("egan.runs.guidance.NUM_UNITS", 1)
    text = duration_here(plan(small(name)), pictures(40, classes=3))
    assert text.startswith("about ")
    assert "a round, as measured now" in text


def test_how_long_an_evolution_takes(monkeypatch):
    monkeypatch.setattr("egan.runs.guidance.NUM_UNITS", 1)
    config = dataclasses.replace(small("gan"), evolve="minimax,heuristic", executor="inline")
    assert " a generation, as measured now" in duration_here(plan(config), pictures(40))


def test_nothing_is_measured_for_other_machines():
    config = dataclasses.replace(small("vae"), device="cuda")
    assert duration_here(plan(config), pictures(40)) == ""


def test_a_dry_run_says_it_of_a_folder(tmp_path, capsys, monkeypatch):
    from PIL import Image

    monkeypatch.setattr("egan.runs.guidance.NUM_UNITS", 1)
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(8):
            Image.new("L", (9, 9), i).save(tmp_path / "photos" / name / f"{i}.png")
    words = ["gan", "--data.path", str(tmp_path / "photos"), "--data.image-size", "8"]
    assert main([*words, "--width", "4", "--discriminator-width", "4", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "16 samples of 1x8x8 in 2 classes" in out
    assert " of 16 to learn from: too few for a GAN" in out
    assert "as measured now" in out
