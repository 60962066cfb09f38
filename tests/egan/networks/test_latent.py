import math

import pytest
import scipy.stats
import torch

from egan.networks.latent import (
    draw_codes,
    interpolate,
    slerp,
    traverse,
    truncate,
    truncated_normal,
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def two(dim=6):
    return torch.randn(2, dim, generator=seeded(), dtype=torch.float64)


@pytest.mark.parametrize("walk", [interpolate, slerp])
def test_walks_begin_and_end_where_they_should(walk):
    start, end = two()
    codes = walk(start, end, steps=5)
    assert codes.shape == (5, 6)
    torch.testing.assert_close(codes[[0, -1]], torch.stack([start, end]))
    torch.testing.assert_close(codes, walk(end, start, steps=5).flip(0))


def test_a_straight_walk_has_equal_steps_and_an_arc_equal_angles():
    start, end = two()
    steps = interpolate(start, end, steps=6).diff(dim=0)
    torch.testing.assert_close(steps, steps[:1].expand(5, 6))
    start, end = start / start.norm(), end / end.norm()
    arc = slerp(start, end, steps=6)
    torch.testing.assert_close(arc.norm(dim=1), torch.ones(6).double())
    cosines = (arc[1:] * arc[:-1]).sum(1)
    torch.testing.assert_close(cosines, cosines[:1].expand(5))


def test_an_arc_between_equal_codes_stays_there():
    start, _ = two()
    torch.testing.assert_close(slerp(start, start, steps=3), start.expand(3, 6), rtol=1e-3, atol=0)


def test_a_traversal_changes_one_dimension_row_by_row():
    codes = two(3)
    values = torch.tensor([-2.0, 0.0, 2.0])
    grid = traverse(codes, dimension=1, values=values).unflatten(0, (2, 3))
    for row in range(2):
        assert grid[row, :, 1].tolist() == values.tolist()
        assert torch.equal(grid[row][:, [0, 2]], codes[row, [0, 2]].expand(3, 2))
    assert torch.equal(codes, two(3))


@pytest.mark.parametrize("threshold", [0.04, 0.5, 2.0])
def test_truncated_codes_follow_the_law_of_redrawing(threshold):
    codes = truncated_normal(5000, 4, threshold=threshold, generator=seeded())
    assert codes.dtype == torch.float32
    assert codes.abs().max() <= threshold
    law = scipy.stats.truncnorm(-threshold, threshold)
    assert scipy.stats.kstest(codes.flatten().numpy(), law.cdf).pvalue > 0.01
    assert codes.std().item() == pytest.approx(law.std(), rel=0.02)


def test_an_infinite_threshold_truncates_nothing():
    codes = truncated_normal(5000, 4, threshold=math.inf, generator=seeded())
    assert codes.isfinite().all()
    assert scipy.stats.kstest(codes.flatten().numpy(), "norm").pvalue > 0.01
    assert codes.abs().max() > 3.5


def test_truncated_codes_come_from_their_generator():
    state = torch.get_rng_state()
    first = truncated_normal(3, 2, threshold=1.0, generator=seeded(1))
    assert torch.equal(first, truncated_normal(3, 2, threshold=1.0, generator=seeded(1)))
    assert not torch.equal(first, truncated_normal(3, 2, threshold=1.0, generator=seeded(2)))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("threshold", [0.0, -1.0, math.nan])
def test_thresholds_that_leave_nothing_are_refused(threshold):
    with pytest.raises(ValueError, match="must be positive"):
        truncated_normal(3, 2, threshold=threshold, generator=seeded())


def test_truncation_moves_codes_towards_their_mean():
    codes, mean = two(), torch.ones(6).double()
    torch.testing.assert_close(truncate(codes, mean=mean, psi=1), codes)
    torch.testing.assert_close(truncate(codes, mean=mean, psi=0), mean.expand(2, 6))
    torch.testing.assert_close(truncate(codes, mean=mean, psi=0.5), (codes + mean) / 2)


def test_codes_are_normal_or_uniform():
    normal, uniform = (draw_codes(4000, 3, law=law, rng=seeded()) for law in ("normal", "uniform"))
    assert normal.shape == uniform.shape == (4000, 3)
    assert torch.equal(uniform, 2 * torch.rand(4000, 3, generator=seeded()) - 1)
    assert -1 <= float(uniform.min()) < -0.99
    assert 0.99 < float(uniform.max()) <= 1 < float(normal.abs().max())
    assert float(uniform.mean()) == pytest.approx(0, abs=0.02)
    assert float(normal.var()) == pytest.approx(1, abs=0.05)
    assert float(uniform.var()) == pytest.approx(1 / 3, abs=0.02)
