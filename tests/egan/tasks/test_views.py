"""Views of persons: pairs, scores, and what naive models are worth."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from egan.data import load
from egan.data.dataset import IDENTITY, LANDMARKS, VISIBLE, YAW
from egan.data.splits import subset
from egan.judging.features import Features
from egan.tasks import Views
from egan.tasks.views import Persons, by_yaw, frontal


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def task():
    known, kept = load("heads", split="train"), load("heads", split="test")
    made = Views(known, subset(kept, np.arange(66)), Features(lambda x: x.flatten(1)))
    made.num_judged = 40
    return made


class Knowing:
    """Knows the person by the source, and has all true views."""

    def __init__(self, data):
        self.data, self.images = data, data.tensor(range(len(data)))

    def view(self, source, yaw, rng):
        del rng
        away = (source.flatten(1)[:, None] - self.images.flatten(1)[None]).abs().sum(dim=2)
        persons = self.data.annotations[IDENTITY][away.argmin(dim=1)]
        rows = [
            by_yaw(self.data, who)[
                np.abs(self.data.annotations[YAW][by_yaw(self.data, who)] - y).argmin()
            ]
            for who, y in zip(persons, yaw.numpy(), strict=True)
        ]
        return self.data.tensor(rows)


def test_pairs_are_two_views_of_one_person(task):
    batch = task.draw(500, rng())
    rows = {
        one.numpy().tobytes(): i for i, one in enumerate(task.data.tensor(range(len(task.data))))
    }
    found = [
        [rows[x.numpy().tobytes()] for x in part] for part in (batch.codes["source"], batch.samples)
    ]
    persons, yaw = task.data.annotations[IDENTITY], task.data.annotations[YAW]
    assert (persons[found[0]] == persons[found[1]]).all()
    assert (np.array(found[0]) != np.array(found[1])).all()
    assert np.array_equal(yaw[found[1]], batch.codes[YAW])
    assert np.array_equal(task.data.annotations[LANDMARKS][found[1]], batch.codes[LANDMARKS])
    assert len({*zip(*found, strict=True)}) > 400
    assert torch.equal(task.draw(5, rng()).samples, task.draw(5, rng()).samples)


def test_every_other_view_of_a_person_is_as_likely():
    identity = np.array([7, 2, 7, 7, 2, 7])
    share = np.linspace(0, 1, 3000, endpoint=False)
    for target, others in ((0, {2, 3, 5}), (3, {0, 2, 5}), (4, {1})):
        source = Persons(identity).pairs(np.full(3000, target), share).source
        assert {*source.tolist()} == others
        assert np.ptp(np.unique(source, return_counts=True)[1]) <= 1


def test_whoever_knows_the_truth_is_right(task):
    scores = task.score(Knowing(task.held_out), rng())
    assert scores["rank1"] == 1
    assert scores["l1"] == 0
    assert scores["ssim"] == pytest.approx(1)
    assert scores["landmark_error"] < 0.025
    assert scores["fitness"] == pytest.approx(2 - scores["landmark_error"])
    for name, worth in task.baselines().items():
        assert worth["fitness"] < 1, name
        assert worth.keys() == scores.keys()


def test_copies_keep_the_persons_and_mean_faces_the_pose(task):
    naive = task.baselines()
    assert naive["mean face"]["landmark_error"] < 0.3 * naive["copied"]["landmark_error"]
    front = task.frontal_pairs
    assert (task.held_out.annotations[YAW][front.target] == 0).all()
    assert (task.held_out.annotations[YAW][front.source] != 0).all()
    persons = task.held_out.annotations[IDENTITY]
    own = np.unique(persons, return_index=False)
    assert np.array_equal(persons[frontal(task.held_out)], own)
    assert task.rank1(task.held_out.tensor(front.target), persons[front.target]) == 1


def test_what_is_not_finite_scores_nothing(task):
    class Broken(Knowing):
        def view(self, source, yaw, rng):
            return super().view(source, yaw, rng) * math.nan

    scores = task.score(Broken(task.held_out), rng())
    assert scores.keys() == task.score(Knowing(task.held_out), rng()).keys()
    assert all(map(math.isnan, scores.values()))


def test_views_without_landmarks_are_judged_by_the_rest(task):
    def plain(data):
        known = {k: v for k, v in data.annotations.items() if k not in (LANDMARKS, VISIBLE)}
        return replace(data, annotations=known)

    made = Views(plain(task.data), plain(task.held_out), task.features)
    made.num_judged = 40
    scores = made.score(Knowing(task.held_out), rng())
    assert "landmark_error" not in scores
    assert scores["fitness"] == pytest.approx(2)
    assert LANDMARKS not in made.draw(3, rng()).codes


def test_the_recogniser_learns_from_frontal_views_of_each_person(task):
    compared = Views.compared(task.data)
    assert compared.num_classes == 160
    assert len(compared) == 160 * 8
    assert np.array_equal(compared.samples[::8], task.data.samples[frontal(task.data)])
    assert not np.array_equal(compared.samples[1::8], compared.samples[::8])
    with pytest.raises(ValueError, match="needs data with 'identity' .* --data.name views"):
        Views.compared(load("digits"))


def test_pictures_and_films(task):
    picture = task.pictures(Knowing(task.held_out))["views"](rng())
    assert picture.width > picture.height
    assert task.show_real().width > 100
    asked = {"source": task.held_out.tensor([0, 0]), YAW: torch.tensor([-45.0, 15.0])}
    made = task.make(Knowing(task.held_out), 2, rng(), given=asked)
    assert torch.equal(made.codes[YAW], asked[YAW])
    views = by_yaw(task.held_out, task.held_out.annotations[IDENTITY][0])
    assert torch.equal(made.samples, task.held_out.tensor(views[[2, 6]]))
