"""GP-GAN: an equation that keeps details and takes colours, and the game before it."""

import pytest
import torch
import torch.nn.functional as F

from egan.collection import testing as checks
from egan.collection.gp_gan.poisson import (
    Differences,
    blended,
    differences,
    divergence,
    pyramid,
    seamless,
)

DOUBLE = torch.float64


def built(**changed):
    images = checks.random_images((3, 32, 32))
    member = checks.built(checks.tiny("gp_gan", images), changed)
    member.training(True)
    member.rng.manual_seed(0)
    return member


def images(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=DOUBLE)


def blurred(x, sigma):
    """A kernel of three taps, with the pixels at the border repeated beyond it."""
    tap = torch.exp(torch.tensor(-0.5 / sigma**2, dtype=DOUBLE))
    taps = torch.stack([tap, torch.ones((), dtype=DOUBLE), tap]) / (1 + 2 * tap)
    wide = F.pad(x, (1, 1, 1, 1), mode="replicate")
    kernel = (taps[:, None] * taps)[None, None].expand(x.shape[1], 1, 3, 3)
    return F.conv2d(wide, kernel, groups=x.shape[1])


def test_divergence_is_the_adjoint_of_differences():
    x, v = images(2, 3, 5, 7), Differences(images(2, 3, 4, 7, seed=1), images(2, 3, 5, 6, seed=2))
    found = differences(x)
    inner = (found.down * v.down).sum() + (found.right * v.right).sum()
    torch.testing.assert_close((x * divergence(v)).sum(), inner)


@pytest.mark.parametrize(("beta", "sigma"), [(1.0, 0.5), (0.1, 1.0), (20.0, 2.0)])
def test_what_images_have_themselves_is_recovered(beta, sigma):
    x = images(2, 3, 6, 9)
    found = blended(differences(x), blurred(x, sigma), beta=beta, sigma=sigma)
    torch.testing.assert_close(found, x, rtol=0, atol=1e-11)


def test_it_is_the_least_squares_solution():
    v = Differences(images(1, 1, 3, 5, seed=1), images(1, 1, 4, 4, seed=2))
    y, beta, sigma = images(1, 1, 4, 5, seed=3), 0.7, 0.8
    unit = torch.eye(20, dtype=DOUBLE).reshape(20, 1, 4, 5)
    of_unit = differences(unit)
    rows = torch.cat(
        [one.flatten(1) for one in of_unit] + [beta**0.5 * blurred(unit, sigma).flatten(1)], dim=1
    )
    wanted = torch.cat([v.down.flatten(), v.right.flatten(), beta**0.5 * y.flatten()])
    expected = torch.linalg.lstsq(rows.T, wanted[:, None]).solution.reshape(1, 1, 4, 5)
    torch.testing.assert_close(blended(v, y, beta=beta, sigma=sigma), expected)


def test_the_scripts_formula_is_another_and_the_same_where_nothing_is_blurred():
    v, y = differences(images(1, 2, 6, 6)), images(1, 2, 6, 6, seed=1)
    for sigma, same in ((1.0, False), (0.05, True)):
        exact, script = (
            blended(v, y, beta=0.5, sigma=sigma, solver=one) for one in ("exact", "released")
        )
        assert torch.allclose(exact, script) is same


def test_differences_have_no_jump_at_the_seam():
    ramp = torch.arange(16, dtype=DOUBLE).expand(1, 1, 16, 16)
    pasted = ramp.clone()
    pasted[..., 4:12, 4:12] += 5
    found = seamless(pasted, 4)
    torch.testing.assert_close(found.right, torch.ones(1, 1, 16, 15, dtype=DOUBLE))
    torch.testing.assert_close(found.down, torch.zeros(1, 1, 15, 16, dtype=DOUBLE))
    outside = seamless(ramp + ramp.mT**2, 4)
    inside = torch.zeros(15, 16, dtype=torch.bool)
    inside[[3, 11], 4:12] = True
    torch.testing.assert_close(
        outside.down[0, 0][~inside], differences(ramp + ramp.mT**2).down[0, 0][~inside]
    )


def test_a_pasted_constant_goes_if_colours_are_right():
    smooth = torch.linspace(-0.8, 0.8, 32, dtype=DOUBLE).expand(1, 3, 32, 32)
    pasted = smooth.clone()
    pasted[..., 8:24, 8:24] *= 0.9
    pasted[..., 8:24, 8:24] -= 0.2
    low = F.avg_pool2d(smooth, 4)
    made = pyramid(pasted, low, beta=1.0, sigma=0.5)
    before, after = ((one - smooth).square().mean() for one in (pasted, made))
    assert made.shape == pasted.shape
    assert after < before / 10


def test_generators_minimise_the_papers_loss():
    member = built(l2_weight=0.9)
    fake, real = member.fake(8), member.draw(8)
    [loss] = member.generator_losses(fake, real, [member.objective()])
    square = (fake.samples - fake.codes["target"]).square().mean()
    expected = 0.9 * square - 0.1 * member.logits(fake).mean()
    torch.testing.assert_close(0.1 * loss, expected)


def test_the_critics_loss_is_its_gap_and_its_weights_are_clipped():
    member = built(clip=0.02)
    real, fake = member.draw(8), member.fake(8)
    expected = member.logits(fake).mean() - member.logits(real).mean()
    torch.testing.assert_close(member.discriminator_loss(real, fake), expected)
    member.update()
    most = max(float(p.detach().abs().max()) for p in member.discriminator.parameters())
    assert most == pytest.approx(0.02)


def test_the_generator_works_at_the_low_size_and_images_come_back_whole():
    member = built(low_size=16)
    codes = member.codes(4, member.rng)
    assert codes["damaged"].shape == (4, 3, 16, 16)
    assert member.draw(4).samples.shape == (4, 3, 16, 16)
    damaged = member.task.draw(4, member.rng).codes["damaged"]
    with member.judging():
        assert member.restore(damaged, member.rng).shape == (4, 3, 32, 32)


def test_all_weight_for_the_square_leaves_no_game():
    with pytest.raises(ValueError, match=r"--l2-weight must be .*1"):
        built(l2_weight=1.0)
