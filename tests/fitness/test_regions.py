"""Label maps: overlap, boundaries and parts, against counts by hand and scikit-image's own way."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_cdt

import fitness
from fitness.regions import IGNORED


def maps(*rows):
    return np.array([[list(map(int, row)) for row in rows]])


def random_maps(seed, *, count=6, classes=3, size=12):
    return np.random.default_rng(seed).integers(classes, size=(count, size, size)).repeat(2, 2)


def test_iou_is_counted_over_all_images_and_averaged_over_classes():
    true = np.concatenate([maps("0011", "0011"), maps("2222", "2222")])
    found = np.concatenate([maps("0001", "0011"), maps("2222", "1222")])
    # class 0: 4 of 5; class 1: 3 of 5; class 2: 7 of 8
    assert fitness.mean_iou(found, true) == pytest.approx((4 / 5 + 3 / 5 + 7 / 8) / 3)
    assert fitness.mean_iou(true, true) == 1
    assert fitness.mean_iou(np.full_like(true, 5), true) == 0


def test_boundaries_by_hand():
    true = maps("00111", "00111")
    shifted = maps("00011", "00011")
    # true boundary columns 1 and 2, found ones 2 and 3: half of each is right
    assert fitness.boundary_f(shifted, true, tolerance=0) == pytest.approx(0.5)
    assert fitness.boundary_f(shifted, true, tolerance=1) == 1
    assert fitness.boundary_f(true, true) == 1
    flat = np.zeros_like(true)
    assert fitness.boundary_f(flat, flat) == 1
    assert fitness.boundary_f(flat, true) == 0
    both = np.concatenate([flat, true]), np.concatenate([true, true])
    assert fitness.boundary_f(*both) == pytest.approx(0.5), "the mean over images"


@pytest.mark.parametrize("tolerance", [0, 1, 3])
def test_boundaries_as_distances_tell(tolerance):
    found, true = random_maps(0, count=1), random_maps(1, count=1)

    def edge(one):
        padded = np.pad(one[0], 1, mode="edge")
        middle = padded[1:-1, 1:-1]
        around = padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]
        return np.any([middle != other for other in around], axis=0)

    a, b = edge(found), edge(true)
    to_a, to_b = (distance_transform_cdt(~one, "chessboard") for one in (a, b))
    precision, recall = (to_b[a] <= tolerance).mean(), (to_a[b] <= tolerance).mean()
    expected = 2 * precision * recall / (precision + recall)
    assert fitness.boundary_f(found, true, tolerance=tolerance) == pytest.approx(expected)


def test_the_tolerance_goes_with_the_size():
    true = np.zeros((1, 300, 300), int)
    true[:, :, 100:] = 1
    near, far = np.roll(true, 3, axis=2), np.roll(true, 8, axis=2)
    near[:, :, :10] = far[:, :, :10] = 0
    assert fitness.boundary_f(near, true) == 1  # .75% of the diagonal are 3 pixels
    assert fitness.boundary_f(far, true) == 0


def test_parts_are_counted_class_by_class():
    true = maps("10101", "00000", "02200")
    assert fitness.component_error(true, true) == 0
    fewer = maps("11111", "00000", "02200")
    assert fitness.component_error(fewer, true) == 2
    corner = maps("10000", "01000", "00000")
    assert fitness.component_error(corner, maps("10000", "00000", "00000")) == 0, "corners touch"
    other = maps("20202", "00000", "02200")
    assert fitness.component_error(other, true) == 3 + 3
    pair = np.concatenate([true, true]), np.concatenate([true, fewer])
    assert fitness.component_error(*pair) == 1, "the mean over images"


def test_what_nobody_knows_counts_nowhere():
    true = maps("00111", "00111")
    true[0, 0] = IGNORED
    one, two = maps("00111", "00111"), maps("21012", "00111")
    for score in (fitness.mean_iou, fitness.boundary_f, fitness.component_error):
        assert score(one, true) == score(two, true)
    assert fitness.mean_iou(two, true) == 1
    nothing = np.full_like(true, IGNORED)
    assert fitness.mean_iou(one, nothing) == 1


@pytest.mark.parametrize(
    "found", [np.zeros((1, 2, 2)), np.zeros((2, 2), int), np.zeros((1, 2, 3), int)]
)
def test_what_are_no_maps_are_refused(found):
    for score in (fitness.mean_iou, fitness.boundary_f, fitness.component_error):
        with pytest.raises(ValueError, match=r"integers \(N, H, W\), both of one shape"):
            score(found, np.zeros((1, 2, 2), int))
