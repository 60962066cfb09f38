import pickle

import numpy as np
import pytest

from egan.data import load
from egan.data.safe_pickle import load_arrays

RUN = []


def batch(seed=0, count=4):
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (count, 3072), dtype=np.uint8)
    return {b"data": pixels, b"labels": rng.integers(0, 10, count).tolist(), b"batch_label": b"x"}


def write(path, content, protocol=2):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


class Evil:
    def __reduce__(self):
        return (RUN.append, ("the pickle ran",))


class Shell:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        import os

        return (os.system, (f"touch {self.marker}",))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_python_version(tmp_path, protocol):
    for i in range(1, 6):
        write(tmp_path / f"data_batch_{i}", batch(i), protocol)
    data = load("cifar10", path=tmp_path)
    assert data.samples.shape == (20, 3, 32, 32)
    expected = np.concatenate([batch(i)[b"data"] for i in range(1, 6)])
    assert np.array_equal(data.samples.reshape(20, 3072), expected)
    assert data.labels.tolist() == [n for i in range(1, 6) for n in batch(i)[b"labels"]]
    assert data.notes == ()


def test_python_2_pickle_with_its_old_names(tmp_path):
    raw = pickle.dumps(batch(), protocol=2).replace(
        b"numpy._core.multiarray", b"numpy.core.multiarray"
    )
    (tmp_path / "data_batch_1").write_bytes(raw)
    data = load("cifar10", path=tmp_path)
    assert np.array_equal(data.samples.reshape(4, -1), batch()[b"data"])


def test_binary_version_in_its_subfolder_with_a_missing_batch(tmp_path):
    content = batch()
    records = np.column_stack([np.array(content[b"labels"], dtype=np.uint8), content[b"data"]])
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    for i in range(1, 5):
        records.tofile(folder / f"data_batch_{i}.bin")
    data = load("cifar10", path=tmp_path, image_size=8, channels=1)
    assert data.samples.shape == (16, 1, 8, 8)
    assert data.labels[:4].tolist() == content[b"labels"]
    assert "without data_batch_5" in data.notes[0]


def test_a_malicious_pickle_is_refused_without_running(tmp_path):
    marker = tmp_path / "marker"
    for content in (Evil(), {b"data": Evil()}, {b"data": Shell(marker)}, [Shell(marker)]):
        for protocol in (0, 2, 5):
            write(tmp_path / "data_batch_1", content, protocol)
            with pytest.raises(ValueError, match="asks to run"):
                load("cifar10", path=tmp_path)
    assert RUN == []
    assert not marker.exists()


@pytest.mark.parametrize(
    "raw",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"cnumpy\nload\n(S'x'\ntR.",
        pickle.dumps({b"data": np.array([Evil()], dtype=object)}, protocol=2),
        pickle.dumps({b"data": np.zeros(2, dtype=[("a", "u1"), ("b", "f4")])}, protocol=2),
        pickle.dumps([1, 2]),
        pickle.dumps(batch())[:100],
        b"",
        b"\xff\x00garbage",
    ],
)
def test_load_arrays_refuses_all_but_arrays_of_numbers(raw):
    with pytest.raises(ValueError, match="pickle"):
        load_arrays(raw)
    assert RUN == []


@pytest.mark.parametrize("dtype", ["u1", "<i4", ">i4", "f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_load_arrays_reads_numbers_of_any_layout(dtype, order):
    array = np.asarray(np.arange(6).reshape(2, 3), dtype=dtype, order=order)
    for protocol in (0, 2, 4, 5):
        read = load_arrays(pickle.dumps({"a": array, b"n": 3}, protocol=protocol))
        assert np.array_equal(read["a"], array)
        assert read["n"] == 3


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({b"data": np.zeros((4, 100), dtype=np.uint8)}, r"\(n, 3072\)"),
        ({b"data": np.zeros((4, 3072))}, "uint8"),
        ({b"data": [1, 2]}, "no array"),
        ({b"labels": [1, 2]}, "4 labels from 0 to 9"),
        ({b"labels": [1, 2, 3, 10]}, "labels from 1 to 10"),
        ({b"labels": "ab"}, "4 labels"),
    ],
)
def test_wrong_content_is_named(tmp_path, change, text):
    write(tmp_path / "data_batch_1", batch() | change)
    with pytest.raises(ValueError, match=text):
        load("cifar10", path=tmp_path)


def test_a_binary_batch_of_the_wrong_length_names_the_right_one(tmp_path):
    (tmp_path / "data_batch_1.bin").write_bytes(bytes(3072))
    with pytest.raises(ValueError, match="got 3072 bytes, but expected a multiple of 3073"):
        load("cifar10", path=tmp_path)


def test_wrong_paths(tmp_path):
    with pytest.raises(ValueError, match="without data_batch files"):
        load("cifar10", path=tmp_path)
    with pytest.raises(ValueError, match="is a file"):
        load("cifar10", path=write(tmp_path / "data_batch_1", batch()))
