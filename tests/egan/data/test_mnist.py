import gzip
import struct

import numpy as np
import pytest

from egan.data import load

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def idx(array):
    header = struct.pack(f">{1 + array.ndim}I", 2048 + array.ndim, *array.shape)
    return header + array.tobytes()


def pixels(side=28):
    return np.random.default_rng(0).integers(0, 256, (5, side, side), dtype=np.uint8)


def write(folder, images, labels=None, compress=False):
    folder.mkdir(parents=True, exist_ok=True)
    for name, raw in ((IMAGES, images), (LABELS, labels)):
        if raw is not None:
            content = gzip.compress(raw) if compress else raw
            (folder / f"{name}{'.gz' if compress else ''}").write_bytes(content)
    return folder


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("subfolder", ["", "raw", "MNIST/raw"])
def test_idx_files_get_a_black_border(tmp_path, compress, subfolder):
    labels = np.array([3, 1, 4, 1, 5], dtype=np.uint8)
    write(tmp_path / subfolder, idx(pixels()), idx(labels), compress)
    data = load("mnist", path=tmp_path)
    assert data.samples.shape == (5, 1, 32, 32)
    assert np.array_equal(data.samples[:, 0, 2:-2, 2:-2], pixels())
    assert not data.samples[:, 0, :2].any()
    assert data.labels.tolist() == labels.tolist()


def test_other_sizes_and_no_labels(tmp_path):
    write(tmp_path, idx(pixels(16)))
    data = load("mnist", path=tmp_path)
    assert data.shape == (1, 16, 16)
    assert data.labels is None
    assert "no labels" in data.notes[0]
    assert load("mnist", path=tmp_path, image_size=8, channels=3).shape == (3, 8, 8)
    write(tmp_path, idx(pixels(20)))
    with pytest.raises(ValueError, match="image-size is missing: the images are 20x20"):
        load("mnist", path=tmp_path)


@pytest.mark.parametrize(
    ("images", "text"),
    [
        (idx(pixels())[:-1], f"{16 + 5 * 784 - 1} bytes, but expected {16 + 5 * 784} bytes"),
        (idx(pixels()) + b"x", "expected 3936 bytes for 5 x 28 x 28"),
        (idx(pixels()[:, 0, 0]), "got magic number 2049, but expected .* 2051"),
        (b"", "got 0 bytes"),
        (idx(pixels())[:9], "magic number"),
        (struct.pack(">4I", 2051, 2**31, 2**31, 2**31), "GiB or more"),
        (idx(pixels()[:0]), "0 x 28 x 28"),
    ],
)
def test_damaged_images_are_named(tmp_path, images, text):
    write(tmp_path, images)
    with pytest.raises(ValueError, match=text) as caught:
        load("mnist", path=tmp_path)
    assert IMAGES in str(caught.value)


def test_broken_gzip_and_missing_files(tmp_path):
    with pytest.raises(ValueError, match="without training images"):
        load("mnist", path=tmp_path)
    whole = gzip.compress(idx(pixels()))
    (tmp_path / f"{IMAGES}.gz").write_bytes(whole[:-20])
    with pytest.raises(ValueError, match="cannot be read"):
        load("mnist", path=tmp_path)


def test_labels_must_match_the_images(tmp_path):
    write(tmp_path, idx(pixels()), idx(np.zeros(4, dtype=np.uint8)))
    with pytest.raises(ValueError, match="got 4 labels, but expected 5"):
        load("mnist", path=tmp_path)


def test_a_small_gzip_of_a_huge_file_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("egan.memory.free_bytes", lambda: 10**6)
    header = struct.pack(">4I", 2051, 2000, 28, 28)
    write(tmp_path, header + bytes(2000 * 28 * 28), compress=True)
    with pytest.raises(ValueError, match="its values take .* GiB or more"):
        load("mnist", path=tmp_path)
    (tmp_path / f"{IMAGES}.gz").write_bytes(gzip.compress(idx(pixels()) + bytes(10**7)))
    with pytest.raises(ValueError, match="got more, but expected 3936 bytes"):
        load("mnist", path=tmp_path)
