"""Real data sets in their own formats: a folder of images, CIFAR-10, MNIST, at 28, 32 and 64."""

import pickle
from itertools import cycle

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from egan import collection
from egan.collection import testing
from egan.commandline.parse import parse
from egan.data import load
from egan.run import main

ANY_IMAGES = ("digits", "shapes")  # not scenes, whose parts must be known
IMAGES = [name for name in collection.MODELS if collection.preset(name).data.name in ANY_IMAGES]
SIZES = {"folder": 64, "cifar10": 32, "mnist": 28}
SMALL = {"pixelcnn": 8, "rbm": 8, "biggan": 16, "stylegan": 32, "introvae": 32}
"""Sizes of models that draw pixel by pixel, are fully connected both ways, or have many parts."""
PER_CLASS, CLASSES = 12, 3


@pytest.fixture(scope="module")
def _data(tmp_path_factory):
    """Write three data sets of noise, three classes each, as they come; return where they are."""
    rng = np.random.default_rng(0)
    count = PER_CLASS * CLASSES
    labels = np.arange(count, dtype=np.uint8) % CLASSES
    folder = tmp_path_factory.mktemp("data")
    for place, label in enumerate(labels):
        path = folder / "folder" / f"class{label}" / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (40, 50, 3), np.uint8)).save(path)
    batch = {b"data": rng.integers(0, 256, (count, 3072), np.uint8), b"labels": labels.tolist()}
    (folder / "cifar10").mkdir()
    for number in range(1, 6):
        (folder / "cifar10" / f"data_batch_{number}").write_bytes(pickle.dumps(batch, protocol=2))
    (folder / "mnist").mkdir()
    digits = rng.integers(0, 256, (count, 28, 28), np.uint8)
    for name, array in (("images-idx3", digits), ("labels-idx1", labels)):
        magic = (0x0800 + array.ndim, *array.shape)
        header = b"".join(int(number).to_bytes(4, "big") for number in magic)
        (folder / "mnist" / f"train-{name}-ubyte").write_bytes(header + array.tobytes())
    return folder


def words_of(name, kind):
    """The settings that make a model tiny, and convolutional where it may be either."""
    words = ["--data.image-size", str(SMALL.get(name, SIZES[kind]))]
    for setting, value in collection.paper(name).tiny.items():
        words += [f"--{setting.replace('_', '-')}", str(value)]
    return words + (["--network", "dcgan", "--depth", "0"] if name == "egan" else [])


@pytest.mark.parametrize(("name", "kind"), list(zip(IMAGES, cycle(SIZES), strict=False)))
def test_it_runs_on(name, kind, _data, tmp_path, monkeypatch):  # noqa: PT019
    monkeypatch.setattr("egan.tasks.Task.num_judged", 30)
    monkeypatch.setattr(
        "egan.runs.preparation._features", lambda _, data: testing.features_of(data)
    )
    words = [name, "--data.name", kind, "--data.path", str(_data / kind), *words_of(name, kind)]
    words += ["--rounds", "1", "--interval", "1", "--output", str(tmp_path)]
    assert main([*words, *(["--evolve", "none"] if name == "egan" else [])]) == 0
    [directory] = tmp_path.iterdir()
    assert np.isfinite(pd.read_csv(directory / "results.csv")["fitness"]).all()


@pytest.mark.parametrize("kind", list(SIZES))
@pytest.mark.parametrize("name", IMAGES)
def test_it_learns_from(name, kind, _data):  # noqa: PT019
    config = parse([name, *words_of(name, kind)]).config
    dataset = load(kind, path=_data / kind, image_size=config.data.image_size)
    task = testing.task_of(name, dataset)
    member = testing.built(
        lambda _: collection.paper(name)({}, settings=config.settings, task=task)
    )
    member.training(True)
    member.update()
    with member.judging():
        assert all(np.isfinite(value) for value in member.look().values())
