"""Melodies: judged by scale and steps, beside a Markov chain of tones."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

import fitness
from egan.data.dataset import Dataset
from egan.data.splits import parted
from egan.judging.features import Features
from egan.tasks import Melodies
from egan.tasks.melodies import steps


def rng():
    return torch.Generator().manual_seed(0)


def tunes(count=200, length=16):
    """Return walks along the scale of C."""
    scale = np.array([60, 62, 64, 65, 67, 69, 71, 72, 74, 76])
    walk = np.random.default_rng(0).integers(-1, 2, (count, length)).cumsum(axis=1)
    pitches = scale[np.clip(5 + walk, 0, 9)]
    other = [np.full_like(pitches, value) for value in (48, 90, 0)]
    return Dataset(
        "walks",
        np.stack([other[0], pitches, other[1], other[2]], axis=-1).astype(np.int16),
    )


@pytest.fixture
def task():
    made = Melodies(*parted(tunes(), hold_out=True), Features(lambda notes: notes.flatten(1)))
    made.num_judged = 40
    return made


class Player:
    def __init__(self, melodies):
        self.melodies = melodies

    def samples(self, count, rng):
        return self.melodies[torch.arange(count) % len(self.melodies)]


def test_fitness_is_of_scale_and_steps(task):
    made = task.data.real(40)
    scores = task.score(Player(made), rng())
    real = task.pitches(task.held_out.real(40))
    apart = fitness.ngram_divergence(steps(task.pitches(made)), steps(real))
    assert scores == {"fitness": -apart, "out_of_scale": 0.0, "step_divergence": apart}


def test_one_tone_breaks_no_rule_and_is_far_from_the_data(task):
    made = task.data.real(40)
    made[:, :, 1] = 0.0
    scores, real = task.score(Player(made), rng()), task.score(Player(task.data.real(40)), rng())
    assert scores["out_of_scale"] == 0
    assert scores["fitness"] < real["fitness"] - 0.1


def test_keys_do_not_matter_to_steps():
    pitches = np.array([[60, 62, 50, 51]])
    assert np.array_equal(steps(pitches), steps(pitches + 5))
    assert steps(np.array([[60, 90]])).tolist() == [[12]]


def test_baselines_and_their_order(task):
    found = task.baselines()
    assert list(found) == ["floor", "Markov chain", "Gaussian", "noise"]
    fit = [found[name]["fitness"] for name in ("floor", "Markov chain", "noise")]
    assert fit == sorted(fit, reverse=True)
    assert found["Markov chain"]["out_of_scale"] < 0.1 < found["noise"]["out_of_scale"]
    assert found["noise"]["tone_span"] > found["floor"]["tone_span"]


def test_a_model_that_has_diverged_scores_nothing(task):
    scores = task.look(Player(torch.full((3, 16, 4), math.nan)), rng())
    assert all(math.isnan(value) for value in scores.values())


def test_melodies_are_drawn(task):
    picture = task.pictures(Player(task.data.real(12)))["samples"](rng())
    assert isinstance(picture, Image.Image)
    assert picture.size == task.show_real().size
