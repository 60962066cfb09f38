"""Landmarks: heat-maps, the mean head at a yaw, and reading them off images."""

import numpy as np
import pytest
import torch

from egan.data import load
from egan.data.dataset import LANDMARKS, YAW
from egan.networks.landmarks import LandmarkReader, heatmaps
from egan.tasks.views import fitted


def test_heatmaps_are_gaussians_around_landmarks():
    marks = torch.tensor([[[-1 + 1 / 8, 0.25 + 1 / 8], [0.1, -0.3]]])
    maps = heatmaps(marks, size=16, sigma=1.5)
    assert maps.shape == (1, 2, 16, 16)
    assert maps[0, 0, 10, 0] == pytest.approx(np.exp(-(0.5**2 + 0.5**2) / 4.5), rel=1e-4)
    y, x = np.mgrid[:16, :16]
    away = (x - (1.1 * 8 - 0.5)) ** 2 + (y - (0.7 * 8 - 0.5)) ** 2
    assert np.allclose(maps[0, 1], np.exp(-away / 4.5), atol=1e-5)


def test_a_reader_reads_persons_whom_it_does_not_know():
    known, kept = (load("heads", split=part) for part in ("train", "test"))
    reader = fitted(known, num_features=256, seed=0)
    true = torch.tensor(kept.annotations[LANDMARKS])
    error = (reader(kept.tensor(range(len(kept)))) - true).norm(dim=2).mean()
    assert error < 0.07
    expected = reader.of_yaw(torch.tensor(kept.annotations[YAW]))
    assert (expected - true).norm(dim=2).mean() < 0.06
    for yaw in (-75.0, 0.0, 30.0):
        there = known.annotations[YAW] == yaw
        mean = known.annotations[LANDMARKS][there].mean(axis=0)
        assert np.allclose(reader.of_yaw(torch.tensor([yaw]))[0], mean, atol=0.005)
    again = LandmarkReader(5, num_features=256, seed=0)
    again.load_state_dict(reader.state_dict())
    assert torch.equal(again(kept.tensor([3])), reader(kept.tensor([3])))
