import math

import numpy as np
import pytest
import torch

from fitness import combine, diversity, quality


def test_quality_is_the_mean_probability_and_not_the_mean_logit():
    logits = np.random.default_rng(0).normal(size=50) * 4
    expected = np.mean(1 / (1 + np.exp(-logits)))
    assert quality(torch.tensor(logits)).item() == pytest.approx(expected, rel=1e-12)
    assert quality(torch.tensor(logits).reshape(25, 1, 2)).item() == pytest.approx(expected)
    # one very sure logit must not outweigh the others, as it does in a mean of logits
    assert quality(torch.tensor([100.0, -1.0, -1.0])) < quality(torch.tensor([1.0, 1.0, 1.0]))


def test_quality_is_bounded_and_keeps_no_graph():
    logits = torch.tensor([-1e4, 1e4], requires_grad=True)
    assert quality(logits).item() == 0.5
    assert not quality(logits).requires_grad


def test_quality_of_nothing_is_refused():
    with pytest.raises(ValueError, match="fake_logits is empty"):
        quality(torch.empty(0))


def test_diversity_is_minus_the_log_of_one_norm_over_all_tensors():
    rng = np.random.default_rng(1)
    arrays = [rng.normal(size=shape) for shape in [(3, 4), (4,), (2, 1, 2)]]
    norm = np.sqrt(sum((a**2).sum() for a in arrays))
    result = diversity([torch.tensor(a) for a in arrays], cap=10.0)
    assert result.norm == pytest.approx(norm, rel=1e-12)
    assert result.value == pytest.approx(-np.log(norm), rel=1e-12)
    assert result.saturated is False


def test_diversity_falls_as_the_gradient_grows():
    gradients = [torch.tensor([0.3, -0.4]), torch.tensor([[0.5]])]
    scores = [diversity([s * g for g in gradients], cap=9.0).value for s in (0.5, 1.0, 2.0, 100.0)]
    assert scores == sorted(scores, reverse=True)
    assert scores[1] - scores[2] == pytest.approx(math.log(2), rel=1e-6)
    assert scores[-1] < 0


def test_diversity_of_a_real_discriminator_matches_numpy():
    # one linear unit: L = softplus(-w x) + softplus(w y), dL/dw = -x sigmoid(-w x) + y sigmoid(w y)
    w = torch.tensor([0.7], dtype=torch.float64, requires_grad=True)
    x, y = 1.5, -0.5
    loss = torch.nn.functional.softplus(-w * x) + torch.nn.functional.softplus(w * y)
    expected = abs(-x / (1 + math.exp(0.7 * x)) + y / (1 + math.exp(-0.7 * y)))
    result = diversity(torch.autograd.grad(loss, w), cap=5.0)
    assert result.value == pytest.approx(-math.log(expected), rel=1e-9)


@pytest.mark.parametrize("scale", [1e-3, 1e-6, 1e-30, 0.0])
def test_a_vanishing_gradient_is_capped_and_flagged(scale):
    result = diversity([torch.full((2, 2), scale), torch.zeros(3)], cap=4.0)
    assert result.value == 4.0
    assert result.saturated is True
    assert result.norm == pytest.approx(2 * scale, rel=1e-6, abs=1e-22)


def test_the_cap_is_exact():
    just_below = diversity([torch.tensor([math.exp(-3.99)])], cap=4.0)
    assert just_below.value == pytest.approx(3.99, abs=1e-5)
    assert not just_below.saturated
    assert diversity([torch.tensor([1.0])], cap=0.0) == (0.0, 1.0, True)


def test_an_infinite_cap_is_the_published_score():
    tiny = diversity([torch.tensor([1e-30])], cap=math.inf)
    assert tiny.value == pytest.approx(30 * math.log(10), rel=1e-6)
    assert not tiny.saturated
    assert diversity([torch.zeros(2)], cap=math.inf) == (math.inf, 0.0, True)


def test_an_exploding_or_undefined_gradient_never_looks_good():
    infinite = diversity([torch.tensor([1.0, math.inf])], cap=4.0)
    assert infinite == (-math.inf, math.inf, False)
    for values in ([math.nan, 1.0], [math.nan, math.inf], [math.nan, 0.0]):
        undefined = diversity([torch.ones(2), torch.tensor(values)], cap=4.0)
        assert math.isnan(undefined.value)
        assert math.isnan(undefined.norm)
        assert not undefined.saturated


def test_diversity_refuses_bad_arguments():
    with pytest.raises(ValueError, match="gradients is empty"):
        diversity([], cap=1.0)
    with pytest.raises(ValueError, match="cap is NaN"):
        diversity([torch.ones(1)], cap=math.nan)


def test_combine_is_a_weighted_sum():
    assert combine(0.25, 3.0, weight=0.1) == pytest.approx(0.55)
    assert combine(0.25, -3.0, weight=0.1) == pytest.approx(-0.05)
    assert math.isnan(combine(0.25, math.nan, weight=0.1))


def test_a_weight_of_zero_leaves_diversity_out():
    assert combine(0.25, math.nan, weight=0.0) == 0.25
    assert combine(0.25, -math.inf, weight=0.0) == 0.25


@pytest.mark.parametrize("weight", [-0.1, math.nan, math.inf])
def test_combine_refuses_a_weight_that_makes_no_sense(weight):
    with pytest.raises(ValueError, match="weight must be finite and at least 0, but got weight="):
        combine(0.5, 1.0, weight=weight)
