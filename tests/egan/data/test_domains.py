"""Two domains: what they share, what is kept for tests, and folders of one's own."""

import numpy as np
import pytest
from PIL import Image

from egan.config import DataConfig
from egan.data import load
from egan.data.dataset import DOMAIN
from egan.data.domains import SOURCE, TARGET, of
from egan.data.splits import parted


@pytest.fixture(scope="module")
def data():
    return load("digits_to_mnist")


def test_both_are_there_with_their_labels(data):
    assert data.samples.shape == (6797, 1, 8, 8)
    source, target = of(SOURCE, data), of(TARGET, data)
    assert (len(source), len(target)) == (1797, 5000)
    assert np.array_equal(data.samples[source], load("digits").samples)
    assert np.array_equal(data.labels[source], load("digits").labels)
    assert np.array_equal(data.labels[target], load("mnist5k").labels)


def test_digits_of_both_fill_their_images(data):
    for domain in (SOURCE, TARGET):
        ink = data.samples[of(domain, data)].mean(axis=(0, 1))
        assert ink[0].max() > 60
        assert ink[-1].max() > 60
    whole = load("mnist5k").samples[:, :, 4:24, 4:24].mean(axis=(1, 2, 3))
    small = data.samples[of(TARGET, data)].mean(axis=(1, 2, 3))
    assert np.corrcoef(whole, small)[0, 1] > 0.99


def test_parts_are_those_of_each(data):
    test = load("digits_to_mnist", split="test")
    train = load("digits_to_mnist", split="train")
    assert len(train) + len(test) == len(data)
    for domain, name in ((SOURCE, "digits"), (TARGET, "mnist5k")):
        kept = load(name, split="test")
        assert np.array_equal(test.labels[of(domain, test)], kept.labels)


def test_sizes_and_colours():
    data = load("digits_to_mnist", image_size=16, channels=3)
    assert data.shape == (3, 16, 16)


@pytest.fixture
def folders(tmp_path):
    """Return two folders of two classes; the second is in colour and larger."""
    for side, mode, count in (("drawn", "L", 3), ("photographed", "RGB", 5)):
        for number, name in enumerate(("cat", "dog")):
            (tmp_path / side / name).mkdir(parents=True)
            for i in range(count):
                shade = 10 + 100 * number + i
                image = Image.new(mode, (8, 8), shade if mode == "L" else (shade, 0, 0))
                image.save(tmp_path / side / name / f"{i}.png")
    return tmp_path / "drawn", tmp_path / "photographed"


def test_two_folders(folders):
    data = load("domains", path=folders, image_size=8)
    assert data.class_names == ("cat", "dog")
    assert data.shape == (3, 8, 8)
    assert data.annotations[DOMAIN].tolist() == [0] * 6 + [1] * 10
    assert data.labels.tolist() == [0] * 3 + [1] * 3 + [0] * 5 + [1] * 5
    assert (data.samples[:6, 0] == data.samples[:6, 2]).all()
    assert data.samples[6:, 2].max() == 0
    assert sorted(data.annotations[DOMAIN][data.test]) == [0, 1, 1]


def test_folders_of_other_classes_are_refused(folders):
    (folders[1] / "cat").rename(folders[1] / "cow")
    with pytest.raises(ValueError, match=r"--data.pairs .*the classes cow, dog.*drawn, cat, dog"):
        load("domains", path=folders, image_size=8)
    with pytest.raises(ValueError, match="--data.pairs is missing: domains reads two folders"):
        load("domains", image_size=8)


def test_folders_without_classes(folders):
    data = load("domains", path=[folder / "cat" for folder in folders], image_size=8)
    assert data.labels is None
    assert data.annotations[DOMAIN].tolist() == [0] * 3 + [1] * 5
    test = load("domains", path=[one / "cat" for one in folders], image_size=8, split="test")
    assert test.annotations[DOMAIN].tolist() == [0, 1]
    assert parted(data, hold_out=True)[1].annotations[DOMAIN].tolist() == [1]
    with pytest.raises(ValueError, match="--data.pairs .*the classes \\(none\\).*cat, dog"):
        load("domains", path=[folders[0], folders[1] / "cat"], image_size=8)


def test_domains_the_other_way_round(folders):
    data, other = (load("domains", path=folders, image_size=8, swap=swap) for swap in (False, True))
    assert np.array_equal(other.annotations[DOMAIN], 1 - data.annotations[DOMAIN])
    assert np.array_equal(other.samples, data.samples)


def test_two_folders_are_pairs_unless_they_are_said_to_be_domains():
    assert DataConfig(pairs=("a", "b")).name == "pairs"
    assert DataConfig(name="domains", pairs=("a", "b")).name == "domains"


@pytest.mark.parametrize("name", ["domains", "pairs"])
def test_one_folder_is_no_two(folders, name):
    same = folders[0] / ".." / folders[0].name
    with pytest.raises(ValueError, match=r"--data\.pairs .*one folder twice"):
        load(name, path=(folders[0], same), image_size=8)


def test_of_classes_of_one_image_none_is_kept(folders):
    for folder in folders:
        for i in range(1, 5):
            for name in ("cat", "dog"):
                (folder / name / f"{i}.png").unlink(missing_ok=True)
    assert load("domains", path=folders, image_size=8).test is None
