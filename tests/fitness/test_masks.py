import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
import torch

from fitness import information_quality_ratio, intersection_over_union, paired_iou
from fitness import masks as masks_module


def masks(count, pixels=900, *, share=0.3, seed=0):
    return np.random.default_rng(seed).random((count, pixels)) < share


def test_intersection_over_union_agrees_with_scikit_learn():
    units, classes = masks(5), masks(3, share=0.6, seed=1)
    classes[1] = units[2]
    found = intersection_over_union(units, classes)
    expected = [[sklearn.metrics.jaccard_score(b, a) for b in classes] for a in units]
    assert found == pytest.approx(np.array(expected), abs=1e-12)
    assert found[2, 1] == 1
    tensors = intersection_over_union(torch.tensor(units), torch.tensor(classes))
    assert np.array_equal(tensors, found)


def test_information_quality_agrees_with_entropies():
    units, classes = masks(4), masks(2, share=0.6, seed=1)
    classes[0, :500] = units[1, :500]
    found = information_quality_ratio(units, classes)
    for i, a in enumerate(units):
        for j, b in enumerate(classes):
            joint = np.histogram2d(a, b, bins=2)[0].ravel() / a.size
            shared = sklearn.metrics.mutual_info_score(a, b)
            assert found[i, j] == pytest.approx(shared / scipy.stats.entropy(joint), abs=1e-10)


def first(count, pixels):
    return np.arange(pixels)[None] < count


@pytest.mark.parametrize("pixels", [4, 50, 1000, 250_000])
def test_the_information_of_small_objects_is_relative_to_their_small_entropy(pixels):
    """Of P pixels, b holds one and a holds it and another; H(a, b) falls from 1.04 nats to 0."""
    a, b = first(2, pixels), first(1, pixels)
    p = 1 / pixels
    joint = -2 * p * np.log(p) - (1 - 2 * p) * np.log1p(-2 * p)
    each = [-s * np.log(s) - (1 - s) * np.log1p(-s) for s in (2 * p, p)]
    expected = (sum(each) - joint) / joint
    assert information_quality_ratio(a, b) == pytest.approx(expected, rel=1e-6)
    assert information_quality_ratio(b, b) == pytest.approx(1)
    assert information_quality_ratio(a, a) == pytest.approx(1)


def test_equal_complementary_and_empty_masks():
    one = masks(1)
    assert information_quality_ratio(one, one) == pytest.approx(1)
    assert information_quality_ratio(one, ~one) == pytest.approx(1)
    assert intersection_over_union(one, ~one) == 0
    empty = np.zeros_like(one)
    assert intersection_over_union(empty, empty) == 0
    assert information_quality_ratio(empty, one) == pytest.approx(0, abs=1e-12)
    assert information_quality_ratio(empty, ~empty) == 0


def test_many_pixels_are_counted_in_blocks(monkeypatch):
    units, classes = masks(3), masks(2, seed=1)
    whole = intersection_over_union(units, classes)
    small = masks_module.row_blocks
    monkeypatch.setattr(masks_module, "row_blocks", lambda n, size: small(n, size=7))
    assert np.array_equal(intersection_over_union(units, classes), whole)


def test_what_are_no_masks_is_refused():
    for bad in (np.zeros((2, 9)), np.zeros(9, bool), np.zeros((0, 9), bool)):
        with pytest.raises(ValueError, match=r"second must be booleans \(U, P\)"):
            intersection_over_union(masks(1, 9), bad)
    with pytest.raises(ValueError, match="equally many pixels, but got 9 and 8"):
        information_quality_ratio(masks(1, 9), masks(1, 8))


def test_paired_masks_are_each_beside_their_own():
    found = np.array([[1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]], bool)
    true = np.array([[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]], bool)
    assert paired_iou(found, true) == pytest.approx((1 / 3 + 1 + 1) / 3)
    with pytest.raises(ValueError, match=r"one shape \(N, P\), but got"):
        paired_iou(found, true[:2])
