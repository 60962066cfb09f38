"""A run on mapped images is the run on those in memory, and may go on as the other."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from safetensors.numpy import load_file

from egan.collection import testing
from egan.run import main


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return what runs a tiny game on a folder of pictures, and gives its rows and weights."""
    monkeypatch.setenv("EGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(
        "egan.runs.preparation._features", lambda _, data: testing.features_of(data)
    )
    rng = np.random.default_rng(0)
    (tmp_path / "pictures").mkdir()
    for i in range(40):
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(
            tmp_path / "pictures" / f"{i}.png"
        )
    data = ["--data.path", str(tmp_path / "pictures"), "--data.image-size", "8"]
    tiny = ["--width", "4", "--discriminator-width", "4", "--interval", "2", "--latent-dim", "2"]

    def runs(name, *lines):
        output = tmp_path / name
        for words in lines:
            found = list(output.iterdir()) if output.is_dir() else []
            start = ["--resume", str(found[0])] if found else ["dcgan", *data, *tiny]
            assert main([*start, *words, "--output", str(output), "--augment", "ada"]) == 0
        [folder] = output.iterdir()
        rows = pd.read_csv(folder / "results.csv").drop(columns="seconds")
        metrics = pd.read_csv(folder / "metrics.csv").drop(columns="seconds")
        return rows, metrics, load_file(folder / "model.safetensors")

    return runs


MEMORY, MAPPED = (["--data.store", store] for store in ("memory", "mapped"))


def test_where_images_are_held_changes_no_bit(run):
    rows, metrics, weights = run("whole", [*MEMORY, "--rounds", "3"])
    assert "augment_p" in metrics
    for name, lines in {
        "mapped": [[*MAPPED, "--rounds", "3"]],
        "broken": [[*MAPPED, "--rounds", "1"], [*MEMORY, "--rounds", "3"]],
    }.items():
        others = run(name, *lines)
        assert others[0].equals(rows)
        assert others[1].equals(metrics)
        assert others[2].keys() == weights.keys()
        assert all(np.array_equal(others[2][key], value) for key, value in weights.items())


def test_a_dry_run_tells_the_size_and_prepares_nothing(run, tmp_path, capsys):
    data = ["--data.path", str(tmp_path / "pictures"), "--data.image-size", "8"]
    assert main(["dcgan", *data, "--dry-run"]) == 0
    assert "in memory" in capsys.readouterr().out
    for state in ("is prepared once", "is there already"):
        assert main(["dcgan", *data, *MAPPED, "--dry-run"]) == 0
        said = capsys.readouterr().out
        assert f"which {state}; it takes up to 7.5 KiB" in said
        if "once" in state:
            assert not (tmp_path / "cache").exists()
            from egan.data import load

            load("folder", path=tmp_path / "pictures", image_size=8, store="mapped")


def test_what_cannot_be_mapped_says_so(capsys):
    assert main(["digits", "--data.store", "mapped"]) == 2
    assert "digits is held in memory; folder may be mapped" in capsys.readouterr().err
