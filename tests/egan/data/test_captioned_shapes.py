"""Captions of rendered shapes say what is there, and some combinations are for tests alone."""

import numpy as np
import pytest

from egan.data import load
from egan.data.captioned_shapes import HELD_OUT, WORDING, captions_for, written
from egan.data.shapes import ATTRIBUTES, COLOURS, SHAPES
from egan.judging.attributes import read
from egan.judging.captions import FREE, asked


@pytest.fixture(scope="module")
def data():
    return load("captioned_shapes")


def test_captions_say_what_is_there(data):
    captions = data.annotations["captions"]
    assert captions.shape == (5000, 4, 7)
    for k in range(4):
        found = asked(captions[:, k], data.wording)
        for name, values in found.items():
            told = values != FREE
            assert np.array_equal(values[told], data.annotations[name][told]), name
            share = told.mean()
            assert share == 1 if name in ("shape", "colour") else 0.77 < share < 0.83


def test_all_words_of_the_grammar_are_used(data):
    assert set(np.unique(data.annotations["captions"])) == set(range(len(WORDING.words)))
    assert 25 <= len(WORDING.words) <= 30


def test_a_caption_has_the_order_of_the_grammar():
    rng = np.random.default_rng(0)
    values = {"shape": "circle", "colour": "red", "size": "small", "place": "centre"}
    texts = {" ".join(written(values, rng)) for _ in range(2000)}
    assert {"red disc", "a tiny red circle at the middle", "one small red disc in centre"} <= texts
    assert not any("disc red" in text for text in texts)


def test_each_shape_and_colour_of_a_held_out_combination_is_learned_from(data):
    train, test = (load("captioned_shapes", split=part) for part in ("train", "test"))
    for shape, colour in HELD_OUT:
        s, c = SHAPES.index(shape), COLOURS.index(colour)
        for part, there in ((train, False), (test, True)):
            both = (part.annotations["shape"] == s) & (part.annotations["colour"] == c)
            assert both.any() == there
    assert len(np.unique(train.labels)) == 12
    assert set(train.annotations["shape"]) == set(range(len(SHAPES)))
    assert len(train) + len(test) == len(data) == 5000


def test_the_same_captions_for_the_same_numbers():
    known = {name: np.zeros(5, np.int64) for name in ATTRIBUTES}
    one, two = (captions_for(known, np.random.default_rng(3), each=2) for _ in range(2))
    assert np.array_equal(one, two)


def test_the_size_of_images_changes_no_caption(data):
    larger = load("captioned_shapes", image_size=8)
    assert larger.shape == (3, 8, 8)
    assert np.array_equal(larger.annotations["captions"], data.annotations["captions"])


def test_details_change_some_pixels_and_nothing_else(data):
    detailed, plain = load("detailed_shapes"), load("captioned_shapes", image_size=32)
    assert detailed.shape == (3, 32, 32)
    assert np.array_equal(detailed.annotations["captions"], data.annotations["captions"])
    assert np.array_equal(detailed.test, data.test)
    detail, large = detailed.annotations["detail"], detailed.annotations["size"] == 1
    apart = np.abs(detailed.samples.astype(int) - plain.samples).max(axis=1) > 20
    places = apart.sum(axis=(1, 2))
    assert not places[detail == 0].any()
    assert not (detail[~large] == 1).any()
    assert (places[detail == 1] >= 4).all()  # a hole of two pixels' width
    assert places[detail == 1].max() <= 16
    rims = detailed.samples[detail == 2].min(axis=1).max(axis=(1, 2))
    assert (rims > 110).all()  # something whiter than any shape or background
    assert 0.28 < (detail == 2).mean() < 0.38


def test_true_images_with_details_are_read_right():
    data = load("detailed_shapes")
    found, rows = read(data.real(400)), data.spread(400)
    for name in ATTRIBUTES:
        assert (getattr(found, name) == data.annotations[name][rows]).mean() >= 0.99
