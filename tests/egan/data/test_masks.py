"""Images with masks: both forms, geometry, and what strangers' folders may hold."""

import os

import numpy as np
import pytest
from PIL import Image

from egan.data import load
from egan.data.crowds import SEGMENTATION


def write(folder, name, array, mode=None):
    folder.mkdir(exist_ok=True)
    Image.fromarray(np.asarray(array, np.uint8), mode).save(folder / name)


@pytest.fixture
def folders(tmp_path):
    """Write images of 16x16 whose mask, of the same name, has class 2 in the lower half."""

    def make(mask, *, count=4, size=(16, 16), suffix="png"):
        for i in range(count):
            write(tmp_path / "images", f"{i}.png", np.full((*size, 3), 10 * i))
            save = mask(i)
            (tmp_path / "masks").mkdir(exist_ok=True)
            save.save(tmp_path / "masks" / f"{i}.{suffix}")
        return tmp_path / "images", tmp_path / "masks"

    return make


def halves(low, high, size=(16, 16)):
    array = np.full(size, low, np.uint8)
    array[size[0] // 2 :] = high
    return array


def maps(paths, **options):
    return load("masks", path=paths, **{"image_size": 16, **options})


def grey(low, high):
    return lambda _: Image.fromarray(halves(low, high))


def test_grey_values_are_classes(folders):
    data = maps(folders(grey(0, 2)))
    assert data.class_names == ("0", "1", "2")
    assert data.labels is None
    assert data.samples.shape == (4, 3, 16, 16)
    assert (data.annotations[SEGMENTATION] == halves(0, 2)).all()
    assert data.samples[:, 0, 0, 0].tolist() == [0, 10, 20, 30], "each with its own"


def test_a_palette_does_not_change_numbers(folders):
    def mask(_):
        image = Image.fromarray(halves(1, 3), "P")
        image.putpalette([255, 0, 0, 0, 255, 0] + [7] * 762)
        return image

    assert (maps(folders(mask)).annotations[SEGMENTATION] == halves(1, 3)).all()


@pytest.mark.parametrize(
    "mask", [grey(0, 255), lambda _: Image.fromarray(halves(0, 255)).convert("1")]
)
def test_black_and_white_are_two_classes(folders, mask):
    data = maps(folders(mask))
    assert data.class_names == ("0", "1")
    assert (data.annotations[SEGMENTATION] == halves(0, 1)).all()


def test_255_is_not_known_where_there_are_more_classes(folders):
    data = maps(folders(lambda i: Image.fromarray(halves(1, 255 if i else 0))))
    assert data.class_names == ("0", "1")
    assert (data.annotations[SEGMENTATION][1:] == halves(1, 255)).all()


def test_colours_are_classes_by_their_names(folders):
    def mask(i):
        colours = np.array([(255, 0, 0), (0, 0, 0), (0, 0, 255)], np.uint8)
        return Image.fromarray(colours[halves(i % 2, 2)])

    data = maps(folders(mask))
    assert data.class_names == ("#000000", "#0000ff", "#ff0000")
    assert (data.annotations[SEGMENTATION][0] == halves(2, 1)).all()
    assert (data.annotations[SEGMENTATION][1] == halves(0, 1)).all()


def test_masks_are_resized_as_their_images_and_get_no_new_classes(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(3):
        blocks = rng.integers(4, size=(8, 12), dtype=np.uint8)
        large = np.kron(blocks, np.ones((8, 8), np.uint8))  # 64 x 96
        write(tmp_path / "images", f"{i}.png", np.repeat(60 * large[..., None], 3, axis=2))
        write(tmp_path / "masks", f"{i}.png", large)
    data = load("masks", path=(tmp_path / "images", tmp_path / "masks"), image_size=32)
    known = data.annotations[SEGMENTATION]
    assert set(np.unique(known)) <= {0, 1, 2, 3}
    inner = np.arange(32) % 4 == 1  # Lanczos rings at borders alone
    near = np.abs(data.samples[:, 0].astype(int) - 60 * known)[:, inner][:, :, inner]
    assert np.median(near) <= 6


def test_what_does_not_fit_is_left_out_and_named(folders):
    images, masks = folders(grey(0, 1), count=6)
    write(images, "alone.png", np.zeros((16, 16, 3)))
    write(masks, "1.png", halves(0, 1, (8, 8)))
    (masks / "2.png").write_bytes(b"no picture")
    Image.fromarray(np.zeros((16, 16), np.uint16)).save(masks / "3.png")
    data = maps((images, masks))
    assert len(data) == 3
    told = " ".join(data.notes)
    for part in (
        "alone",
        "1.png (wrong size: 8x8 where its image is 16x16)",
        "2.png",
        "3.png (mode I;16",
    ):
        assert part in told


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes are of POSIX")
def test_pipes_and_links(folders):
    images, masks = folders(grey(0, 1), count=5)
    (masks / "1.png").unlink()
    os.mkfifo(masks / "1.png")
    (masks / "2.png").unlink()
    (masks / "2.png").symlink_to(masks / "3.png")
    (masks / "4.png").unlink()
    (masks / "4.png").symlink_to("/dev/zero")
    data = maps((images, masks))
    assert len(data) == 3
    assert "not a file" in " ".join(data.notes)


def noise(_):
    return Image.fromarray(np.random.default_rng(0).integers(256, size=(16, 16, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    ("mask", "suffix", "message"),
    [
        (grey(0, 100), "png", "the value 100 in 0.png, but expected 64 classes at most"),
        (noise, "png", "more than 64 colours so far in 0.png"),
        (grey(0, 1), "jpg", "4 masks in JPEG or WebP, such as 0.jpg"),
        (lambda i: noise(i) if i else Image.new("L", (16, 16)), "png", "masks of one form"),
        (lambda _: Image.new("L", (9, 9)), "png", "got 0 pairs that can be read"),
    ],
)
def test_masks_that_are_none_are_refused(folders, mask, suffix, message):
    with pytest.raises(ValueError, match="--data.pairs") as refused:
        maps(folders(mask, suffix=suffix))
    assert message in str(refused.value)


def test_one_folder_or_none_is_refused(folders, tmp_path):
    images, masks = folders(grey(0, 1))
    with pytest.raises(ValueError, match="--data.pairs is missing"):
        maps(None)
    with pytest.raises(ValueError, match="--data.pairs is missing"):
        maps(images)
    with pytest.raises(ValueError, match="one folder twice"):
        maps((masks, masks))
    with pytest.raises(ValueError, match="does not exist"):
        maps((images, tmp_path / "nowhere"))
    with pytest.raises(ValueError, match="image-size is missing"):
        maps((images, masks), image_size=None)
