"""Prediction of frames, with toy models, by the interface of tasks alone."""

import math

import numpy as np
import pytest
import torch

from egan.data.dataset import Dataset
from egan.judging.features import Features
from egan.tasks import PAST, Batch, Prediction, continued


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def clips(count=12, *, length=8):
    """Return clips of a square that goes on by a pixel a frame, each from a place of its own."""
    samples = np.zeros((count, length, 1, 16, 16), np.uint8)
    for i in range(count):
        for frame in range(length):
            samples[i, frame, 0, 4:8, i % 5 + frame : i % 5 + frame + 4] = 255
    return Dataset("squares", samples)


def task_of(**options):
    data = clips(**options)
    return Prediction(data, data, Features(lambda one: one.flatten(1)[:, :6]))


class Mover:
    """One that knows how the squares move."""

    def predict(self, past, steps, rng):
        return continued(lambda known: known[:, -1].roll(1, -1), past, steps)


def test_frames_are_drawn_with_those_before_them_from_any_place():
    batch = task_of(length=9).draw(60, rng())
    past, frames = batch.codes[PAST], batch.samples
    assert past.shape == (60, 4, 1, 16, 16)
    assert torch.equal(past[:, -1].roll(1, -1), frames)
    starts = {int(one[0, 0, 4].argmax()) for one in past}
    assert len(starts) > 5  # five places where squares start alone would give five


def test_who_knows_is_right_and_others_are_worth_less():
    task = task_of()
    scores, naive = task.score(Mover(), rng()), task.baselines()
    assert next(iter(scores)) == "fitness"
    assert scores["fitness"] == scores["psnr"] + scores["sharpness"]
    for name in ("psnr", "sharpness", "recursive_psnr"):
        assert scores[name] > 60 > naive["last frame"][name]
        assert math.isfinite(naive["mean frame"][name])
    # of 256 pixels 8 are wrong after one step; 16 and 24 after two and three
    ratios = [10 * math.log10(256 / (8 * step)) for step in (1, 2, 3)]
    assert naive["last frame"]["psnr"] == pytest.approx(ratios[0])
    assert naive["last frame"]["recursive_psnr"] == pytest.approx(sum(ratios) / 3)


def test_frames_follow_from_predicted_ones():
    past = torch.arange(4.0).reshape(1, 4, 1, 1, 1)
    made = continued(lambda known: known.sum(dim=1), past, 3)
    assert made.flatten().tolist() == [6, 12, 23]


def test_what_is_not_finite_scores_nan():
    task = task_of()
    made = torch.full((2, 3, 1, 16, 16), math.nan)
    assert all(math.isnan(value) for value in task.compare(made, torch.zeros_like(made)).values())


def test_short_clips_have_fewer_steps_or_are_refused():
    assert task_of(length=6).shape == (2, 1, 16, 16)
    with pytest.raises(ValueError, match="clips of 5 frames or more, but those of squares have 4"):
        task_of(length=4)


def test_pictures_and_films_show_what_was_and_what_is_said_to_come():
    task = task_of()
    [draw] = task.pictures(Mover()).values()
    assert draw(rng()).width > 7 * 16
    past, true = task.clips_held_out(2)
    film = task.film(Batch(true, {PAST: past}))
    assert len(film) == 2 * 7
    assert [one.getpixel((0, 0)) == (214, 39, 40) for one in film[:7]] == [False] * 4 + [True] * 3
