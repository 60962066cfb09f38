"""Settings, weights and data of a stranger's may fail, but not act: docs/threat_model.md."""

import io
import json
import os
import pickle
import re
import zipfile

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file, save_file

from egan import collection, data
from egan.config.file import read_config
from egan.run import main


def content(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(text, tmp_path):
    path = tmp_path / "c.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=re.escape(str(path))) as caught:
        read_config(path, collection.preset)
    return str(caught.value)


@pytest.mark.parametrize("tag", ["object/apply:os.mkdir", "name:os.mkdir", "module:antigravity"])
def test_yaml_makes_no_objects(tag, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "!!python" in refused(f"seed: !!python/{tag} [sprung]", tmp_path) or tag
    assert not (tmp_path / "sprung").exists()


BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{i + 1}: &a{i + 1} [*a{i}, *a{i}]\n" for i in range(60))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BOMB, "the alias *a0"),
        ("data: &d {name: digits}\nother: *d", "the alias *d"),
        ("seed: 1\nseed: 2", "'seed' comes twice"),
        ("data: {name: digits, path: x, name: npz}", "'name' comes twice"),
        ("a: " + "[" * 5000 + "]" * 5000, "nested more than 40 deep"),
        ("a: " * 5000, "is no YAML"),
        ("seed: 1 #" + "x" * 2**24, "over 16,777,216 bytes"),
        (b"seed: \xff", "is no YAML"),
        ("seed: " + "9" * 5000, "is no YAML"),
    ],
)
def test_yaml_within_bounds(text, expected, tmp_path):
    assert expected in refused(text, tmp_path)


def test_settings_write_over_nothing(run):
    text = re.sub(r"(?m)^output: .*$", f"output: {run.parent}", (run / "config.yaml").read_text())
    (run / "config.yaml").write_text(text)
    before = content(run)
    assert main([str(run / "config.yaml"), "--generations", "1"]) == 0
    assert content(run) == before
    assert (run.parent / "00001-gaussians8/results.csv").is_file()


@pytest.fixture
def weights(run):
    """Return a weights file of a run, and a function that writes it with other text."""
    path = run / "model.safetensors"
    tensors = load_file(path)
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        text = json.loads(file.read(size))["__metadata__"]

    def write(**changes):
        save_file(tensors, path, metadata={**text, **changes})
        return path

    return write, {name: json.loads(text[name]) for name in ("config", "data")}


def test_weights_import_nothing(weights, lay_module, tmp_path):
    write, text = weights
    lay_module(tmp_path, "lurking")
    config = {**text["config"], "features": "lurking:f", "address": "ray://198.51.100.1:10001"}
    collection.load(write(config=json.dumps(config)))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config", "[" * 100_000 + "]" * 100_000),
        ("config", "[1]"),
        ("config", '{"preset": "os"}'),
        ("config", {"settings": {"width": 10**9}}),
        ("config", {"settings": {"width": "wide"}}),
        ("data", "null"),
        ("data", {"shape": [-2]}),
        ("data", {"shape": [[2]]}),
        ("data", {"shape": [10**15]}),
        ("data", {"dtype": "object"}),
        ("data", {"dtype": "O,O"}),
        ("data", {"annotations": [1]}),
        ("data", {"vocabulary": -1}),
        ("data", {"spelling": {"words": ["a\nb"], "separator": ""}}),
        ("data", {"spelling": {"words": [], "separator": "../"}}),
        ("data", {"spelling": ["a"]}),
    ],
)
def test_weights_that_make_no_sense(name, text, weights):
    write, before = weights
    if isinstance(text, dict):
        inner = {"settings": {**before["config"]["settings"], **text.get("settings", {})}}
        text = json.dumps({**before[name], **text, **(inner if "settings" in text else {})})
    path = write(**{name: text})
    with pytest.raises(ValueError, match=re.escape(str(path))):
        collection.load(path)


def test_pickles_run_nothing(trap, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("data_batch_1", "data_batch_2"):
        (tmp_path / name).write_bytes(pickle.dumps({"data": trap}))
    with pytest.raises(ValueError, match=r"asks to run posix.mkdir"):
        data.load("cifar10", path=tmp_path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", ["images", "labels"])
def test_objects_in_arrays(name, trap, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    whole = {"images": np.zeros((4, 8, 8), np.uint8), "labels": np.zeros(4, np.int64)}
    np.savez(tmp_path / "a.npz", **{**whole, name: np.array([trap] * 4)})
    with pytest.raises(ValueError, match="cannot be read"):
        data.load("npz", path=tmp_path / "a.npz")
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
        archive.writestr("../images.npy", "outside")
    with pytest.raises(ValueError, match=r"b.npz"):
        data.load("npz", path=tmp_path / "b.npz")
    assert {path.name for path in tmp_path.iterdir()} == {"a.npz", "b.npz"}


def pictures(folder, count=4):
    folder.mkdir()
    for i in range(count):
        Image.new("L", (8, 8), 40 * i).save(folder / f"{i}.png")
    return folder


def test_pictures_start_no_program(tmp_path, monkeypatch):
    photos = pictures(tmp_path / "photos")
    monkeypatch.setattr("subprocess.Popen", lambda *_, **__: pytest.fail("a program starts"))
    monkeypatch.setattr("subprocess.check_call", lambda *_, **__: pytest.fail("a program starts"))
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, format="EPS")
    for name in ("a.png", "b.jpg", "c.tiff"):
        (photos / name).write_bytes(stream.getvalue())
    dataset = data.load("folder", path=photos, image_size=8)
    assert len(dataset) == 4
    assert all(name in " ".join(dataset.notes) for name in ("a.png", "b.jpg", "c.tiff"))


def test_links_and_pipes_in_data(tmp_path):
    other = pictures(tmp_path / "other", count=1)
    photos = pictures(tmp_path / "photos")
    (photos / "link.png").symlink_to(other / "0.png")
    os.mkfifo(photos / "pipe.png")
    before = content(tmp_path)
    dataset = data.load("folder", path=photos, image_size=8)
    assert len(dataset) == 5
    assert "pipe.png" in " ".join(dataset.notes)
    assert content(tmp_path) == before
