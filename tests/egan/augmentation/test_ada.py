"""Each step of ADA against an oracle, its probabilities, and the rule by which p moves."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage

from egan.augmentation.ada import (
    Adaptive,
    draw,
    hue,
    luma_flip,
    recoloured,
    resampled,
    rotation,
    saturation,
    scaling,
    shifting,
)

SIDE = 16


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def numbers(*values):
    return torch.tensor(values, dtype=torch.float32)


@pytest.fixture(scope="module")
def images():
    return 2 * torch.rand(4, 3, SIDE, SIDE, generator=rng(1)) - 1


def test_whole_pixels_are_moved_without_a_loss_and_edges_are_mirrored(images):
    moved = resampled(images[:1], shifting(numbers(3), numbers(-2)))
    padded = torch.cat([images[:1].flip(3), images[:1], images[:1].flip(3)], dim=3)
    padded = torch.cat([padded.flip(2), padded, padded.flip(2)], dim=2)
    expected = padded[:, :, SIDE + 2 : 2 * SIDE + 2, SIDE - 3 : 2 * SIDE - 3]
    assert torch.allclose(moved, expected, atol=1e-5)


@pytest.mark.parametrize("turns", range(4))
def test_quarter_turns_and_flips_are_those_of_torch(images, turns):
    turned = resampled(images[:1], rotation(numbers(turns * math.pi / 2)))
    assert torch.allclose(turned, images[:1].rot90(turns, (2, 3)), atol=1e-5)
    flipped = resampled(images[:1], scaling(numbers(-1), numbers(1)))
    assert torch.allclose(flipped, images[:1].flip(3), atol=1e-5)


@pytest.mark.parametrize("wide", [SIDE, 10])
def test_any_geometry_is_what_scipy_resamples(images, wide):
    images = images[..., :wide]
    draws = numbers(0.3), numbers(1.2), numbers(0.8), numbers(1.7), numbers(-0.6)
    geometry = rotation(draws[0]) @ scaling(*draws[1:3]) @ shifting(*draws[3:])
    ours = resampled(images[:1], geometry)[0].numpy()
    y, x = np.mgrid[:SIDE, :wide].astype(float)
    centre = np.array([(wide - 1) / 2, (SIDE - 1) / 2, 0])[:, None]
    places = np.stack([x.ravel(), y.ravel(), np.ones(x.size)]) - centre
    found = (geometry[0].numpy() @ places + centre)[1::-1]
    for channel, mine in zip(images[0].numpy(), ours, strict=True):
        theirs = ndimage.map_coordinates(channel, found, order=1, mode="reflect")
        assert np.allclose(mine.ravel(), theirs, atol=1e-4)


def test_a_scale_above_1_magnifies():
    image = torch.zeros(1, 1, SIDE, SIDE)
    image[..., 6:10, 6:10] = 1
    wider = resampled(image, scaling(numbers(0.5), numbers(1)))
    assert wider[0, 0, 8].sum() == pytest.approx(8, abs=0.01)
    assert wider[0, 0, :, 8].sum() == pytest.approx(4, abs=0.01)


def test_a_hue_keeps_lightness_and_a_third_of_a_turn_swaps_channels(images):
    turned = recoloured(images, hue(numbers(*[2 * math.pi / 3] * 4)), torch.zeros(4, 3))
    assert torch.allclose(turned, images[:, [2, 0, 1]], atol=1e-5)
    anyhow = recoloured(images, hue(numbers(0.1, 1, 2, 3)), torch.zeros(4, 3))
    assert torch.allclose(anyhow.mean(1), images.mean(1), atol=1e-6)
    assert torch.allclose(anyhow.square().sum(1), images.square().sum(1), atol=1e-5)


def test_saturation_keeps_lightness_and_multiplies_chroma(images):
    changed = recoloured(images, saturation(numbers(0, 0.5, 2, 1)), torch.zeros(4, 3))
    grey = images.mean(1, keepdim=True)
    factor = numbers(0, 0.5, 2, 1).view(-1, 1, 1, 1)
    assert torch.allclose(changed - grey, factor * (images - grey), atol=1e-6)


def test_a_luma_flip_inverts_lightness_and_keeps_chroma(images):
    flipped = recoloured(images, luma_flip(torch.ones(4)), torch.zeros(4, 3))
    assert torch.allclose(flipped.mean(1), -images.mean(1), atol=1e-6)
    chroma = [one - one.mean(1, keepdim=True) for one in (flipped, images)]
    assert torch.allclose(*chroma, atol=1e-6)
    grey = images[:, :1]
    assert torch.allclose(recoloured(grey, luma_flip(torch.ones(4)), torch.zeros(4, 3)), -grey)


def test_grey_images_change_as_colour_ones_of_equal_channels():
    grey = 2 * torch.rand(64, 1, SIDE, SIDE, generator=rng(2)) - 1
    drawn = draw((64, 1, SIDE, SIDE), rng=rng(), strength=1.0)
    as_colour = recoloured(grey.expand(-1, 3, -1, -1), drawn.colours, drawn.shift)
    assert torch.allclose(recoloured(grey, drawn.colours, drawn.shift), as_colour[:, :1], atol=1e-5)


@pytest.mark.parametrize("p", [0.0, 0.2, 0.7])
def test_a_step_is_taken_with_probability_p(p):
    count = 4000
    drawn = draw((count, 3, SIDE, SIDE), rng=rng(5), strength=p)
    q = 1 - math.sqrt(1 - p)
    # six steps of p and two of q for geometry; five for colours
    assert float(drawn.moved.float().mean()) == pytest.approx(
        1 - (1 - p) ** 6 * (1 - q) ** 2, abs=0.03
    )
    assert float(drawn.coloured.float().mean()) == pytest.approx(1 - (1 - p) ** 5, abs=0.03)


def test_p_0_is_the_identity_and_untaken_pictures_stay_the_same_bits():
    images = 2 * torch.rand(300, 3, SIDE, SIDE, generator=rng(6)) - 1
    assert torch.equal(draw(tuple(images.shape), rng=rng(), strength=0.0)(images), images)
    drawn = draw(tuple(images.shape), rng=rng(), strength=0.1)
    untaken = ~(drawn.moved | drawn.coloured)
    assert 0 < int(untaken.sum()) < 300
    changed = drawn(images)
    assert torch.equal(changed[untaken], images[untaken])
    assert not torch.equal(changed[~untaken], images[~untaken])


def adapted(*batches, target=0.6, kimg=1.0, least=8):
    """Return what was kept after batches of logits, with a step of D after each."""
    kept = Adaptive()
    for logits in batches:
        kept.hear(torch.tensor(logits))
        kept.adapt(target=target, kimg=kimg, least=least)
    return kept


def test_p_rises_where_the_discriminator_is_sure_of_real_pictures():
    sure, unsure = [1.0] * 4, [1.0, 1.0, 1.0, -1.0]
    assert float(adapted(sure).p) == 0, "it waits for as many pictures as four batches have"
    assert float(adapted(sure, sure).p) == pytest.approx(8 / 1000)
    assert float(adapted(*[sure] * 6).p) == pytest.approx(24 / 1000)
    assert float(adapted(*[sure] * 4, unsure, unsure).p) == pytest.approx(8 / 1000)
    assert float(adapted(unsure, unsure).p) == 0, "never below 0"
    assert float(adapted(*[sure] * 4, kimg=0.008).p) == 1, "nor above 1"
    assert float(adapted(*[unsure] * 2, target=0.4).p) > 0


def test_what_was_heard_is_part_of_the_state():
    kept = adapted([1.0] * 4)
    other = Adaptive()
    other.load_state_dict(kept.state_dict())
    other.hear(torch.ones(4))
    other.adapt(target=0.6, kimg=1.0, least=8)
    assert float(other.p) == pytest.approx(8 / 1000)
    assert int(other.heard) == 0
