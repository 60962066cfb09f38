"""Equalised layers, pixel norm and blur against their formulas."""

import math

import pytest
import torch
import torch.nn.functional as F

from egan.networks.equalised import HE, Blur, EqualisedConv2d, EqualisedLinear, PixelNorm


def test_a_linear_layer_scales_its_weight_and_bias():
    torch.manual_seed(0)
    layer = EqualisedLinear(400, 300, gain=HE, lr_multiplier=0.1)
    layer.bias.data.fill_(2.0)
    inputs = torch.randn(500, 400)
    expected = inputs @ layer.weight.T * (HE / 20 * 0.1) + 0.2
    torch.testing.assert_close(layer(inputs), expected, rtol=1e-4, atol=1e-4)
    assert layer.weight.std().item() == pytest.approx(10, rel=0.02)
    assert (layer(inputs) - 0.2).std().item() == pytest.approx(math.sqrt(2), rel=0.02)


def test_a_multiplier_slows_what_the_layer_computes_by_as_much():
    moved = {}
    for multiplier in (1.0, 0.1):
        torch.manual_seed(0)
        layer = EqualisedLinear(6, 4, lr_multiplier=multiplier)
        optimizer = torch.optim.Adam(layer.parameters(), lr=1e-2)
        inputs = torch.ones(1, 6)
        before = layer(inputs).detach()
        layer(inputs).sum().backward()
        optimizer.step()
        moved[multiplier] = (layer(inputs) - before).abs().mean().item()
    assert moved[0.1] == pytest.approx(0.1 * moved[1.0], rel=1e-3)


def test_a_convolution_keeps_size_and_variance():
    torch.manual_seed(0)
    layer = EqualisedConv2d(40, 30, 3, gain=1.0)
    hidden = torch.randn(20, 40, 8, 8)
    made = layer(hidden)
    assert made.shape == (20, 30, 8, 8)
    assert made[..., 1:-1, 1:-1].std().item() == pytest.approx(1, rel=0.03)
    torch.testing.assert_close(made, F.conv2d(hidden, layer.weight / math.sqrt(360), padding=1))
    assert EqualisedConv2d(2, 3, 1, bias=False).bias is None


def test_pixel_norm_makes_the_mean_square_1():
    hidden = torch.randn(3, 5, 2, 2) * 7
    normed = PixelNorm()(hidden)
    torch.testing.assert_close(normed.square().mean(dim=1), torch.ones(3, 2, 2))
    torch.testing.assert_close(normed / hidden, (normed / hidden)[:, :1].expand(-1, 5, -1, -1))


def test_blur_is_1_2_1_both_ways():
    dot = torch.zeros(1, 2, 5, 5)
    dot[0, 1, 2, 2] = 16
    blurred = Blur()(dot)
    expected = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])
    assert torch.equal(blurred[0, 1, 1:4, 1:4], expected)
    assert blurred[0, 0].abs().sum() == 0
    assert blurred.sum() == 16
