import numpy as np
import pytest
import torch

from egan.data import load
from egan.data.shapes import ATTRIBUTES, COLOURS, PLACES, SHAPES
from egan.judging import attributes
from egan.judging.attributes import UNREADABLE, read, segment


@pytest.mark.parametrize(("size", "count"), [(16, 1000), (32, 200)])
def test_true_images_are_read_right(size, count):
    data = load("shapes", image_size=size)
    found, true = read(data.real(count)), data.spread(count)
    for name in ATTRIBUTES:
        right = getattr(found, name) == data.annotations[name][true]
        assert right.mean() >= 0.99, name
    assert found.readable.all()


@pytest.mark.parametrize("name", ["shapes", "scenes"])
def test_segmentation_agrees_with_what_was_rendered(name):
    data = load(name, image_size=32)
    found, true = segment(data.real(500)), data.annotations["segmentation"][data.spread(500)]
    for colour in np.unique(true):
        both, either = (found == colour) & (true == colour), (found == colour) | (true == colour)
        assert both.sum() / either.sum() > 0.9


@pytest.fixture(scope="module")
def one():
    data = load("shapes", image_size=32)
    wanted = {"shape": "cross", "colour": "red", "size": "large", "place": "left"}
    chosen = np.all(
        [data.annotations[k] == ATTRIBUTES[k].index(v) for k, v in wanted.items()], axis=0
    )
    return data.tensor(np.flatnonzero(chosen)[:1])


def test_changes_of_an_image_change_what_is_read(one):
    def names(image):
        found = read(image)
        return {key: ATTRIBUTES[key][int(getattr(found, key)[0])] for key in ATTRIBUTES}

    before = {"shape": "cross", "colour": "red", "size": "large", "place": "left"}
    assert names(one) == before
    assert names(one.flip(3)) == before | {"place": "right"}
    assert names(one.flip(1)) == before | {"colour": "blue"}
    small = torch.nn.functional.interpolate(one, size=(16, 16), mode="area")
    padded = torch.nn.functional.pad(small, (4, 12, 8, 8), value=float(one[0, 0, -1, -1]))
    assert names(padded) == before | {"size": "small"}
    assert names(one + 0.05 * torch.randn(one.shape, generator=torch.Generator())) == before


def test_the_largest_of_several_objects_is_read(one):
    small = one.clone()
    small[:, :, 2:5, 26:30] = torch.tensor([-0.6, -0.4, 0.8])[None, :, None, None]
    found = read(small)
    assert (SHAPES[found.shape[0]], COLOURS[found.colour[0]]) == ("cross", "red")
    assert PLACES[found.place[0]] == "left"


@pytest.mark.parametrize("size", [16, 32])
def test_what_is_no_shape_is_unreadable(size):
    generator = torch.Generator().manual_seed(0)
    shape = (3, size, size)
    red = torch.tensor([0.8, -0.7, -0.7])[:, None, None].expand(shape)
    ring = torch.full(shape, -0.6)
    ring[:, 2:-2, 2:-2] = red[:, 2:-2, 2:-2]
    ring[:, 3:-3, 3:-3] = -0.6
    images = torch.stack([torch.full(shape, -0.6), red, ring])
    found = read(images)
    assert not found.readable.any()
    assert all((values == UNREADABLE).all() for values in found)
    noise = torch.rand((200, *shape), generator=generator) * 2 - 1
    assert read(noise).readable.mean() < 0.1


def test_many_images_are_read_in_parts(monkeypatch):
    images = load("shapes").real(30)
    whole = read(images)
    monkeypatch.setattr(attributes, "BATCH", 7)
    assert all(np.array_equal(a, b) for a, b in zip(whole, read(images), strict=True))


def test_grey_images_are_refused():
    with pytest.raises(ValueError, match=r"in colour to be read, but got \(2, 1, 16, 16\)"):
        read(torch.zeros(2, 1, 16, 16))
