import numpy as np
import pytest
import torch
from torch.optim.swa_utils import AveragedModel

from egan.losses.averaging import feature_matching, historical_averaging


def test_feature_matching_is_the_squared_distance_of_means():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(7, 2, 3)), rng.normal(size=(5, 2, 3))
    expected = ((real.mean(0) - fake.mean(0)) ** 2).sum()
    assert feature_matching(torch.tensor(real), torch.tensor(fake)).item() == pytest.approx(
        expected, rel=1e-12
    )


def test_feature_matching_moves_the_fakes_alone():
    real = torch.ones(2, 3, requires_grad=True)
    fake = torch.zeros(4, 3, requires_grad=True)
    feature_matching(real, fake).backward()
    assert real.grad is None
    assert torch.equal(fake.grad, torch.full((4, 3), -0.5))


@pytest.mark.parametrize(
    ("real", "fake", "text"),
    [((2, 3), (2, 4), "of one layer"), ((2,), (2,), "of one layer"), ((2, 3), (0, 3), "at least")],
)
def test_features_that_do_not_fit_are_refused(real, fake, text):
    with pytest.raises(ValueError, match=text):
        feature_matching(torch.zeros(real), torch.zeros(fake))


def test_historical_averaging_is_the_distance_from_the_running_mean():
    network = torch.nn.Linear(3, 2).double()
    mean, history = AveragedModel(network), []
    for _ in range(5):
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(torch.ones_like(parameter) * (1 + len(history)))
        mean.update_parameters(network)
        history.append(torch.cat([p.detach().flatten() for p in network.parameters()]))
    penalty = historical_averaging(network.parameters(), mean.module.parameters())
    expected = (history[-1] - torch.stack(history).mean(0)).square().sum()
    torch.testing.assert_close(penalty, expected, rtol=1e-12, atol=0)
    penalty.backward()
    slope = torch.cat([p.grad.flatten() for p in network.parameters()])
    torch.testing.assert_close(slope, 2 * (history[-1] - torch.stack(history).mean(0)))
    assert all(p.grad is None for p in mean.parameters())


def test_historical_averaging_needs_an_average_for_every_parameter():
    with pytest.raises(ValueError, match="shorter"):
        historical_averaging([torch.ones(1), torch.ones(1)], [torch.ones(1)])
    with pytest.raises(ValueError, match="no parameters"):
        historical_averaging([], [])
