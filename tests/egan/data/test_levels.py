"""Levels of images, there and back."""

import pytest
import torch

from egan.data import load
from egan.data.levels import images_of, quantised


@pytest.mark.parametrize("levels", [2, 3, 17, 256])
def test_levels_become_images_and_levels_again(levels):
    stored = torch.arange(levels)
    images = images_of(stored, levels)
    assert images.dtype == torch.float32
    assert images.min() == -1
    assert images.max() == 1
    assert torch.equal(quantised(images, levels), stored)


def test_the_nearest_level_is_taken():
    images = torch.tensor([-1.2, -0.51, -0.49, 0.0, 0.49, 0.51, 1.2])
    assert quantised(images, 3).tolist() == [0, 0, 1, 1, 1, 2, 2]


def test_digits_have_17_levels():
    digits = load("digits")
    images = digits.real(100)
    again = images_of(quantised(images, 17), 17)
    assert (again - images).abs().max() <= 0.5 / 127.5 + 1e-6  # bytes are whole numbers
    assert len(quantised(digits.real(1797), 17).unique()) == 17
