import numpy as np
import pytest
import torch

from egan.networks.minibatch import MinibatchDiscrimination, MinibatchStd


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def test_minibatch_discrimination_is_its_formula():
    layer = MinibatchDiscrimination(4, num_kernels=3, kernel_dim=2).double()
    features = torch.randn(5, 4, dtype=torch.float64)
    kernels = layer.kernels.weight.detach().numpy().reshape(3, 2, 4)  # B, C, A
    rows = np.einsum("na,bca->nbc", features.numpy(), kernels)
    expected = np.full((5, 3), -1.0)
    for i in range(5):
        for j in range(5):
            if i != j:
                expected[i] += np.exp(-np.abs(rows[i] - rows[j]).sum(1))
    found = layer(features).detach()
    assert torch.equal(found[:, :4], features)
    np.testing.assert_allclose(found[:, 4:], expected, rtol=0, atol=1e-12)


def test_a_collapsed_batch_is_as_close_as_can_be_and_a_scattered_one_is_not():
    layer = MinibatchDiscrimination(4, num_kernels=3)
    collapsed = layer(torch.ones(6, 4))[:, 4:]
    torch.testing.assert_close(collapsed, torch.full((6, 3), 6.0 - 1 - 1))
    scattered = layer(1000 * torch.randn(6, 4))[:, 4:]
    torch.testing.assert_close(scattered, torch.full((6, 3), -1.0))


def test_the_mean_closeness_does_not_depend_on_the_size_of_the_batch():
    layer = MinibatchDiscrimination(4, num_kernels=3, mean=True)
    features = torch.randn(5, 4)
    pairs = [layer(features[[0, j]])[0] for j in range(1, 5)]
    torch.testing.assert_close(layer(features)[0], torch.stack(pairs).mean(dim=0))
    assert torch.equal(layer(features[:1])[0, 4:], torch.full((3,), -1.0))


def test_minibatch_discrimination_allows_a_gradient_penalty():
    layer = MinibatchDiscrimination(4, num_kernels=3)
    features = torch.randn(5, 4, requires_grad=True)
    (slope,) = torch.autograd.grad(layer(features).sum(), features, create_graph=True)
    slope.square().sum().backward()
    assert layer.kernels.weight.grad.isfinite().all()
    assert layer.kernels.weight.grad.abs().sum() > 0


def test_minibatch_std_is_the_mean_deviation_in_each_group():
    hidden = torch.randn(6, 2, 3, 5, dtype=torch.float64)
    found = MinibatchStd(group_size=3)(hidden)
    assert found.shape == (6, 3, 3, 5)
    assert torch.equal(found[:, :2], hidden)
    for group in (0, 1):
        deviation = hidden[group::2].numpy().std(axis=0).mean()
        torch.testing.assert_close(found[group::2, 2], torch.full((3, 3, 5), deviation).double())


def test_minibatch_std_of_equal_samples_is_nothing_and_can_be_trained():
    hidden = torch.ones(4, 2, 3, 3, requires_grad=True)
    found = MinibatchStd()(hidden)
    assert found[:, 2].max() < 1e-3
    found.sum().backward()
    assert hidden.grad.isfinite().all()


def test_a_batch_smaller_than_a_group_is_a_group_and_a_remainder_is_refused():
    hidden = torch.randn(3, 2, 3, 3)
    expected = hidden.std(0, correction=0).mean().item()
    assert MinibatchStd(4)(hidden)[0, 2, 0, 0].item() == pytest.approx(expected, rel=1e-4)
    with pytest.raises(ValueError, match="a batch of 6 cannot be cut into groups of 4"):
        MinibatchStd(4)(torch.randn(6, 2, 3, 3))
