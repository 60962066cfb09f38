import math

import numpy as np
import pytest
import torch

from egan.data import load
from egan.data.dataset import Dataset
from egan.judging import appraisal
from egan.judging.appraisal import appraise
from egan.judging.features import Features


def _pixels(labels=False):
    classify = (
        (lambda x: torch.stack([x.mean((1, 2, 3)), -x.mean((1, 2, 3))], 1)) if labels else None
    )
    return Features(lambda x: x.flatten(1), classify=classify)


def _images():
    rng = np.random.default_rng(0)
    return Dataset(name="noise", samples=rng.integers(0, 256, (200, 1, 2, 2), np.uint8))


def _drawn(dataset, n=500, seed=3):
    return dataset.draw(n, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", ["gaussians8", "swiss_roll"])
def test_points_like_the_data_are_worth_more_than_others(name):
    dataset, features = load(name), Features(lambda x: x)
    good = appraise(dataset, features, _drawn(dataset))
    bad = appraise(dataset, features, 0.1 * _drawn(dataset))
    assert good["fitness"] > bad["fitness"]
    assert next(iter(good)) == "fitness"


def test_of_a_mixture_missing_modes_and_stray_samples_cost():
    dataset, features = load("gaussians8"), Features(lambda x: x)
    whole = _drawn(dataset, 800)
    half = whole[whole[:, 0] > 0]
    strays = torch.cat([whole[:400], torch.zeros(400, 2)])
    scores = [appraise(dataset, features, samples) for samples in (whole, half, strays)]
    assert scores[0]["fitness"] == pytest.approx(scores[0]["high_quality"], abs=0.01)
    assert scores[1]["modes"] < 8
    assert scores[2]["high_quality"] < 0.6
    assert scores[0]["fitness"] > max(scores[1]["fitness"], scores[2]["fitness"])


def test_before_any_mode_is_found_nearer_is_better():
    dataset, features = load("gaussians8"), Features(lambda x: x)
    noise = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
    wide, heap = (appraise(dataset, features, scale * noise) for scale in (0.7, 0.001))
    assert wide["fitness"] > heap["fitness"]


def test_images_by_the_logarithm_of_their_distance():
    dataset = _images()
    scores = appraise(dataset, _pixels(), _drawn(dataset))
    assert list(scores) == ["fitness", "frechet"]
    assert scores["fitness"] == -math.log(scores["frechet"])
    assert appraise(dataset, _pixels(), _drawn(dataset) * 0.5)["fitness"] < scores["fitness"]


def test_classes_are_counted_where_there_are_any():
    scores = appraise(_images(), _pixels(labels=True), torch.ones(20, 1, 2, 2))
    assert scores["classes"] == 1.0


def test_images_that_are_the_data_have_a_finite_fitness(monkeypatch):
    dataset = _images()
    monkeypatch.setattr("fitness.frechet_distance", lambda real, fake: -1e-12)
    scores = appraise(dataset, _pixels(), dataset.real(200))
    assert scores["fitness"] == -math.log(appraisal.SMALLEST)


def test_samples_that_are_not_finite_are_worth_nothing():
    samples = torch.full((10, 2), math.nan)
    scores = appraise(load("gaussians8"), Features(lambda x: x), samples)
    assert list(scores) == ["fitness", "modes", "high_quality", "mmd"]
    assert all(math.isnan(value) for value in scores.values())
