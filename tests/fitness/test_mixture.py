import math

import numpy as np
import pytest
import scipy.spatial.distance
import torch

from fitness import mode_coverage

GRID = np.array([(x, y) for x in range(-2, 3) for y in range(-2, 3)], dtype=float)
STD = 0.05


def draw(counts, *, seed=0, std=STD):
    centres = np.repeat(GRID, counts, axis=0)
    return centres + std * np.random.default_rng(seed).normal(size=centres.shape)


def test_the_mixture_itself():
    scores = mode_coverage(draw([400] * 25), GRID, std=STD)
    assert scores.modes == 25
    assert scores.high_quality == pytest.approx(1 - math.exp(-4.5), abs=0.005)
    assert scores.jsd < 1e-3


def test_against_scipys_divergence():
    counts = np.random.default_rng(1).integers(0, 60, size=25)
    samples = np.repeat(GRID, counts, axis=0)
    expected = scipy.spatial.distance.jensenshannon(counts, np.ones(25)) ** 2
    scores = mode_coverage(samples, GRID, std=STD)
    assert scores.jsd == pytest.approx(expected, rel=1e-10)
    assert scores.high_quality == 1


def test_a_mode_counts_from_a_tenth_of_its_fair_share():
    # 1,000 samples on 25 modes: a fair share is 40, a tenth of it 4
    counts = np.zeros(25, dtype=int)
    counts[0], counts[1], counts[2] = 1000 - 4 - 3, 4, 3
    samples = np.repeat(GRID, counts, axis=0)
    assert mode_coverage(samples, GRID, std=STD).modes == 2
    assert mode_coverage(samples, GRID, std=STD, share=0.05).modes == 3


def test_only_samples_within_the_radius_count():
    at = np.array([[2.9, 0.0], [3.1, 0.0], [0.0, -2.9], [0.0, 3.1]]) * STD
    scores = mode_coverage(at, GRID, std=STD)
    assert scores.high_quality == 0.5
    assert scores.modes == 1
    assert mode_coverage(at, GRID, std=STD, radius=4.0).high_quality == 1


def test_bad_samples_do_not_enter_the_divergence_but_count_in_the_share():
    good = np.repeat(GRID, 4, axis=0)
    bad = np.full((300, 2), 0.5)
    scores = mode_coverage(np.concatenate([good, bad]), GRID, std=STD)
    assert scores.high_quality == 0.25
    assert scores.jsd == pytest.approx(0, abs=1e-12)
    assert scores.modes == 25
    assert mode_coverage(np.concatenate([good, bad, bad, bad, bad]), GRID, std=STD).modes == 0


def test_one_mode_and_none():
    one = mode_coverage(np.zeros((50, 2)), GRID, std=STD)
    k = 25
    q_part = (1 / k) * math.log(2 / (k + 1)) + (k - 1) / k * math.log(2)
    assert one.modes == 1
    assert one.jsd == pytest.approx(0.5 * (math.log(2 * k / (k + 1)) + q_part))
    none = mode_coverage(np.full((50, 2), 0.5), GRID, std=STD)
    assert none == (0, 0.0, math.log(2))
    assert none.jsd > one.jsd


def test_a_sample_belongs_to_its_nearest_centre_only():
    close = np.array([[0.0], [1.0]])
    scores = mode_coverage(np.array([[0.4], [0.4], [0.6]]), close, std=1.0)
    assert scores.modes == 2
    expected = scipy.spatial.distance.jensenshannon([2, 1], [1, 1]) ** 2
    assert scores.jsd == pytest.approx(expected)


def test_tensors_and_arrays_are_the_same():
    samples = draw([9] * 25).astype(np.float32)
    as_tensors = mode_coverage(torch.tensor(samples), torch.tensor(GRID), std=STD)
    assert as_tensors == mode_coverage(samples, GRID, std=STD)


@pytest.mark.parametrize("name", ["std", "radius", "share"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_refuses_settings_that_make_no_sense(name, value):
    with pytest.raises(ValueError, match=f"{name} must be finite and above 0, but got"):
        mode_coverage(GRID, GRID, **{"std": STD, name: value})


def test_refuses_bad_samples():
    with pytest.raises(ValueError, match="samples and centres must have equally many features"):
        mode_coverage(np.zeros((4, 3)), GRID, std=STD)
    with pytest.raises(ValueError, match="samples must hold at least 1"):
        mode_coverage(np.zeros((0, 2)), GRID, std=STD)
    with pytest.raises(ValueError, match="samples must be finite, but 4 of 4"):
        mode_coverage(np.full((4, 2), np.nan), GRID, std=STD)


def test_unequal_modes_are_measured_by_their_own_shares():
    weights = np.where(np.arange(25) % 2, 10.0, 1.0)
    weights /= weights.sum()
    counts = np.round(2000 * weights).astype(int)
    fair = mode_coverage(draw(counts), GRID, std=STD, weights=weights)
    assert fair.modes == 25
    assert fair.jsd < 1e-3
    assert mode_coverage(draw(counts), GRID, std=STD).jsd > 0.05
    counts = np.where(np.arange(25) % 2, counts, 0)
    assert mode_coverage(draw(counts), GRID, std=STD, weights=weights).modes == 12


@pytest.mark.parametrize("weights", [[1.0], np.ones(25), np.r_[-1.0, 2.0, np.zeros(23)]])
def test_weights_must_be_shares(weights):
    with pytest.raises(ValueError, match="weights must be 25 numbers above 0, their sum 1"):
        mode_coverage(GRID, GRID, std=STD, weights=weights)
