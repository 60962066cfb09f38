"""Turning heads to the front: pairs, scores, and what is shown."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from egan.data import load
from egan.data.dataset import IDENTITY, LANDMARKS, YAW
from egan.data.persons import frontal, with_frontal
from egan.data.splits import subset
from egan.judging.features import Features
from egan.tasks import Frontal
from egan.tasks.frontal import PERSON


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def task():
    kept = subset(load("heads", split="test"), np.arange(66))
    made = Frontal(kept, kept, Features(lambda x: x.flatten(1)))
    made.num_judged = 40
    return made


class Turner:
    """Makes the true frontal views of the task, of some persons those of others."""

    def __init__(self, task, wrong=()):
        self.views, self.asked = task.frontal_pairs, task.held_out
        self.rows = self.views.target.copy()
        self.rows[list(wrong)] = self.rows[0]

    def view(self, source, yaw, rng):
        assert (yaw == 0).all()
        return self.asked.tensor(self.rows)


def test_every_target_is_the_frontal_view_of_the_sources_person(task):
    batch = task.draw(600, rng())
    rows = {one.numpy().tobytes(): i for i, one in enumerate(task.data.tensor(range(66)))}
    source, target = (
        [rows[x.numpy().tobytes()] for x in part] for part in (batch.codes["source"], batch.samples)
    )
    known = task.data.annotations
    assert (known[IDENTITY][source] == known[IDENTITY][target]).all()
    assert (known[YAW][target] == 0).all()
    assert {*source} == {*range(66)} - {*frontal(task.data)}
    assert (batch.codes[YAW] == 0).all()
    assert np.array_equal(batch.codes[LANDMARKS], known[LANDMARKS][target])
    _, persons = np.unique(known[IDENTITY], return_inverse=True)
    assert np.array_equal(batch.codes[PERSON], persons[source])
    assert task.data.num_classes == 6


def test_persons_need_no_order():
    kept = subset(load("heads", split="test"), np.arange(33))
    mixed = subset(kept, np.random.default_rng(0).permutation(33))
    pairs = with_frontal(mixed, np.arange(33))
    known = mixed.annotations
    assert (known[IDENTITY][pairs.source] == known[IDENTITY][pairs.target]).all()
    assert (known[YAW][pairs.target] == 0).all()


def test_profiles_are_told_apart_from_the_rest(task):
    away = np.flatnonzero(task.profiles)
    near = np.flatnonzero(~task.profiles)
    yaw = np.abs(task.held_out.annotations[YAW][task.frontal_pairs.source])
    assert yaw[away].min() == 45
    assert yaw[near].max() == 30
    right = task.score(Turner(task), rng())
    assert right["rank1"] == right["profile_rank1"] == 1
    assert right["l1"] == 0
    wrong = task.score(Turner(task, away), rng())["profile_rank1"]
    assert wrong == pytest.approx((task.frontal_pairs.target[away] == 5).mean())
    assert task.score(Turner(task, near), rng())["profile_rank1"] == 1
    for worth in task.baselines().values():
        assert worth.keys() == right.keys()


def test_what_is_not_finite_scores_nothing(task):
    class Broken(Turner):
        def view(self, source, yaw, rng):
            return super().view(source, yaw, rng) * math.nan

    assert all(map(math.isnan, task.score(Broken(task), rng()).values()))


def test_without_profiles_they_are_not_scored(task):
    near = {**task.held_out.annotations, YAW: task.held_out.annotations[YAW] / 5}
    made = Frontal(task.data, replace(task.held_out, annotations=near), task.features)
    made.num_judged = 40
    assert "profile_rank1" not in made.score(Turner(made), rng())


def test_pictures_have_the_sources_over_what_is_made(task):
    class Copying:
        def view(self, source, yaw, rng):
            return source

    picture = task.pictures(Copying())["frontal"](rng())
    assert picture.width > picture.height / 2
    given = {"source": task.held_out.tensor([3, 4])}
    made = task.make(Copying(), 2, rng(), given=given)
    assert torch.equal(made.samples, given["source"])
    assert not task.asks.poses
