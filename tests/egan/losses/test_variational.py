import pytest
import torch
from torch.distributions import Normal, kl_divergence

from egan.losses.variational import gaussian_kl, gaussian_log_density, reparameterise


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def draws(count, *shape):
    return 2 * torch.randn(count, *shape, generator=seeded(), dtype=torch.float64)


def test_gaussian_kl_agrees_with_torch():
    mean, log_variance = draws(2, 5, 3)
    expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(gaussian_kl(mean, log_variance), expected, rtol=0, atol=1e-12)


def test_gaussian_kl_keeps_its_digits_near_the_prior():
    small = torch.full((1, 1), 1e-4)
    assert gaussian_kl(torch.zeros(1, 1), small).item() == pytest.approx(2.5e-9, rel=1e-3)
    assert gaussian_kl(torch.zeros(1, 1), torch.zeros(1, 1)).item() == 0


def test_gaussian_log_density_agrees_with_torch():
    samples, mean, log_variance = draws(3, 4, 2)
    expected = Normal(mean, (log_variance / 2).exp()).log_prob(samples).sum(1)
    found = gaussian_log_density(samples, mean, log_variance)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_reparameterise_draws_from_its_generator_and_can_be_trained():
    mean = torch.tensor([[3.0, -1.0]]).expand(20000, 2).clone().requires_grad_()
    log_variance = torch.tensor([[0.0, 2.0]]).expand(20000, 2).clone().requires_grad_()
    state = torch.get_rng_state()
    codes = reparameterise(mean, log_variance, rng=seeded())
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(codes, reparameterise(mean, log_variance, rng=seeded()))
    assert codes.mean(0).tolist() == pytest.approx([3, -1], abs=0.07)
    assert codes.std(0).tolist() == pytest.approx([1, 2.718], rel=0.03)
    codes.sum().backward()
    assert torch.equal(mean.grad, torch.ones_like(mean))
    noise = (codes - mean) / (0.5 * log_variance).exp()
    torch.testing.assert_close(log_variance.grad, 0.5 * (noise * (0.5 * log_variance).exp()))


@pytest.mark.parametrize(
    "call",
    [
        lambda: gaussian_kl(torch.zeros(2, 3), torch.zeros(3)),
        lambda: gaussian_log_density(torch.zeros(2, 3), torch.zeros(2, 3), torch.zeros(1, 3)),
        lambda: reparameterise(torch.zeros(3), torch.zeros(3), rng=seeded()),
    ],
)
def test_shapes_that_would_be_broadcast_are_refused(call):
    with pytest.raises(ValueError, match=r"one shape, \(N, Z\), but got"):
        call()
