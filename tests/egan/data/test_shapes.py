import numpy as np
import pytest

from egan.data import load
from egan.data.shapes import ARM, ATTRIBUTES, COLOURS, PALETTE, SHAPES, SQUARE, coverage
from egan.data.splits import split

AREAS = {  # in squared radii
    "circle": np.pi,
    "square": 4 * SQUARE**2,
    "triangle": 0.75 * np.sqrt(3),
    "cross": 8 * ARM - 4 * ARM**2,
}


@pytest.fixture(scope="module")
def shapes():
    return load("shapes")


@pytest.fixture(scope="module")
def scenes():
    return load("scenes")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_covers_its_area_around_its_centre(shape):
    which, centre = np.array([SHAPES.index(shape)]), np.array([[0.2, -0.1]])
    share = coverage(which, np.array([0.5]), centre, image_size=64)[0]
    area = share.sum() * (2 / 64) ** 2
    assert area == pytest.approx(AREAS[shape] * 0.5**2, rel=0.01)
    middle = (np.arange(64) + 0.5) / 32 - 1
    assert (share.sum(axis=0) @ middle) / share.sum() == pytest.approx(0.2, abs=0.005)
    assert (share.sum(axis=1) @ middle) / share.sum() == pytest.approx(-0.1, abs=0.005)
    assert coverage(which, np.array([0.0]), centre, image_size=8).sum() == 0


def test_every_combination_is_there(shapes):
    assert shapes.samples.shape == (5000, 3, 16, 16)
    known = shapes.annotations
    for name, values in ATTRIBUTES.items():
        assert np.bincount(known[name]).min() > 0.9 * 5000 / len(values)
    assert np.array_equal(shapes.labels, 4 * known["shape"] + known["colour"])
    assert len(np.unique(np.stack([known[name] for name in ATTRIBUTES]), axis=1).T) == 160
    assert [len(split(shapes, part)) for part in ("train", "test")] == [4000, 1000]


def test_pixels_of_a_shape_have_its_colour_and_the_others_are_grey(shapes):
    images = shapes.samples[:300].transpose(0, 2, 3, 1) / 255
    segmentation = shapes.annotations["segmentation"][:300]
    colour = shapes.annotations["colour"][:300]
    for image, segments, one in zip(images, segmentation, colour, strict=True):
        assert set(np.unique(segments)) == {0, 1 + one}
        assert np.linalg.norm(image[segments > 0] - PALETTE[one], axis=1).min() < 0.15
        assert np.abs(image[segments == 0].mean(axis=0) - 0.25).max() < 0.2
    bright = images.max(axis=3)
    assert bright[segmentation > 0].mean() > 0.7
    assert np.median(bright[segmentation == 0]) < 0.35


def test_scenes_keep_red_left_and_blue_right(scenes):
    presence, segments = scenes.annotations["presence"], scenes.annotations["segmentation"]
    assert np.array_equal(scenes.labels, presence[:, 0] + 2 * presence[:, 1])
    assert np.bincount(scenes.labels).min() > 1150
    red, blue = segments == 1 + COLOURS.index("red"), segments == 1 + COLOURS.index("blue")
    assert np.array_equal(red.any(axis=(1, 2)), presence[:, 0])
    assert np.array_equal(blue.any(axis=(1, 2)), presence[:, 1])
    assert not red[:, :, 8:].any()
    assert not blue[:, :, :8].any()
    assert set(np.unique(segments)) == {0, 1, 3}


def test_segmentation_has_the_area_of_the_shapes(shapes):
    known = shapes.annotations
    shares = (known["segmentation"] > 0).mean(axis=(1, 2))
    for index, shape in enumerate(SHAPES):
        large = (known["shape"] == index) & (known["size"] == 1)
        assert shares[large].mean() == pytest.approx(AREAS[shape] * 0.5**2 / 4, rel=0.08)


def test_shapes_lie_inside_the_image():
    large = load("shapes", image_size=32).annotations
    circles = large["segmentation"][large["shape"] == SHAPES.index("circle")] > 0
    widths, heights = (circles.any(axis=axis).sum(axis=1) for axis in (1, 2))
    assert np.abs(widths - heights).max() <= 1


def test_the_same_at_every_load_and_at_every_size(shapes):
    assert np.array_equal(load("shapes").samples, shapes.samples)
    large = load("shapes", image_size=32, channels=1)
    assert large.shape == (1, 32, 32)
    assert np.array_equal(large.labels, shapes.labels)
    assert large.annotations["segmentation"].shape == (5000, 32, 32)
