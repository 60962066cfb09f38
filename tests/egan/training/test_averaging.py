import pickle

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from egan.training.averaging import ExponentialAveraging


def averaged(decay, steps):
    network = nn.Linear(1, 1, bias=False)
    average = AveragedModel(network, multi_avg_fn=ExponentialAveraging(decay))
    expected = None
    for step in range(steps):
        nn.init.constant_(network.weight, float(step))
        average.update_parameters(network)
        rate = min(decay, (1 + step) / (10 + step))
        expected = float(step) if step == 0 else rate * expected + (1 - rate) * step
    return average.module.weight.item(), expected


@pytest.mark.parametrize("decay", [0.5, 0.999])
def test_the_average_starts_low_and_keeps_to_its_decay(decay):
    found, expected = averaged(decay, 40)
    assert found == pytest.approx(expected, rel=1e-5)


def test_it_pickles_and_its_decay_can_be_changed():
    averaging = pickle.loads(pickle.dumps(ExponentialAveraging(0.9)))
    averaging.decay = 0.0
    old, new = torch.ones(2), torch.zeros(2)
    averaging([old], [new], 1000)
    assert torch.equal(old, new)
