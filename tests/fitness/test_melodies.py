"""Rules of melodies, by melodies whose measures are plain."""

import numpy as np
import pytest

import fitness

MAJOR = np.array([0, 2, 4, 5, 7, 9, 11])


@pytest.mark.parametrize("tonic", range(12))
def test_scales_of_every_key_are_in_scale(tonic):
    assert fitness.out_of_scale(60 + tonic + MAJOR[None]) == pytest.approx(0, abs=1e-12)


def test_tones_out_of_scale_are_counted_by_melody():
    scale = 60 + MAJOR
    wrong = np.array([61, *scale[1:]])  # C sharp in C: no key has six others and that one
    assert fitness.out_of_scale(np.stack([scale, wrong])) == pytest.approx((0 + 1 / 7) / 2)
    chromatic = np.arange(48, 72)[None]
    assert fitness.out_of_scale(chromatic) == pytest.approx(5 / 12)


def test_a_melody_does_not_speak_for_another():
    keys = np.stack([60 + MAJOR, 61 + MAJOR])
    assert fitness.out_of_scale(keys) == pytest.approx(0, abs=1e-12)
    assert fitness.out_of_scale(keys.reshape(1, -1)) > 0.2


def test_the_span_is_from_lowest_to_highest():
    assert fitness.tone_span(np.array([[60, 72, 65], [50, 50, 50]])) == 6


def test_runs_that_return_are_counted():
    assert fitness.repetition(np.array([[1, 2, 3, 4, 5]])) == 0
    assert fitness.repetition(np.array([[1, 2, 3, 1, 2, 3]])) == 1 / 4
    assert fitness.repetition(np.array([[7] * 6, [1, 2, 3, 4, 5, 6]])) == pytest.approx(3 / 8)
