import numpy as np
import pytest
import torch

from fitness import pairwise_distances, pairwise_diversity


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_agrees_with_numpy_over_the_same_shuffles():
    samples = torch.randn(9, 2, 3, dtype=torch.float64, generator=seeded(3))
    generator, array = seeded(7), samples.numpy()
    orders = [torch.randperm(9, generator=generator).numpy() for _ in range(5)]
    expected = np.mean([np.abs(array - array[order]).mean() for order in orders])
    result = pairwise_diversity(samples, generator=seeded(7))
    assert result.shape == ()
    assert result.item() == pytest.approx(expected, rel=1e-12)


def test_equal_samples_have_none_and_wider_ones_have_more():
    samples = torch.randn(64, 2, generator=seeded(3))
    assert pairwise_diversity(torch.ones(8, 2), generator=seeded()).item() == 0
    narrow = pairwise_diversity(samples, generator=seeded())
    wide = pairwise_diversity(3 * samples, generator=seeded())
    assert wide.item() == pytest.approx(3 * narrow.item(), rel=1e-5)


def test_approaches_the_mean_over_all_pairs():
    samples = torch.randn(40, 1, generator=seeded(3))
    every_pair = (samples - samples.T).abs().mean()
    result = pairwise_diversity(samples, generator=seeded(), num_shuffles=2000)
    assert result.item() == pytest.approx(every_pair.item(), rel=0.02)


def test_draws_from_the_generator_alone_and_keeps_no_graph():
    samples = torch.randn(16, 2, generator=seeded(3)).requires_grad_()
    state = torch.get_rng_state()
    first, again, other = (
        pairwise_diversity(samples, generator=seeded(seed)).item() for seed in (0, 0, 1)
    )
    assert torch.equal(torch.get_rng_state(), state)
    assert first == again != other
    assert not pairwise_diversity(samples, generator=seeded()).requires_grad


@pytest.mark.parametrize("shape", [(), (0, 2), (1, 2), (3, 0)])
def test_refuses_fewer_than_two_samples(shape):
    with pytest.raises(ValueError, match="at least two"):
        pairwise_diversity(torch.zeros(shape), generator=seeded())


def test_refuses_no_shuffles():
    with pytest.raises(ValueError, match="num_shuffles must be at least 1"):
        pairwise_diversity(torch.zeros(3, 2), generator=seeded(), num_shuffles=0)


def test_each_samples_distance_is_its_part_of_the_diversity():
    samples = torch.randn(7, 2, 3, dtype=torch.float64, generator=seeded(3))
    generator, array = seeded(7), samples.numpy()
    orders = [torch.randperm(7, generator=generator).numpy() for _ in range(5)]
    expected = np.mean([np.abs(array - array[order]).mean((1, 2)) for order in orders], axis=0)
    found = pairwise_distances(samples, generator=seeded(7))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)
    whole = pairwise_diversity(samples, generator=seeded(7))
    assert found.mean().item() == pytest.approx(whole.item(), rel=1e-12)
    with pytest.raises(ValueError, match="at least two"):
        pairwise_distances(samples[:1], generator=seeded())
