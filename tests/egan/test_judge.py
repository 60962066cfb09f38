import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from egan.judge import main


def write(folder, count=30, *, size=12, seed=0):
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for i in range(count):
        Image.fromarray(rng.integers(0, 256, (size, size, 3), np.uint8)).save(folder / f"{i}.png")
    return folder


@pytest.fixture
def sets(tmp_path):
    real = write(tmp_path / "real", 40, size=16)
    Image.new("L", (16, 24)).save(real / "other.png")
    (real / "broken.png").write_bytes(b"\x89PNG")
    return [str(real), str(write(tmp_path / "fakes", seed=1))]


@pytest.fixture
def script(tmp_path, recwarn):
    """Return the file of a small TorchScript network."""
    network = nn.Sequential(nn.AvgPool2d(4), nn.Flatten())
    torch.jit.trace(network, torch.zeros(2, 3, 12, 12)).save(str(tmp_path / "net.pt"))
    return str(tmp_path / "net.pt")


def told(words, capsys):
    assert main([*map(str, words)]) == 2
    return capsys.readouterr().err


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_it_writes_a_page_with_pictures_and_numbers(sets, script, tmp_path, capsys):
    output = tmp_path / "verdict"
    words = [*sets, "--features", script, "--parts", "3", "--output", str(output)]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert "Fréchet distance (lower is better)" in out
    assert "skipped 2 of 42 images" in err
    assert sorted(path.name for path in output.iterdir()) == [
        *("memorisation.png", "nearest.png", "spread.png", "verdict.html", "verdict.json")
    ]
    content = json.loads((output / "verdict.json").read_text())
    assert set(content["measures"]["frechet"]) == {"value", "low", "high", "floor"}
    assert len(content["nearest"]["real_image"]) == 30
    assert content["size"] == "3x12x12"
    page = (output / "verdict.html").read_text()
    assert page.count("data:image/png;base64") == 3
    assert "<script" not in page
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    assert "is not empty, and nothing is written over" in told(words, capsys)


def test_a_data_set_may_be_named(tmp_path, capsys):
    points = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    np.savez(tmp_path / "fakes.npz", samples=points)
    words = ["gaussians8", str(tmp_path / "fakes.npz"), "--parts", "2", "--most", "200"]
    assert main([*words, "--output", str(tmp_path / "verdict")]) == 0
    assert "modes (higher is better)" in capsys.readouterr().out
    with Image.open(tmp_path / "verdict/samples.png") as picture:
        assert picture.width == 400


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "GENERATED nowhere does not exist; give a folder of images"),
        (["FAKES", "--parts", "1"], "--parts must be 2 or more, but got 1"),
        (["FAKES", "--most", "3"], "--most must be 20 or more, but got 3"),
        (["FAKES", "--seed", "-1"], "--seed must be 0 or more"),
        (["FAKES", "--image-size", "0"], "--image-size must be 1 or more"),
        (["FAKES", "--features", "nowhere.pt"], "nowhere.pt cannot be read"),
        (["FAKES", "--features", "nowhere:f"], "cannot be imported"),
    ],
)
def test_mistakes_are_told(words, message, sets, capsys):
    words = [sets[1] if word == "FAKES" else word for word in words]
    assert message in told([sets[0], *words], capsys)


def test_a_run_is_no_folder_of_samples(sets, tiny_run, capsys):
    error = told([sets[0], tiny_run], capsys)
    assert f"{tiny_run} is a run; make samples with it first: python -m egan.sample" in error


def test_too_few_and_empty_folders_are_told(sets, tmp_path, capsys):
    few = write(tmp_path / "few", 7)
    assert "takes 20 generated samples or more; got 7" in told([sets[0], few], capsys)
    (tmp_path / "empty").mkdir()
    error = told([tmp_path / "empty", sets[1]], capsys)
    assert "REAL" in error
    assert "an empty folder" in error


def test_help_loads_neither_torch_nor_ray():
    code = (
        "import sys\nfrom egan.judge import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('torch', 'ray', 'numpy') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "[]"
