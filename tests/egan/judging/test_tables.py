"""Laws that are counted: probabilities of whole images, and what they count."""

import itertools
import math

import pytest
import torch

from egan.judging.tables import (
    bits_per_dimension,
    contexts,
    counted,
    each_alone,
    pixel_laws,
    two_neighbours,
)

LEVELS = 3


def drawn(count, *, size=2, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(LEVELS, (count, 1, size, size), generator=rng)


@pytest.mark.parametrize("law", [each_alone, two_neighbours])
@pytest.mark.parametrize("count", [1, 40])
def test_they_are_laws_of_images(law, count):
    everything = torch.tensor(list(itertools.product(range(LEVELS), repeat=4))).view(-1, 1, 2, 2)
    total = law(drawn(count), everything, levels=LEVELS).exp().sum()
    assert float(total) == pytest.approx(1.0, abs=1e-12)


def test_a_pixels_law_is_what_was_counted():
    images = torch.tensor([[0, 1], [0, 1], [0, 2], [1, 1]]).view(4, 1, 1, 2)
    law = pixel_laws(images, LEVELS, smoothing=0.0)
    expected = torch.tensor([[3 / 4, 1 / 4, 0], [0, 3 / 4, 1 / 4]], dtype=torch.float64)
    torch.testing.assert_close(law, expected)
    whole = (torch.tensor([3, 4, 1]) + 1 / 3) / 9
    smooth = pixel_laws(images, LEVELS, smoothing=2.0)
    torch.testing.assert_close(smooth[0], (torch.tensor([3, 1, 0]) + 2 * whole.double()) / 6)


def test_a_pixel_follows_from_its_left_and_upper_neighbour():
    """Each pixel is the sum of both, modulo 3, beyond the border 0: nothing is left to chance."""
    images = torch.zeros(300, 1, 3, 3, dtype=torch.int64)
    images[..., 0, 0] = drawn(300, size=1)[..., 0, 0]
    for i, j in itertools.product(range(3), range(3)):
        if i or j:
            left = images[..., i, j - 1] if j else 0
            above = images[..., i - 1, j] if i else 0
            images[..., i, j] = (left + above) % 3
    nats = two_neighbours(images[:200], images[200:], levels=LEVELS).mean()
    alone = each_alone(images[:200], images[200:], levels=LEVELS).mean()
    assert float(nats) == pytest.approx(-math.log(3), abs=1.0)
    assert nats > alone + 4


def test_beyond_the_border_is_a_level_of_its_own():
    found = contexts(torch.tensor([[0, 1], [2, 0]]).view(1, 1, 2, 2), LEVELS)
    by_hand = [[3 * 4 + 3, 0 * 4 + 3], [3 * 4 + 0, 2 * 4 + 1]]
    assert found[0, 0].tolist() == by_hand


def test_bits():
    assert bits_per_dimension(-10 * math.log(2), 5) == pytest.approx(2.0)


def test_numbers_are_counted():
    known = torch.tensor([[3, 9], [3, 4]])
    assert counted(known, torch.tensor([3, 4, 5, 9, 100, -1])).tolist() == [2, 1, 0, 1, 0, 0]


def test_a_place_may_have_a_law_of_its_own():
    """Pixels that copy their left neighbour in one row, and turn it over in the next."""
    left = torch.randint(2, (400, 1, 2, 1), generator=torch.Generator().manual_seed(0))
    images = torch.cat([left, left], dim=3)
    images[:, :, 1, 1] = 1 - images[:, :, 1, 1]
    nats = two_neighbours(images[:200], images[200:], levels=2, backing=1.0).mean()
    assert float(nats) == pytest.approx(-2 * math.log(2), abs=0.1)
