"""Stacked MNIST: what its channels are, and that its parts share no digit."""

import numpy as np
import pytest

from egan.data import load, mnist5k
from egan.data.splits import split


@pytest.fixture(scope="module")
def data():
    return load("stacked_mnist")


def test_each_channel_is_a_digit_of_its_own(data):
    assert data.samples.shape == (24_000, 3, 28, 28)
    assert data.labels is None
    digits = data.annotations["digits"]
    source = load("mnist5k")
    known = {
        image.tobytes(): label for image, label in zip(source.samples, source.labels, strict=True)
    }
    for i in range(0, 24_000, 997):
        assert [known[one.tobytes()] for one in data.samples[i]] == digits[i].tolist()


def test_there_are_a_thousand_modes(data):
    modes = split(data, "train").annotations["digits"] @ [100, 10, 1]
    counts = np.bincount(modes, minlength=1000)
    assert counts.min() > 3
    assert abs(np.corrcoef(data.annotations["digits"].T)[0, 1]) < 0.02


def test_test_images_are_made_of_test_digits(data):
    for part in ("train", "test"):
        known = {image.tobytes() for image in split(data.singles, part).samples}
        channels = split(data, part).samples[:500].reshape(-1, 28 * 28)
        assert all(one.tobytes() in known for one in channels)


def test_32_pixels_have_a_border(data):
    large = load("stacked_mnist", image_size=32)
    assert np.array_equal(large.samples[..., 2:-2, 2:-2], data.samples)
    assert large.samples[:, :, :2].max() == 0


def test_other_channels_and_a_missing_package_are_told(monkeypatch):
    with pytest.raises(ValueError, match="must be 3 for stacked_mnist"):
        load("stacked_mnist", channels=1)
    monkeypatch.setattr(mnist5k, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r'pip install "egan\[data\]"'):
        load("stacked_mnist")
