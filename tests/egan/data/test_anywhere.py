"""What plainly lies at a path is read as that, images as squares of any size."""

import numpy as np
import pytest
from PIL import Image

from egan.data.anywhere import loader_at, read


def folder(path, *sizes):
    path.mkdir()
    for i, size in enumerate(sizes):
        Image.new("RGB", size, (9 * i, 0, 0)).save(path / f"{i}.png")
    return path


def test_a_folder_is_read_in_the_size_that_most_of_its_images_have(tmp_path):
    found = read(folder(tmp_path / "a", (12, 15), (12, 15), (15, 12), (40, 40)), flag="REAL")
    assert found.shape == (3, 12, 12)
    assert read(tmp_path / "a", flag="REAL", image_size=7, channels=1).shape == (1, 7, 7)


def test_arrays_of_any_size_are_cropped_to_squares(tmp_path):
    np.savez(tmp_path / "a.npz", images=np.zeros((3, 10, 14, 3), np.uint8))
    assert read(tmp_path / "a.npz", flag="REAL").shape == (3, 10, 10)


def test_published_files_are_known(tmp_path):
    (tmp_path / "cifar").mkdir()
    (tmp_path / "cifar/data_batch_1.bin").write_bytes(bytes(2 * 3073))
    assert loader_at(tmp_path / "cifar") == "cifar10"
    assert read(tmp_path / "cifar", flag="REAL", image_size=20).shape == (3, 20, 20)
    (tmp_path / "MNIST/raw").mkdir(parents=True)
    (tmp_path / "MNIST/raw/train-images-idx3-ubyte.gz").touch()
    assert loader_at(tmp_path) == "mnist"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere", "REAL .*nowhere does not exist; give a folder"),
        ("a.txt", "REAL .*a.txt is neither a folder nor a .npz file"),
        ("a.npz", "REAL .*a.npz: got a file that cannot be read"),
        ("empty", "REAL .*empty: got an empty folder"),
        ("broken", "REAL .*broken: got no image that can be opened"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_flag(name, message, tmp_path):
    for file in ("a.txt", "a.npz"):
        (tmp_path / file).write_text("nothing")
    for path in ("empty", "broken"):
        (tmp_path / path).mkdir()
    (tmp_path / "broken/a.png").write_text("nothing")
    with pytest.raises(ValueError, match=message) as told:
        read(tmp_path / name, flag="REAL")
    assert "--data" not in str(told.value)
