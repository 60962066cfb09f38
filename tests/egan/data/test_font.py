"""Digits of a font: bitmaps, how they are moved, and what is real beside them."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from egan.data import font, load
from egan.data.dataset import DOMAIN
from egan.data.domains import SOURCE, TARGET, of


def test_ten_bitmaps_of_six_by_four_in_the_middle():
    bitmaps = font.bitmaps()
    assert bitmaps.shape == (10, 8, 8)
    assert set(np.unique(bitmaps)) == {0, 1}
    assert not bitmaps[:, [0, -1]].any()
    assert not bitmaps[:, :, [0, 1, -2, -1]].any()
    assert len({one.tobytes() for one in bitmaps}) == 10


def test_every_class_is_drawn_and_no_two_are_alike():
    data = load("font")
    assert data.samples.shape == (5000, 1, 8, 8)
    assert np.array_equal(np.bincount(data.labels), [500] * 10)
    assert len({one.tobytes() for one in data.samples}) > 4990
    assert np.array_equal(np.bincount(data.labels[data.test]), [100] * 10)
    assert load("font", image_size=16, channels=3).shape == (3, 16, 16)


def test_maps_are_within_their_ranges():
    matrices, shifts = font.maps(2000, np.random.default_rng(0))
    scale = np.sqrt(np.linalg.det(matrices))
    assert (scale >= 0.9).all()
    assert (scale <= 1.2).all()
    assert scale.max() - scale.min() > 0.28
    turn = np.arctan2(matrices[:, 1, 0], matrices[:, 0, 0])
    assert 0.24 < np.abs(turn).max() <= 0.25
    assert 0.19 < np.abs(shifts).max() <= 0.2


def test_images_are_moved_as_by_scipy():
    rng = np.random.default_rng(1)
    images = rng.random((6, 8, 8))
    matrices, shifts = font.maps(6, rng)
    moved = font.warped(images, matrices, shifts)
    for image, matrix, shift, found in zip(images, matrices, shifts, moved, strict=True):
        rows, columns = np.mgrid[:8, :8]
        points = np.stack([columns.ravel(), rows.ravel()]) / 4 - 7 / 8
        x, y = 4 * (np.linalg.inv(matrix) @ (points - shift[:, None])) + 3.5
        padded = np.pad(image, 4)
        expected = map_coordinates(padded, [y + 4, x + 4], order=1, cval=0.0)
        assert np.allclose(found.ravel(), expected, atol=1e-9)


def test_the_identity_moves_nothing_and_a_shift_goes_right_and_down():
    image = np.zeros((1, 8, 8))
    image[0, 3, 2] = 1
    eye = np.eye(2)[None]
    assert np.allclose(font.warped(image, eye, np.zeros((1, 2))), image)
    moved = font.warped(image, eye, np.array([[0.25, 0.5]]))
    assert moved[0, 5, 3] == pytest.approx(1)


def test_the_real_ones_are_scikit_learns():
    data = load("font_to_digits")
    assert np.array_equal(np.bincount(data.annotations[DOMAIN]), [5000, 1797])
    assert np.array_equal(data.samples[of(SOURCE, data)], load("font").samples)
    assert np.array_equal(data.samples[of(TARGET, data)], load("digits").samples)
    test = load("font_to_digits", split="test")
    kept = load("digits", split="test")
    assert np.array_equal(test.samples[of(TARGET, test)], kept.samples)
    assert load("font_to_digits", image_size=16).shape == (1, 16, 16)


def test_the_real_ones_are_mnists_without_their_border():
    data = load("font_to_mnist")
    assert data.shape == (1, 16, 16)
    assert np.array_equal(np.bincount(data.annotations[DOMAIN]), [5000, 5000])
    assert np.array_equal(data.samples[of(SOURCE, data)], load("font", image_size=16).samples)
    other = load("digits_to_mnist", image_size=16)
    assert np.array_equal(data.samples[of(TARGET, data)], other.samples[of(TARGET, other)])
