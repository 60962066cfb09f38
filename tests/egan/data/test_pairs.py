"""Pairs are found by name, whatever is missing or broken on either side."""

import numpy as np
import pytest
from PIL import Image

from egan.data import load


def image(path, grey, *, size=(16, 16)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (grey, grey, 0)).save(path)


@pytest.fixture
def folders(tmp_path):
    """Write four pairs: the source is as bright as its number, the target ten times that."""
    for number, name in enumerate(["b/one", "b/two", "three", "four"], start=1):
        image(tmp_path / "sketches" / f"{name}.png", number)
        image(tmp_path / "photos" / f"{name}.bmp", 10 * number)
    return tmp_path / "sketches", tmp_path / "photos"


def pairs(folders, **options):
    return load("pairs", path=folders, image_size=8, **options)


def numbers(dataset):
    """Return the brightness of each source and of its target."""
    sides = (dataset.samples, dataset.annotations["target"])
    return sorted(zip(*(side[:, 0, 0, 0].tolist() for side in sides), strict=True))


def test_equal_names_belong_together(folders):
    assert numbers(pairs(folders)) == [(1, 10), (2, 20), (3, 30), (4, 40)]
    assert pairs(folders).notes == ()
    assert pairs(folders, channels=1).samples.shape == (4, 1, 8, 8)


def test_the_other_way_round(folders):
    assert numbers(pairs(folders, swap=True)) == [(10, 1), (20, 2), (30, 3), (40, 4)]
    with pytest.raises(ValueError, match="digits has no targets"):
        load("digits", swap=True)


def test_what_has_no_partner_is_left_out_and_named(folders):
    image(folders[1] / "alone.png", 9)
    dataset = pairs(folders)
    assert len(dataset) == 4
    [note] = dataset.notes
    assert "1 image of" in note
    assert note.endswith("without a partner: alone")


def test_a_broken_image_takes_its_partner_along(folders):
    (folders[1] / "three.bmp").write_bytes(b"BM, and no more")
    dataset = pairs(folders)
    assert numbers(dataset) == [(1, 10), (2, 20), (4, 40)]
    assert any("three.bmp" in note for note in dataset.notes)


def test_pairs_are_split_together(folders):
    train, test = (pairs(folders, split=part) for part in ("train", "test"))
    assert sorted(numbers(train) + numbers(test)) == numbers(pairs(folders))


def test_targets_belong_to_the_fingerprint(folders):
    before = pairs(folders).fingerprint()
    image(folders[1] / "three.bmp", 99)
    assert pairs(folders).fingerprint() != before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a, b: image(a / "three.bmp", 3), "two images called three"),
        (
            lambda a, b: [
                path.rename(path.with_stem("x" + path.stem)) for path in b.rglob("*.bmp")
            ],
            "got 0 names of images that are in .*photos too, of 4 and 4",
        ),
    ],
)
def test_names_that_decide_nothing_are_refused(folders, change, message):
    change(*folders)
    with pytest.raises(ValueError, match=message):
        pairs(folders)


def test_both_folders_must_be_there(folders, tmp_path):
    with pytest.raises(ValueError, match="--data.pairs is missing"):
        load("pairs", image_size=8)
    with pytest.raises(ValueError, match="--data.pairs .*nowhere does not exist"):
        pairs((folders[0], tmp_path / "nowhere"))


def test_side_by_side(tmp_path):
    for number in (1, 2, 3):
        both = np.zeros((16, 32, 3), np.uint8)
        both[:, :16], both[:, 16:] = number, 10 * number
        Image.fromarray(both).save(tmp_path / f"{number}.png")
    dataset = load("side_by_side", path=tmp_path, image_size=8)
    assert numbers(dataset) == [(1, 10), (2, 20), (3, 30)]
    assert dataset.samples.shape == dataset.annotations["target"].shape == (3, 3, 8, 8)
