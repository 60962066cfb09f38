"""Icons with their names."""

import numpy as np
import pytest

from egan.data import load


@pytest.fixture(scope="module")
def data():
    return load("icons", image_size=16)


def test_icons_are_drawn_in_black_on_white(data):
    assert data.shape == (1, 16, 16)
    assert len(data) > 3000
    shares = (data.samples < 128).mean(axis=(1, 2, 3))
    assert (shares > 0.01).all()
    assert np.median(shares) < 0.5
    assert len(np.unique(data.samples.reshape(len(data), -1), axis=0)) > 0.95 * len(data)


def test_captions_are_names_whose_words_are_in_others_too(data):
    texts = [data.wording.text(one) for [one] in data.annotations["captions"]]
    assert "account off outline" in texts
    assert len(set(texts)) == len(texts)
    counts = np.bincount(data.annotations["captions"].ravel())[1:]
    assert counts.min() >= 10


def test_what_is_held_out_is_a_combination_of_words_that_are_learned(data):
    words = [set(one.tolist()) - {0} for [one] in data.annotations["captions"]]
    test = set(data.test.tolist())
    learned = set().union(*(words[i] for i in range(len(words)) if i not in test))
    assert all(words[i] <= learned for i in test)
    assert 0.19 < len(test) / len(words) <= 0.2


def test_sizes_and_colours(data):
    colours = load("icons", channels=3, image_size=16)
    assert colours.shape == (3, 16, 16)
    assert np.array_equal(colours.samples[:, :1], data.samples)
