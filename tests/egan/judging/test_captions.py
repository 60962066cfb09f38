"""Who tells whether an image shows its caption, and that it tells wrong ones."""

import numpy as np
import pytest
import torch

from egan.collection.testing import features_of
from egan.data import load
from egan.data.shapes import ATTRIBUTES
from egan.data.spelling import Spelling
from egan.judging.captions import FREE, Matcher, accuracies, asked, has_reader, never_seen


@pytest.fixture(scope="module")
def data():
    return load("captioned_shapes", split="train")


def test_words_have_their_meanings():
    wording = Spelling(("", "a", "tiny", "red", "box", "middle"))
    found = asked(np.array([[1, 2, 3, 4, 5], [3, 4, 0, 0, 0]]), wording)
    names = {k: [FREE if i == FREE else ATTRIBUTES[k][i] for i in v] for k, v in found.items()}
    assert names == {
        "shape": ["square", "square"],
        "colour": ["red", "red"],
        "size": ["small", FREE],
        "place": ["centre", FREE],
    }


def test_true_images_show_their_captions_and_others_do_not(data):
    chosen = data.spread(400)
    images, captions = data.tensor(chosen), data.annotations["captions"][chosen, 0]
    right = accuracies(images, captions, data.wording)
    assert min(right.values()) >= 0.99
    wrong = accuracies(images, np.roll(captions, 1, axis=0), data.wording)
    assert wrong["accuracy"] < 0.2
    assert wrong["as_told"] < 0.1
    noise = torch.rand(images.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert accuracies(noise, captions, data.wording)["accuracy"] < 0.05


def test_one_wrong_attribute_is_told(data):
    chosen = data.spread(300)
    images, captions = data.tensor(chosen), data.annotations["captions"][chosen, 0]
    mirrored = accuracies(images.flip(3), captions, data.wording)
    assert mirrored["accuracy"] >= 0.99
    assert 0.5 < mirrored["as_told"] < 0.8  # left is right; a fifth does not tell the place


def test_the_reader_is_for_rendered_shapes_alone(data):
    assert has_reader(data)
    assert not has_reader(load("shapes"))


def test_what_was_never_seen_are_the_held_out_combinations(data):
    missing = never_seen(data)
    assert len({(one["shape"], one["colour"]) for one in missing}) == 4
    assert len(missing) == 4 * 2 * 5
    assert never_seen(load("captioned_shapes")) == []


def test_a_linear_map_finds_the_caption_of_real_images(data):
    matcher = Matcher(data, features_of(data))
    chosen = np.arange(0, 1000, 2)
    images, captions = data.tensor(chosen), data.annotations["captions"][chosen, 0]
    assert matcher.share(images, captions) > 0.2
    shuffled = np.random.default_rng(0).permutation(captions)
    assert matcher.share(images, shuffled) == pytest.approx(0.1, abs=0.05)


def test_a_caption_that_is_the_same_is_no_rival(data):
    matcher = Matcher(data, features_of(data))
    captions = np.repeat(data.annotations["captions"][:1, 0], 12, axis=0)
    assert matcher.share(data.tensor(np.arange(12)), captions) == 1
