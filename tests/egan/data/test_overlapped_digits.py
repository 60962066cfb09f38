import numpy as np
import pytest

from egan.data import load
from egan.data.overlapped_digits import draw, overlap, two_hot
from egan.data.splits import split


@pytest.fixture(scope="module")
def pairs():
    return load("overlapped_digits")


@pytest.fixture(scope="module")
def larger():
    return load("overlapped_mnist5k")


def test_pairs_are_of_different_classes_and_two_hot(pairs):
    assert pairs.samples.shape == (24_000, 1, 12, 12)
    assert pairs.labels is None
    classes, digits = pairs.annotations["classes"], pairs.annotations["digits"]
    assert (digits[:, 0] != digits[:, 1]).all()
    assert (classes.sum(axis=1) == 2).all()
    assert (np.take_along_axis(classes, digits, axis=1) == 1).all()
    assert np.bincount(digits.ravel()).min() > 4000


def test_images_are_the_clipped_sum_of_their_parts(pairs):
    parts = pairs.annotations["parts"][:200].astype(int)
    assert np.array_equal(pairs.samples[:200], np.minimum(parts[:, 0] + parts[:, 1], 255))
    assert (parts.sum(axis=1) > 255).any()


def test_parts_are_digits_shifted_by_up_to_four(pairs):
    train = load("digits", split="train")
    known = {
        image.tobytes(): label for image, label in zip(train.samples, train.labels, strict=True)
    }
    shifts = set()
    parts, labels = pairs.annotations["parts"][:60, 0, 0], pairs.annotations["digits"][:60, 0]
    for part, label in zip(parts, labels, strict=True):
        found = [
            (y, x)
            for y in range(5)
            for x in range(5)
            if known.get(part[y : y + 8, x : x + 8].tobytes()) == label
            and part.sum() == part[y : y + 8, x : x + 8].sum()
        ]
        assert found
        shifts.update(found)
    assert {y for y, _ in shifts} == {x for _, x in shifts} == set(range(5))


def test_pairs_of_mnist_are_as_published(larger):
    assert larger.samples.shape == (24_000, 1, 36, 36)
    assert larger.annotations["parts"].shape == (24_000, 2, 1, 36, 36)
    digits = larger.annotations["digits"]
    assert (digits[:, 0] != digits[:, 1]).all()
    parts = larger.annotations["parts"][:200].astype(int)
    assert np.array_equal(larger.samples[:200], np.minimum(parts.sum(axis=1), 255))


@pytest.mark.parametrize("part", ["train", "test"])
def test_pairs_of_mnist_are_made_of_their_own_part_shifted_by_up_to_eight(larger, part):
    source = load("mnist5k", split=part)
    known = {_inked(image).tobytes() for image in source.samples[:, 0]}
    pairs = split(larger, part).annotations["parts"][:300].reshape(-1, 36, 36)
    assert all(_inked(one).tobytes() in known for one in pairs)
    corners = [np.argwhere(one).min(axis=0) for one in pairs]
    assert np.ptp(corners, axis=0).min() >= 8


def _inked(image):
    rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
    return np.ascontiguousarray(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def test_test_images_are_made_of_test_digits(pairs):
    test_digits = {image.tobytes() for image in load("digits", split="test").samples}
    crops = split(pairs, "test").annotations["parts"][:40, 0, 0]
    windows = np.lib.stride_tricks.sliding_window_view(crops, (8, 8), axis=(1, 2))
    for each in windows.reshape(40, 25, 8, 8):
        assert any(np.ascontiguousarray(crop).tobytes() in test_digits for crop in each)


def test_another_size_keeps_images_and_parts_together():
    large = load("overlapped_digits", image_size=16, channels=3, split="test")
    assert large.samples.shape == (4000, 3, 16, 16)
    assert large.annotations["parts"].shape == (4000, 2, 3, 16, 16)
    grey = load("overlapped_digits", channels=3, split="test")
    assert np.array_equal(overlap(grey.annotations["parts"]), grey.samples)


def test_the_draw_follows_its_generator():
    source = load("digits", split="test")
    first, again, other = (
        draw(source, 5, np.random.default_rng(seed), canvas=12) for seed in (0, 0, 1)
    )
    assert np.array_equal(first[0], again[0])
    assert not np.array_equal(first[0], other[0])
    assert two_hot(np.array([[2, 0]]), 3).tolist() == [[1, 0, 1]]
