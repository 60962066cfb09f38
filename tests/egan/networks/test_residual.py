from functools import partial

import pytest
import torch
from torch import nn

from egan.networks.conditioning import ConditionalNorm
from egan.networks.residual import RESAMPLINGS, ResidualBlock, doubled, halved

SIZES = {"none": 6, "up": 12, "down": 3}


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def hidden(channels=3):
    return torch.randn(4, channels, 6, 6, dtype=torch.float64)


@pytest.mark.parametrize("preactivate", [True, False])
@pytest.mark.parametrize("norm", [None, nn.BatchNorm2d])
@pytest.mark.parametrize("resample", RESAMPLINGS)
def test_a_block_is_its_formula(resample, norm, preactivate):
    block = ResidualBlock(
        3, 5, resample=resample, norm=norm, activation=nn.LeakyReLU(0.2), preactivate=preactivate
    ).double()
    x = hidden()
    before, after = {
        "none": (nn.Identity(), nn.Identity()),
        "up": (nn.Upsample(scale_factor=2), nn.Identity()),
        "down": (nn.Identity(), nn.AvgPool2d(2)),
    }[resample]
    norm1, norm2 = (norm(3), norm(5)) if norm else (nn.Identity(), nn.Identity())
    act = nn.LeakyReLU(0.2)
    start = act(norm1.double()(x)) if preactivate else x
    branch = after(block.conv2(act(norm2.double()(block.conv1(before(start))))))
    expected = after(block.skip(before(x))) + branch  # the 1x1 where the map is larger: the same
    found = block(x)
    assert found.shape == (4, 5, SIZES[resample], SIZES[resample])
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_a_block_that_keeps_size_and_channels_starts_from_what_came_in():
    block = ResidualBlock(3, 3).double()
    nn.init.zeros_(block.conv2.weight)
    nn.init.zeros_(block.conv2.bias)
    x = hidden()
    assert block.skip is None
    assert torch.equal(block(x), x)
    assert ResidualBlock(3, 3, resample="up").skip is not None


def test_the_condition_reaches_both_norms():
    norm = partial(ConditionalNorm, condition_dim=2)
    block = ResidualBlock(3, 4, resample="up", norm=norm).double()
    x = hidden()
    condition = torch.randn(4, 2, dtype=torch.float64)
    block(x, condition).square().sum().backward()
    for layer in (block.norm1, block.norm2):
        assert layer.gain.weight.grad.abs().sum() > 0
        assert layer.shift.weight.grad.abs().sum() > 0
    assert not torch.allclose(block(x, condition), block(x, condition + 1))


def test_without_preactivation_there_is_no_first_norm():
    block = ResidualBlock(3, 4, norm=nn.BatchNorm2d, preactivate=False)
    assert block.norm1 is None
    assert block.norm2.num_features == 4


def test_doubled_then_halved_is_the_same():
    x = hidden()
    torch.testing.assert_close(halved(doubled(x)), x)
    assert torch.equal(doubled(x)[0, 0, :2, :2], x[0, 0, 0, 0].expand(2, 2))


def test_unknown_resampling_is_refused():
    with pytest.raises(ValueError, match="'upp'"):
        ResidualBlock(3, 4, resample="upp")
