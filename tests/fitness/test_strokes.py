import numpy as np
import pytest
import torch
from scipy.ndimage import affine_transform

from fitness import ink, slant


def blob(shear=0.0, *, size=33):
    """Make an upright ellipse, (1, 1, H, W) in [-1, 1], sheared to the right."""
    middle = (size - 1) / 2
    y, x = np.mgrid[:size, :size] - middle
    upright = np.exp(-((x / 3) ** 2) - (y / 6) ** 2)
    matrix = np.array([[1.0, 0.0], [shear, 1.0]])  # rows count downwards
    offset = middle - matrix @ [middle, middle]
    return 2.0 * affine_transform(upright, matrix, offset=offset, order=3)[None, None] - 1.0


@pytest.mark.parametrize("shear", [-0.6, 0.0, 0.3, 0.8])
def test_shear_is_the_slant(shear):
    assert slant(blob(shear)) == pytest.approx([shear], abs=0.01)


def test_slant_does_not_depend_on_place_brightness_or_colour():
    image = blob(0.5)
    darker = (image + 1.0) * 0.3 - 1.0
    moved = np.roll(image, (2, -3), axis=(2, 3))
    assert slant(np.concatenate([darker, moved])) == pytest.approx([0.5, 0.5], abs=0.02)
    assert slant(np.repeat(image, 3, axis=1)) == pytest.approx(slant(image))
    assert slant(torch.tensor(image)) == pytest.approx(slant(image))
    assert slant(np.full((1, 1, 8, 8), -1.0)) == [0.0]


def test_ink_is_the_mean_brightness():
    images = np.stack([np.full((1, 2, 2), value) for value in (-1.0, 0.0, 1.0, 5.0)])
    assert ink(images).tolist() == [0.0, 0.5, 1.0, 1.0]


def test_wrong_images_are_refused():
    with pytest.raises(ValueError, match=r"\(N, C, H, W\).*got shape \(2, 8, 8\)"):
        ink(np.zeros((2, 8, 8)))
    with pytest.raises(ValueError, match="NaN"):
        slant(np.full((1, 1, 8, 8), np.nan))
