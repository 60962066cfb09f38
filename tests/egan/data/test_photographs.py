import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from egan.data import load, photographs


@pytest.fixture(scope="module")
def squares():
    return load("photographs")


def test_squares_of_two_photographs(squares):
    assert squares.samples.shape == (520, 3, 32, 32)
    assert load("photographs", image_size=64, channels=1).samples.shape == (120, 1, 64, 64)


def test_one_photograph_is_kept_for_tests(squares):
    cut = photographs.squares(load_sample_image("flower.jpg"), 32)
    assert np.array_equal(load("photographs", split="test").samples, cut)
    known = {one.tobytes() for one in load("photographs", split="train").samples}
    assert len(known) == 260
    assert not known & {one.tobytes() for one in cut}


def test_squares_lie_side_by_side():
    rows, columns = np.mgrid[:7, :9]
    photograph = np.stack([rows, columns, rows * 0], axis=2).astype(np.uint8)
    cut = photographs.squares(photograph, 3)
    assert cut.shape == (6, 3, 3, 3)
    assert cut[:, 0, 0, 0].tolist() == [0, 0, 0, 3, 3, 3]
    assert cut[:, 1, 0, 0].tolist() == [0, 3, 6, 0, 3, 6]
    middle = photographs.squares(photograph, 5)  # one, from the middle
    assert middle[0, :, 0, 0].tolist() == [1, 2, 0]


def test_squares_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="squares that fit twice"):
        load("photographs", image_size=512)
