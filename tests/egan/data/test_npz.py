import numpy as np
import pytest

from egan.data import load

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)


def write(tmp_path, **arrays):
    np.savez(tmp_path / "data.npz", **arrays)
    return tmp_path / "data.npz"


def read(tmp_path, **arrays):
    return load("npz", path=write(tmp_path, **arrays))


@pytest.mark.parametrize("key", ["images", "x", "samples", "arr_0"])
def test_channels_last_and_first_are_the_same(tmp_path, key):
    last = read(tmp_path, **{key: IMAGES})
    first = read(tmp_path, **{key: IMAGES.transpose(0, 3, 1, 2)})
    assert np.array_equal(last.samples, IMAGES.transpose(0, 3, 1, 2))
    assert np.array_equal(first.samples, last.samples)
    assert last.labels is None


def test_floats_are_scaled(tmp_path):
    unit = read(tmp_path, images=IMAGES / 255.0)
    signed = read(tmp_path, images=(IMAGES / 127.5 - 1.0).astype(np.float32))
    for data in (unit, signed):
        assert np.array_equal(data.samples, IMAGES.transpose(0, 3, 1, 2))


UNIT = np.tile(np.linspace(0.0, 1.0, 16), (4, 16, 1))


@pytest.mark.parametrize(
    ("images", "note"),
    [
        (UNIT - 1e-7, ""),
        (UNIT - 1e-3, ""),
        (np.where(UNIT < 0.01, -5e-4, UNIT), ""),
        ((2 * UNIT - 1) * 1.0005, ""),
        ((UNIT * 255).astype(np.int64), ""),
        ((UNIT * 65535).astype(np.uint16), "white at 65535"),
        ((UNIT * 1023).astype(np.int32), "white at 1023"),
        (UNIT * 255, "white at 255"),
    ],
)
def test_black_is_black_and_white_is_white(tmp_path, images, note):
    data = read(tmp_path, images=images)
    assert np.abs(data.samples[0, 0, 0].astype(float) - 255 * UNIT[0, 0]).max() <= 1
    assert (data.samples.min(), data.samples.max()) == (0, 255)
    assert [note in one for one in data.notes] == [True] * bool(note)


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.bool_])
def test_integers_0_and_1_are_black_and_white(tmp_path, kind):
    data = read(tmp_path, images=(UNIT > 0.5).astype(kind))
    assert np.unique(data.samples).tolist() == [0, 255]
    assert "white at 1" in data.notes[0]


@pytest.mark.parametrize(("low", "high"), [(-0.2, 1.0), (0.0, 16.0), (0.0, 2.0), (-1.0, 2.0)])
def test_floats_that_fit_no_scale_are_refused(tmp_path, low, high):
    with pytest.raises(ValueError, match=f"float64 images from {low:g} to {high:g}"):
        read(tmp_path, images=low + (high - low) * UNIT)


def test_few_levels_are_told_of(tmp_path):
    (note,) = read(tmp_path, images=(UNIT * 16).astype(np.uint8)).notes
    assert "from 0 to 16" in note
    assert "nearly black" in note


def test_the_names_of_scikit_learn(tmp_path):
    assert read(tmp_path, X=IMAGES, y=np.arange(4)).num_classes == 4
    with pytest.raises(ValueError, match=r"got arrays \['pictures', 'y'\]"):
        read(tmp_path, pictures=IMAGES, y=np.arange(4))


def test_grey_images_alpha_and_resizing(tmp_path):
    assert read(tmp_path, x=IMAGES[..., 0]).shape == (1, 16, 16)
    assert read(tmp_path, x=IMAGES[..., 0].astype(np.int64)).shape == (1, 16, 16)
    clear = np.zeros((2, 8, 8, 4), dtype=np.uint8)
    assert (read(tmp_path, x=clear).samples == 255).all()
    path = write(tmp_path, x=np.full((2, 20, 30, 3), 7, dtype=np.uint8))
    data = load("npz", path=path, image_size=8, channels=1)
    assert data.shape == (1, 8, 8)
    assert (data.samples == 7).all()
    with pytest.raises(ValueError, match="the images are 30x20"):
        load("npz", path=path)


def test_points_and_labels_are_numbered_from_zero(tmp_path):
    points = RNG.standard_normal((4, 2))
    data = read(tmp_path, samples=points, labels=np.array([[7], [3], [7], [9]]))
    assert data.shape == (2,)
    np.testing.assert_array_equal(data.samples, points.astype(np.float32))
    assert data.labels.tolist() == [1, 0, 1, 2]


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ({"pictures": IMAGES}, r"got arrays \['pictures'\], but expected one named 'images'"),
        ({"x": np.array([["a", "b"]] * 3)}, "samples of type <U1"),
        ({"x": np.array([{}, {}])}, "cannot be read"),
        ({"x": np.array([[np.nan, 1.0], [0.0, 0.0]])}, "1 values that are not finite"),
        ({"x": IMAGES * 2.0}, "float64 images from"),
        ({"x": IMAGES.astype(np.int64) - 1}, "images from -1"),
        ({"x": np.zeros((4, 5))}, r"got shape \(4, 5\)"),
        ({"x": np.zeros((4, 8, 8, 7))}, "C of 1, 3 or 4"),
        ({"x": np.zeros((0, 2))}, r"shape \(0, 2\)"),
        ({"x": np.zeros(())}, r"shape \(\)"),
        ({"x": IMAGES, "y": np.zeros(3, dtype=int)}, r"labels of shape \(3,\)"),
        ({"x": IMAGES, "y": np.zeros(4)}, "float64, but expected"),
    ],
)
def test_wrong_content_is_named(tmp_path, arrays, text):
    with pytest.raises(ValueError, match=text) as caught:
        read(tmp_path, **arrays)
    assert "--data.path" in str(caught.value)


def test_broken_files(tmp_path):
    path = write(tmp_path, x=IMAGES)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ValueError, match="cannot be read"):
        load("npz", path=path)
    np.save(tmp_path / "one.npy", IMAGES)
    with pytest.raises(ValueError, match="a single array"):
        load("npz", path=tmp_path / "one.npy")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(ValueError, match="cannot be read"):
        load("npz", path=tmp_path / "text.npz")
    with pytest.raises(ValueError, match="is a folder, but npz reads a file"):
        load("npz", path=tmp_path)


def test_a_small_archive_of_huge_arrays_is_not_unpacked(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "bomb.npz", images=np.zeros((4000, 32, 32), dtype=np.uint8))
    assert (tmp_path / "bomb.npz").stat().st_size < 10_000
    monkeypatch.setattr("egan.memory.free_bytes", lambda: 10**6)
    with pytest.raises(ValueError, match=r"bomb\.npz: its arrays take .* GiB or more"):
        load("npz", path=tmp_path / "bomb.npz")


def test_classes_are_called_by_their_numbers_or_names(tmp_path):
    images, labels = np.zeros((4, 8, 8), np.uint8), np.array([7, 3, 7, 3])
    np.savez(tmp_path / "a.npz", images=images, labels=labels)
    found = load("npz", path=tmp_path / "a.npz")
    assert found.labels.tolist() == [1, 0, 1, 0]
    assert found.classes == ("3", "7")
    names = np.array([f"n{i}" for i in range(8)])
    np.savez(tmp_path / "a.npz", images=images, labels=labels, class_names=names)
    assert load("npz", path=tmp_path / "a.npz").classes == ("n3", "n7")


@pytest.mark.parametrize("names", [["a", "b"], [1.0] * 8, [["a"] * 8]])
def test_names_that_do_not_fit_are_refused(names, tmp_path):
    images, labels = np.zeros((4, 8, 8), np.uint8), np.array([7, 3, 7, 3])
    np.savez(tmp_path / "a.npz", images=images, labels=labels, class_names=np.array(names))
    with pytest.raises(ValueError, match="a text for each label from 0"):
        load("npz", path=tmp_path / "a.npz")


@pytest.mark.parametrize(("array", "name"), [("observations", "gymnasium"), ("tokens", "text")])
def test_files_of_other_data_sets_are_told_of_theirs(tmp_path, array, name):
    np.savez(tmp_path / "a.npz", **{array: np.zeros((2, 3), int)})
    with pytest.raises(ValueError, match=f"--data.name {name}"):
        load("npz", path=tmp_path / "a.npz")
