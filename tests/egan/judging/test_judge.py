import math
import pickle

import numpy as np
import pytest
import torch

import fitness
from egan.data import load
from egan.data.dataset import Dataset
from egan.judging.appraisal import appraise
from egan.judging.features import Features, extractor
from egan.judging.judge import DISTANCES, MIXTURE, columns, judge


def generator():
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("name", ["gaussians8", "gaussians25", "swiss_roll"])
def test_real_points_score_well_and_noise_badly(name):
    data = load(name)
    judged = extractor(data)
    good = judge(data, judged, data.draw(500, generator()))
    bad = judge(data, judged, torch.rand(500, 2, generator=generator()) * 4 - 2)
    assert tuple(good) == columns(data, judged) == DISTANCES + (MIXTURE if data.mixture else ())
    assert good["precision"] > 0.9
    assert bad["precision"] < 0.5
    assert good["coverage"] > 0.5 > bad["coverage"]
    assert good["frechet"] < bad["frechet"]
    assert good["mmd"] < bad["mmd"]
    if data.mixture:
        assert good["modes"] == len(data.mixture.centres)
        assert good["high_quality"] > 0.95
        assert bad["high_quality"] < 0.3
        assert good["jsd"] < 0.02


def test_one_mode_is_one_mode():
    data = load("gaussians25")
    samples = torch.from_numpy(data.mixture.centres[:1].repeat(50, axis=0))
    scores = judge(data, extractor(data), samples)
    assert (scores["modes"], scores["high_quality"]) == (1.0, 1.0)


def test_classes_are_counted():
    data = Dataset("grey", np.arange(48, dtype=np.uint8).reshape(12, 1, 2, 2), np.arange(12) % 3)
    judged = Features(
        lambda x: x.flatten(1), classify=lambda x: torch.stack([-x, x], 1).flatten(1)[:, [0, 4]]
    )
    bright, dark = torch.ones(8, 1, 2, 2), -torch.ones(8, 1, 2, 2)
    assert judge(data, judged, bright)["classes"] == 1.0
    assert judge(data, judged, torch.cat([bright, dark]))["classes"] == 2.0
    assert columns(data, judged) == (*DISTANCES, "classes")


def test_samples_that_are_not_finite_score_nan():
    data = load("gaussians8")
    samples = data.draw(20, generator())
    samples[3, 1] = math.inf
    scores = judge(data, extractor(data), samples)
    assert tuple(scores) == DISTANCES + MIXTURE
    assert all(math.isnan(score) for score in scores.values())


def test_two_images_are_enough_to_judge(tmp_path, monkeypatch):
    monkeypatch.setattr("egan.judging.classifier.MIN_STEPS", 5)
    monkeypatch.setattr("egan.judging.classifier.MAX_STEPS", 5)
    data = Dataset("two", np.arange(128, dtype=np.uint8).reshape(2, 1, 8, 8))
    scores = judge(data, extractor(data, cache=tmp_path), data.draw(4, generator()))
    assert all(math.isfinite(score) for score in scores.values())


@pytest.mark.parametrize("name", ["tokens", "clips", "series"])
def test_other_kinds_are_judged_by_what_they_are_made_of(name):
    rng = np.random.default_rng(0)
    rising = (rng.integers(0, 4, (120, 1)) + np.arange(3)) % 4  # 0 1 2, 1 2 3, ...
    stored = {
        "tokens": rising,
        "clips": (60 * rising).astype(np.uint8)[..., None, None, None].repeat(2, axis=-1),
        "series": rising.astype(np.float32)[..., None],
    }[name]
    data = Dataset(name, stored, vocabulary=4 if name == "tokens" else None)
    judged = pickle.loads(pickle.dumps(extractor(data)))
    noise = data.kind.noise(data.samples, 120, generator())
    good, bad = (judge(data, judged, samples) for samples in (data.draw(120, generator()), noise))
    assert good["frechet"] < bad["frechet"]
    assert good["mmd"] < bad["mmd"]
    features = judged.reference(data), judged.features(noise)
    kernel = "polynomial" if name == "clips" else "gaussian"
    assert bad["mmd"] == fitness.squared_mmd(*features, kernel=kernel)
    assert appraise(data, judged, noise) == {"fitness": -bad["mmd"], "mmd": bad["mmd"]}
