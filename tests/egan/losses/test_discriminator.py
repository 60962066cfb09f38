import numpy as np
import pytest
import torch

from egan.losses.discriminator import (
    discriminator_loss,
    fake_loss,
    gradient_penalty,
    r1_penalty,
    real_loss,
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def linear(samples):
    """A discriminator whose gradient is (3, 4), of norm 5, everywhere."""
    return samples.flatten(1) @ torch.tensor([3.0, 4.0]).to(samples)


def quadratic(samples):
    """A discriminator whose gradient in x is x itself."""
    return 0.5 * samples.flatten(1).square().sum(1)


def test_losses_agree_with_float64_numpy():
    rng = np.random.default_rng(1)
    real, fake = 5 * rng.normal(size=17), 5 * rng.normal(size=9)
    expected_real = -np.mean(np.log(1 / (1 + np.exp(-real))))
    expected_fake = -np.mean(np.log(1 - 1 / (1 + np.exp(-fake))))
    real_N, fake_N = torch.tensor(real), torch.tensor(fake)
    assert real_loss(real_N).item() == pytest.approx(expected_real, rel=1e-10)
    assert fake_loss(fake_N).item() == pytest.approx(expected_fake, rel=1e-10)
    total = discriminator_loss(real_N, fake_N[:, None])
    assert total.item() == pytest.approx(expected_real + expected_fake, rel=1e-10)


@pytest.mark.parametrize("value", [-1e4, 1e4])
def test_losses_stay_finite_at_extreme_logits(value):
    real = torch.full((3,), value, requires_grad=True)
    fake = torch.full((3,), value, requires_grad=True)
    loss = discriminator_loss(real, fake)
    loss.backward()
    assert loss.item() == pytest.approx(1e4)
    assert real.grad.isfinite().all()
    assert fake.grad.isfinite().all()


def test_the_discriminator_raises_real_logits_and_lowers_fake_ones():
    real, fake = torch.zeros(2, requires_grad=True), torch.zeros(2, requires_grad=True)
    discriminator_loss(real, fake).backward()
    assert real.grad.tolist() == [-0.25, -0.25]
    assert fake.grad.tolist() == [0.25, 0.25]


def test_losses_refuse_empty_logits():
    with pytest.raises(ValueError, match="real logits is empty"):
        discriminator_loss(torch.empty(0), torch.zeros(2))
    with pytest.raises(ValueError, match="fake logits is empty"):
        discriminator_loss(torch.zeros(2), torch.empty(0))


@pytest.mark.parametrize(("target", "expected"), [(1.0, 16.0), (5.0, 0.0), (0.0, 25.0)])
def test_gradient_penalty_of_a_linear_discriminator(target, expected):
    real, fake = torch.randn(2, 6, 2, generator=seeded()).unbind()
    penalty = gradient_penalty(linear, real, fake, generator=seeded(), target=target)
    assert penalty.item() == pytest.approx(expected, abs=1e-4)


def test_gradient_penalty_looks_between_the_samples():
    # the gradient's norm is |x|: at least 1 between x = 1 and x = 3, at most 3, and not constant
    real, fake = torch.full((50, 1), 1.0), torch.full((50, 1), 3.0)
    seen = []

    def record(samples):
        seen.append(samples.detach())
        return quadratic(samples)

    penalty = gradient_penalty(record, real, fake, generator=seeded())
    assert seen[0].min() >= 1
    assert seen[0].max() <= 3
    assert seen[0].std() > 0.3
    assert penalty.item() == pytest.approx((seen[0] - 1).square().mean().item(), rel=1e-5)


def test_gradient_penalty_mixes_a_sample_by_one_number_and_draws_from_its_generator():
    real, fake = torch.zeros(4, 3, 2, 2), torch.ones(4, 3, 2, 2)
    seen = []

    def record(samples):
        seen.append(samples.detach())
        return quadratic(samples)

    state = torch.get_rng_state()
    for seed in (0, 0, 1):
        gradient_penalty(record, real, fake, generator=seeded(seed))
    assert torch.equal(torch.get_rng_state(), state)
    assert (seen[0].flatten(1).std(dim=1) == 0).all()
    assert seen[0][:, 0, 0, 0].unique().numel() == 4
    assert torch.equal(seen[0], seen[1])
    assert not torch.equal(seen[0], seen[2])


def test_penalties_train_the_discriminator_and_leave_the_samples_alone():
    network = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    real = torch.randn(5, 2, generator=seeded()).requires_grad_()
    fake = torch.randn(5, 2, generator=seeded(1)).requires_grad_()
    loss = gradient_penalty(network, real, fake, generator=seeded()) + r1_penalty(network, real)
    loss.backward()
    assert network[0].weight.grad.abs().sum() > 0
    assert real.grad is None
    assert fake.grad is None


def test_penalties_of_a_flat_discriminator_have_finite_gradients():
    network = torch.nn.Linear(2, 1)
    torch.nn.init.zeros_(network.weight)
    samples = torch.ones(3, 2)
    loss = gradient_penalty(network, samples, samples, generator=seeded())
    (loss + r1_penalty(network, samples)).backward()
    assert loss.item() == 1
    assert network.weight.grad.isfinite().all()


def test_r1_is_half_the_mean_squared_gradient():
    assert r1_penalty(linear, torch.zeros(3, 2)).item() == pytest.approx(12.5)
    images = torch.randn(4, 1, 3, 3, generator=seeded())
    expected = 0.5 * images.square().sum(dim=(1, 2, 3)).mean()
    assert r1_penalty(quadratic, images).item() == pytest.approx(expected.item())


def test_penalties_refuse_bad_input():
    two, three = torch.zeros(2, 2), torch.zeros(3, 2)
    with pytest.raises(ValueError, match=r"one shape.*\(2, 2\) and \(3, 2\)"):
        gradient_penalty(linear, two, three, generator=seeded())
    with pytest.raises(ValueError, match="target must be at least 0"):
        gradient_penalty(linear, two, two, generator=seeded(), target=-1.0)
    with pytest.raises(ValueError, match="at least one sample"):
        r1_penalty(linear, torch.zeros(0, 2))
