"""An hourglass: its sizes, with skip links and without, and what does not fit."""

import pytest
import torch

from egan.networks.hourglass import Hourglass, halvings


@pytest.mark.parametrize("skips", [True, False])
def test_an_hourglass_ends_as_large_as_it_began(skips):
    made = Hourglass((3, 32, 32), 2, width=4, bottleneck=8, skips=skips)
    assert made(torch.rand(2, 3, 32, 32)).shape == (2, 2, 32, 32)
    assert made.base == (16, 4, 4)
    assert made.decoder[0].in_channels == (32 if skips else 16)


def test_without_skips_all_goes_through_the_code():
    for skips, alike in ((True, False), (False, True)):
        made = Hourglass((1, 16, 16), 1, width=4, bottleneck=8, skips=skips)
        torch.nn.init.zeros_(made.narrow.weight)
        one, other = made(torch.rand(2, 1, 16, 16))
        assert torch.equal(one, other) == alike


def test_images_are_halved_down_to_four_or_seven_pixels():
    assert [halvings((1, size, size)) for size in (8, 16, 28, 256)] == [1, 2, 2, 6]
    for shape in ((1, 4, 4), (1, 9, 9), (1, 16, 8), (16, 16)):
        with pytest.raises(ValueError, match="squares of 8 or more"):
            halvings(shape)
