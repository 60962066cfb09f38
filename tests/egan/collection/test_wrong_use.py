"""What cannot be done with a model: one message, exit status 2, and no directory."""

import numpy as np
import pytest
from PIL import Image

from egan.collection import testing as checks
from egan.run import main


@pytest.fixture
def told(tmp_path, capsys):
    """Return what runs a command that must fail, and gives the one message on stderr."""

    def run(words):
        output = tmp_path / "runs"
        command = [*map(str, words), "--output", str(output), "--executor", "inline"]
        assert main(command) == 2
        error = capsys.readouterr().err
        assert "Traceback" not in error
        assert not output.exists() or not list(output.iterdir())
        return error

    return run


@pytest.fixture
def photos(tmp_path):
    """Return a folder of images without classes, of two sizes."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(12):
        pixels = rng.integers(0, 256, (20, 20, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    return folder


def test_a_conditional_model_on_unlabelled_data(told, photos):
    words = ["cgan", "--data.name", "folder", "--data.path", photos, "--data.image-size", "8"]
    assert "Cgan needs data with classes, but folder has no labels" in told(words)


def test_an_image_model_on_points(told):
    assert "Cgan needs images" in told(["cgan", "--data.name", "gaussians8"])
    assert "--likelihood gaussian" in told(["vae", "--data.name", "gaussians8"])


def test_a_resolution_that_a_network_cannot_make(told, tmp_path):
    path = tmp_path / "images.npz"
    np.savez(path, images=np.zeros((30, 12, 12, 1), np.uint8), labels=np.arange(30) % 3)
    error = told(["cgan", "--data.name", "npz", "--data.path", path, "--data.image-size", "30"])
    assert "--data.image-size must be one of" in error
    with pytest.raises(ValueError, match="halved down"):
        checks.built(checks.tiny("cgan", checks.random_images((1, 18, 18))))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("vae --evolve minimax", "vae has no discriminator"),
        ("vae --evolve minimax --search pbt", "vae has no discriminator"),
        ("wgan --evolve minimax", "wgan's gives a score without a zero, and no logit"),
        ("wgan:clip --evolve wasserstein --search pbt", "wgan's gives a score without a zero"),
        ("lsgan --evolve least_squares", "lsgan's gives a regression on two codes, and no logit"),
        ("gan --evolve minmax", "did you mean minimax"),
        ("gan --evolve minimax,minimax", "distinct"),
        ("gan --generator-lr 0", "--generator-lr must be a number above 0"),
        ("gan --beta1 1", "--beta1 must be in [0, 1)"),
        ("gan --width 0", "--width must be 1 or more, but got 0"),
        ("gan --interval 0", "--interval must be 1 or more"),
        ("gan:papr", "did you mean 'paper'"),
        ("gann", "did you mean 'gan'"),
        ("gan --search pbt --space.generator-lrr 1,2", "--space.generator-lr"),
        ("gan --search pbt --space.beta1 0,1", "--beta1 must be in [0, 1)"),
        ("gan --space.beta1 0,0.5", "needs --search"),
        ("gan --search evolution", "unknown search"),
        ("cgan --network maxout --conditioning cbn", "--conditioning concat"),
    ],
)
def test_settings_that_make_no_sense(words, expected, told):
    assert expected in told(words.split())


@pytest.mark.parametrize("words", ["gan --generator.lr 1", "vae --lrr 1", "gan --evolution.mu 2"])
def test_flags_that_do_not_exist(words, capsys):
    with pytest.raises(SystemExit) as caught:
        main(words.split())
    assert caught.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_resumed_run_keeps_its_settings(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("egan.runs.preparation._features", lambda _, data: checks.features_of(data))
    words = ["vae", "--width", "4", "--interval", "1", "--rounds", "1", "--output", str(tmp_path)]
    assert main(words) == 0
    capsys.readouterr()
    assert main(["--resume", str(tmp_path / "00000-vae"), "--lr", "0.5", "--rounds", "2"]) == 2
    assert "--lr was 0.001, now 0.5" in capsys.readouterr().err
