"""An hourglass: its sizes and skip links, and what does not fit."""

import pytest
import torch

from egan.networks.hourglass import Hourglass, halvings


def test_an_hourglass_ends_as_large_as_it_began_and_each_layer_sees_the_encoders():
    made = Hourglass((3, 32, 32), 2, width=4, bottleneck=8)
    assert made(torch.rand(2, 3, 32, 32)).shape == (2, 2, 32, 32)
    assert made.base == (16, 4, 4)
    assert [layer.in_channels for layer in made.decoder] == [32, 16, 8]
    torch.nn.init.zeros_(made.narrow.weight)
    one, other = made(torch.rand(2, 3, 32, 32))
    assert not torch.equal(one, other)


def test_images_are_halved_down_to_four_or_seven_pixels():
    assert [halvings((1, size, size)) for size in (8, 16, 28, 256)] == [1, 2, 2, 6]
    for shape in ((1, 4, 4), (1, 9, 9), (1, 16, 8), (16, 16)):
        with pytest.raises(ValueError, match="squares of 8 or more"):
            halvings(shape)
