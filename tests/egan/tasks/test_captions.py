"""The task of captions: what is drawn, asked for, scored and shown."""

import math

import numpy as np
import pytest
import torch

from egan.collection.testing import features_of, random_images
from egan.data import load
from egan.data.dataset import CAPTIONS, Dataset
from egan.data.splits import parted
from egan.reporting.captioned import captioned
from egan.tasks import Captions, draw_captions


@pytest.fixture(scope="module")
def task():
    data = load("captioned_shapes", split="train")
    known, held_out = parted(data, hold_out=True)
    task = Captions(known, held_out, features_of(known))
    task.num_judged = 200
    return task


class Copyist:
    """Makes the held-out image whose caption it is, or another one."""

    def __init__(self, task, *, wrong=False):
        self.data = task.held_out
        rows = self.data.annotations[CAPTIONS].astype(np.int64)
        self.known = {one.tobytes(): i for i, several in enumerate(rows) for one in several}
        self.wrong = wrong

    def samples_for(self, captions, rng):
        places = [self.known[np.asarray(one).tobytes()] for one in captions]
        return self.data.tensor(np.roll(places, 1) if self.wrong else places)


def stream(seed=0):
    return torch.Generator().manual_seed(seed)


def test_a_batch_has_a_caption_of_each_of_its_images(task):
    batch = task.draw(300, stream())
    captions = batch.codes[CAPTIONS]
    assert captions.shape == (300, 7)
    assert captions.dtype == torch.int64
    assert task.shown(batch.samples, captions)["accuracy"] > 0.98
    drawn = {tuple(one) for one in draw_captions(task.data, 2000, stream()).tolist()}
    assert len(drawn) > 500  # not the first of each image alone


def test_who_makes_what_is_asked_for_is_better_than_who_does_not(task):
    good, bad = (task.score(Copyist(task, wrong=wrong), stream()) for wrong in (False, True))
    assert good["accuracy"] > 0.98
    assert good["as_told"] > 0.9  # a caption may be of several images
    assert bad["accuracy"] < 0.25
    assert good["match"] > 2 * bad["match"]
    assert good["fitness"] == pytest.approx(good["accuracy"] - 0.1 * good["frechet"])
    assert "shape and the colour" in task.meaning


def test_images_that_are_not_finite_have_no_scores(task):
    captions = task.asked_for(20)
    scores = task.compare(torch.full((20, 3, 16, 16), math.nan), captions)
    assert all(math.isnan(value) for value in scores.values())


def test_what_is_never_seen_is_asked_for(task):
    captions = task.unseen(40)
    assert captions.shape == (40, 7)
    seen = {(t["shape"], t["colour"]) for t in map(told, task.texts(captions))}
    assert seen == {
        ("circle", "green"),
        ("square", "blue"),
        ("triangle", "yellow"),
        ("cross", "red"),
    }


def told(text):
    from egan.data.captioned_shapes import MEANINGS
    from egan.data.shapes import ATTRIBUTES

    meanings = [MEANINGS[word] for word in text.split() if word in MEANINGS]
    return {name: ATTRIBUTES[name][index] for name, index in meanings}


def test_baselines_are_real_images_with_and_without_their_captions(task):
    found = task.baselines()
    assert found["real images"]["accuracy"] > 0.98
    assert found["captions shuffled"]["accuracy"] < 0.25
    assert found["captions shuffled"]["match"] == pytest.approx(0.1, abs=0.06)


def test_other_images_are_told_by_a_linear_map_alone():
    data = random_images((1, 8, 8))
    task = Captions(data, data, features_of(data))
    task.num_judged = 20
    scores = task.compare(data.real(20), task.asked_for(20))
    assert "accuracy" not in scores
    assert scores["fitness"] == pytest.approx(scores["match"] - 0.1 * scores["frechet"])
    assert "suit their caption" in task.meaning
    assert task.unseen(5) is None


def test_a_caption_is_under_its_images():
    images = [np.full((n, 1, 8, 8), -1.0) for n in (3, 3, 3)]
    short = captioned(images, ["a", "b", "c"], columns=2)
    long = captioned(images, ["a", "many words " * 40, "c"], columns=2, legend="above")
    assert short.width == long.width
    assert short.height < long.height
    ink = np.asarray(short.convert("L"))
    assert (ink[-12:, :60] < 200).any()  # the text of the last cell


@pytest.mark.parametrize(
    ("captions", "message"),
    [
        (np.zeros((4, 3), np.int16), r"must be integers \(N, K, T\)"),
        (np.zeros((4, 1, 3), np.float32), r"must be integers \(N, K, T\)"),
        (np.full((4, 1, 3), 9), "tokens from 0 to 2, but got 9 to 9"),
        (np.full((4, 1, 3), -1), "tokens from 0 to 2, but got -1"),
    ],
)
def test_captions_that_are_none_are_refused(captions, message):
    from egan.data.spelling import Spelling

    samples = np.zeros((4, 1, 8, 8), np.uint8)
    with pytest.raises(ValueError, match=message):
        Dataset("x", samples, annotations={CAPTIONS: captions}, wording=Spelling(("", "a", "b")))
    with pytest.raises(ValueError, match="with wording="):
        Dataset("x", samples, annotations={CAPTIONS: np.zeros((4, 1, 2), np.int16)})
