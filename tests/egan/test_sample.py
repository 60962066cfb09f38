import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from egan import data
from egan.collection.api import build
from egan.collection.saved import save
from egan.collection.testing import small, task_of
from egan.data.dataset import Dataset
from egan.data.encodings import encoded
from egan.sample import main
from egan.sampling import order


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Return the weights of a tiny model of classes, untrained."""
    config = small("cgan")
    model = build(config, task_of("cgan", data.load("digits")))
    model.training(False)
    path = tmp_path_factory.mktemp("cgan") / "model.safetensors"
    save(path, model, config, steps=0)
    return path


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.png")}


def told(words, capsys):
    assert main([*map(str, words)]) == 2
    return capsys.readouterr().err


def test_the_same_seed_gives_the_same_files_however_many(weights, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(order, "MOST", 8)
    for name, count in (("a", 20), ("b", 11)):
        words = [weights, "--count", count, "--output", tmp_path / name, "--seed", 5]
        assert main([*map(str, words)]) == 0
    assert "a: 20 images of 1x8x8, seed 5" in capsys.readouterr().out
    many, few = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert (len(many), len(few)) == (20, 11)
    assert few.items() <= many.items()


def test_classes_are_asked_for_by_number_or_name(weights, tmp_path):
    words = [weights, "--count", 6, "--classes", "3, 7", "--output", tmp_path / "a.npz"]
    assert main([*map(str, words)]) == 0
    with np.load(tmp_path / "a.npz") as arrays:
        assert arrays["labels"].tolist() == [3, 7] * 3
    assert main([*map(str, [*words[:-1], tmp_path / "a"])]) == 0
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["3", "7"]


def test_a_run_is_sampled(tiny_run, tmp_path):
    output = tmp_path / "points.csv"
    assert main([str(tiny_run), "--count", "7", "--output", str(output)]) == 0
    assert len(output.read_text().splitlines()) == 8


def test_a_run_without_weights_says_how_to_go_on(tiny_run, tmp_path, capsys):
    (tiny_run / "model.safetensors").unlink()
    error = told([tiny_run, "--output", tmp_path / "a"], capsys)
    assert "has no model.safetensors yet" in error
    assert f"--resume {tiny_run}" in error


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--classes", "3,x"], "--classes has 'x', but there are 10: 0, 1, 2"),
        (["--classes", "10"], "--classes has '10'"),
        (["--count", "0"], "--count must be 1 or more, but got 0"),
        (["--seed", "-1"], "--seed must be 0 or more"),
        (["--truncation", "0.5"], "Cgan has no truncation"),
        (["--classes", "1" * 5000], "--classes has '1111"),
        (["--inputs", "nowhere"], "Cgan makes nothing out of images; leave out --inputs"),
        (["--count", "1" + "0" * 20], "--count 1" + "0" * 20 + " takes"),
    ],
)
def test_mistakes_are_told_and_nothing_is_written(words, message, weights, tmp_path, capsys):
    assert message in told([weights, "--output", tmp_path / "a", *words], capsys)
    assert not (tmp_path / "a").exists()


def test_what_is_no_model_is_told(tmp_path, capsys):
    (tmp_path / "a.safetensors").write_text("nothing")
    assert "cannot be read as safetensors" in told(
        [tmp_path / "a.safetensors", "--output", tmp_path / "a"], capsys
    )
    assert "is not a folder" in told([tmp_path / "b", "--output", tmp_path / "a"], capsys)
    assert "no config.yaml" in told([tmp_path, "--output", tmp_path / "a"], capsys)


def test_nothing_is_written_over(weights, tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/a.txt").write_text("mine")
    assert "mine is not empty" in told([weights, "--output", tmp_path / "mine"], capsys)


def test_help_loads_neither_torch_nor_ray():
    code = (
        "import sys\nfrom egan.sample import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('torch', 'ray', 'numpy') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "[]"


def test_images_are_turned_into_others(tmp_path, capsys):
    rng = np.random.default_rng(0)
    lines, pictures = (rng.integers(0, 256, (8, c, 32, 32), np.uint8) for c in (1, 3))
    config = small("pix2pix")
    pairs = Dataset("pairs", lines, annotations={"target": pictures})
    model = build(config, task_of("pix2pix", pairs))
    model.training(False)
    save(tmp_path / "model.safetensors", model, config, steps=0)
    np.savez(tmp_path / "mine.npz", images=lines[:5].transpose(0, 2, 3, 1))
    words = [tmp_path / "model.safetensors", "--output", tmp_path / "made"]
    assert "give them by --inputs folder/" in told(words, capsys)
    assert "--inputs nowhere does not exist" in told([*words, "--inputs", "nowhere"], capsys)
    (tmp_path / "one").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "one/a.png")
    assert "--image-size" not in told([*words, "--inputs", tmp_path / "one"], capsys)
    Image.new("L", (32, 32)).save(tmp_path / "one/a.png")
    (tmp_path / "one/torn.png").write_bytes(b"no image")
    found = [*words[:2], tmp_path / "found", "--inputs", tmp_path / "one"]
    assert main([*map(str, found)]) == 0
    assert "torn.png" in capsys.readouterr().err  # what is left out is named
    (tmp_path / "file").write_text("")
    assert "file/a.npz cannot be written" in told(
        [*words[:2], tmp_path / "file/a.npz", "--inputs", tmp_path / "mine.npz"], capsys
    )
    words += ["--inputs", tmp_path / "mine.npz"]
    assert main([*map(str, words)]) == 0
    assert capsys.readouterr().out.endswith("made: 5 images of 3x32x32, seed 0\n")
    assert "--count 9 asks for more than the 5 of --inputs" in told(
        [*words[:2], tmp_path / "more", *words[3:], "--count", 9], capsys
    )


@pytest.fixture(scope="module")
def speaker(tmp_path_factory):
    """Return the weights of a tiny model of captions, untrained."""
    config = small("gan_int_cls")
    data_set = data.load("captioned_shapes", image_size=8, split="test")
    model = build(config, task_of("gan_int_cls", data_set))
    model.training(False)
    path = tmp_path_factory.mktemp("speaker") / "model.safetensors"
    save(path, model, config, steps=0)
    return path


def test_captions_are_asked_for_in_turn(speaker, tmp_path):
    (tmp_path / "asked.txt").write_text("A small red disc!\nblue box\n", encoding="utf-8")
    words = [speaker, "--captions", tmp_path / "asked.txt", "--output", tmp_path / "a"]
    assert main([*map(str, words)]) == 0
    assert len(contents(tmp_path / "a")) == 2
    rows = (tmp_path / "a" / "captions.csv").read_text(encoding="utf-8").splitlines()
    assert rows == ["file,caption", "000000.png,a small red disc", "000001.png,blue box"]
    words = [*words[:-1], tmp_path / "b.npz", "--count", 5]
    assert main([*map(str, words)]) == 0
    with np.load(tmp_path / "b.npz") as arrays:
        texts = [" ".join(filter(None, arrays["words"][one])) for one in arrays["captions"]]
        assert texts == ["a small red disc", "blue box"] * 2 + ["a small red disc"]
    made = data.load("captions", captions=tmp_path / "a" / "captions.csv", image_size=8)
    assert len(made) == 2  # what is written can be learned from


def test_without_captions_they_are_as_the_data_have_them(speaker, tmp_path):
    words = [speaker, "--count", 4, "--output", tmp_path / "a"]
    assert main([*map(str, words)]) == 0
    rows = (tmp_path / "a" / "captions.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert all(len(row.split(",")[1].split()) >= 2 for row in rows)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"red disc\n\nblue box", "line 2 has no words"),
        (b"a purple disk", "never seen: 'purple', 'disk'"),
        ("rät".encode("latin-1"), "Save it as UTF-8"),
        (b"", "is empty"),
    ],
)
def test_captions_that_are_none_are_told_and_nothing_is_written(
    speaker, text, message, tmp_path, capsys
):
    (tmp_path / "asked.txt").write_bytes(text)
    words = [speaker, "--captions", tmp_path / "asked.txt", "--output", tmp_path / "a"]
    assert message in told(words, capsys)
    assert not (tmp_path / "a").exists()


def test_a_text_encoder_is_named_again_for_captions_that_are_new(
    speaker, tmp_path, monkeypatch, capsys
):
    (tmp_path / "my_encoder.py").write_text("def f(texts): return [[len(t), 1.0] for t in texts]")
    monkeypatch.syspath_prepend(str(tmp_path))
    config = small("gan_int_cls")
    data_set = encoded(data.load("captioned_shapes", image_size=8, split="test"), "my_encoder:f")
    model = build(config, task_of("gan_int_cls", data_set))
    model.training(False)
    save(tmp_path / "model.safetensors", model, config, steps=0)
    (tmp_path / "asked.txt").write_text("a red disc\na vermilion disc", encoding="utf-8")
    words = [tmp_path / "model.safetensors", "--captions", tmp_path / "asked.txt"]
    message = told([*words, "--output", tmp_path / "a"], capsys)
    assert "never seen: 'vermilion'" in message
    assert "--text-encoder module:function" in message
    again = [*words, "--text-encoder", "my_encoder:f", "--output", tmp_path / "a"]
    assert main([*map(str, again)]) == 0
    rows = (tmp_path / "a" / "captions.csv").read_text(encoding="utf-8").splitlines()
    assert rows[1:] == ["000000.png,a red disc", "000001.png,a vermilion disc"]
    assert "trained without one" in told([speaker, *again[1:-1], tmp_path / "b"], capsys)


def test_a_model_that_hears_no_captions_says_so(weights, tmp_path, capsys):
    (tmp_path / "asked.txt").write_text("red disc", encoding="utf-8")
    words = [weights, "--captions", tmp_path / "asked.txt", "--output", tmp_path / "a"]
    assert "is told no captions; leave out --captions" in told(words, capsys)


def test_a_strangers_captions_are_checked(speaker, tmp_path, capsys):
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file

    with safe_open(speaker, "pt") as file:
        metadata = file.metadata()
    for wrong in (99, -1):
        tensors = load_file(speaker)
        tensors["captions"][0, 0, 0] = wrong
        save_file(tensors, tmp_path / "model.safetensors", metadata)
        words = [tmp_path / "model.safetensors", "--count", 2, "--output", tmp_path / "a"]
        assert "does not fit together" in told(words, capsys)
