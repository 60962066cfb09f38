"""Each step of DiffAugment against an oracle, and what a draw of all of them is."""

import pytest
import torch
import torch.nn.functional as F

from egan.augmentation import FAMILIES, drawn
from egan.augmentation.diffaugment import (
    brightness,
    contrast,
    cutout,
    draw,
    saturation,
    translation,
)

COUNT, SIDE = 400, 16
SHAPE = (COUNT, 3, SIDE, SIDE)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def images():
    return 2 * torch.rand(SHAPE, generator=rng(1)) - 1


@pytest.fixture(scope="module")
def transform():
    return draw(SHAPE, rng=rng())


def test_brightness_moves_the_mean_and_nothing_else(images):
    shift = torch.linspace(-0.5, 0.5, COUNT)
    changed = brightness(images, shift)
    assert torch.allclose(changed - images, shift.view(-1, 1, 1, 1).expand(SHAPE), atol=1e-6)


def test_saturation_keeps_the_grey_of_each_pixel(images):
    factor = torch.linspace(0, 2, COUNT)
    changed = saturation(images, factor)
    assert torch.allclose(changed.mean(1), images.mean(1), atol=1e-6)
    assert torch.allclose(changed[0], images[0].mean(0, keepdim=True).expand(3, -1, -1), atol=1e-6)
    grey = images[:, :1]
    assert torch.equal(saturation(grey, factor), grey)


def test_contrast_keeps_the_mean_and_multiplies_the_deviation(images):
    factor = torch.linspace(0.5, 1.5, COUNT)
    changed = contrast(images, factor)
    assert torch.allclose(changed.mean((1, 2, 3)), images.mean((1, 2, 3)), atol=1e-6)
    assert torch.allclose(changed.std((1, 2, 3)), factor * images.std((1, 2, 3)), atol=1e-5)


@pytest.mark.parametrize(("down", "right"), [(0, 0), (2, -1), (-3, 0), (0, 5), (-2, -2)])
def test_translation_is_a_padded_crop(images, down, right):
    moved = translation(images, torch.full((COUNT,), down), torch.full((COUNT,), right))
    padded = F.pad(images, (5, 5, 5, 5))
    expected = padded[:, :, 5 - down : 5 - down + SIDE, 5 - right : 5 - right + SIDE]
    assert torch.equal(moved, expected)


def test_each_image_moves_by_its_own(images):
    down = torch.arange(COUNT) % 3
    moved = translation(images, down, torch.zeros(COUNT, dtype=torch.int64))
    assert torch.equal(moved[:1], images[:1])
    assert torch.equal(moved[1, :, 1:], images[1, :, :-1])
    assert torch.equal(moved[2, :, 2:], images[2, :, :-2])


def test_cutout_is_a_rectangle_of_grey_clipped_at_the_edge(images):
    top, left = torch.tensor([3, -2, 14]), torch.tensor([0, 12, -9])
    cut = cutout(images[:3], top, left, size=(4, 8))
    expected = images[:3].clone()
    expected[0, :, 3:7, 0:8] = 0
    expected[1, :, 0:2, 12:16] = 0
    assert torch.equal(cut, expected), "the third one's lies outside"


def test_what_is_drawn_fills_the_published_ranges(transform):
    bright, saturated, contrasted = transform.colours
    for values, low, high in ((bright, -0.5, 0.5), (saturated, 0, 2), (contrasted, 0.5, 1.5)):
        assert low <= values.min() < low + 0.05 * (high - low)
        assert high - 0.05 * (high - low) < values.max() <= high
        assert float(values.mean()) == pytest.approx((low + high) / 2, abs=0.1)
    assert set(transform.moves.unique().tolist()) == {-2, -1, 0, 1, 2}
    assert transform.hole == (8, 8)
    assert set(transform.holes.unique().tolist()) == set(range(-4, 13))


def test_a_strength_of_0_changes_nothing_and_a_half_halves(images):
    assert torch.equal(draw(SHAPE, rng=rng(), strength=0.0)(images), images)
    whole, half = (draw(SHAPE, rng=rng(), strength=s) for s in (1.0, 0.5))
    neutral = torch.tensor([[0.0], [1.0], [1.0]])
    assert torch.allclose(2 * (half.colours - neutral), whole.colours - neutral, atol=1e-6)
    assert half.hole == (4, 4)
    assert half.moves.abs().max() == 1


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_draws_as_many_numbers_whatever_its_strength(name):
    after = []
    for strength in (0.0, 0.3, 1.0):
        generator = rng()
        drawn(name, SHAPE, rng=generator, strength=strength)
        after.append(torch.rand(1, generator=generator))
    assert after[0] == after[1] == after[2]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", FAMILIES)
def test_the_gradient_passes_and_is_that_of_finite_differences(name, channels):
    transform = drawn(name, (3, channels, 8, 8), rng=rng(3), strength=1.0)
    images = torch.rand(3, channels, 8, 8, generator=rng(4), dtype=torch.float64)
    assert torch.autograd.gradcheck(transform, images.requires_grad_(), eps=1e-5, atol=1e-4)
    assert transform(images).dtype == torch.float64
    assert not torch.allclose(transform(images), images)


def test_an_unknown_family_is_told():
    with pytest.raises(ValueError, match=r"augmentation \(--augment\) 'diffaug'.*'diffaugment'"):
        drawn("diffaug", SHAPE, rng=rng())
