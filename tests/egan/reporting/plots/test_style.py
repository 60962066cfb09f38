import itertools

import numpy as np
import pytest

from egan.reporting.plots.style import (
    FIXED,
    MUTATIONS,
    SERIES,
    colours,
    label,
    new_figure,
    save_figure,
)
from mutations.table import NAMES

# Machado, Oliveira, Fernandes, A physiologically-based model for simulation of color vision
# deficiency, 2009: the matrices of severity 1, on linear light.
SIGHT = {
    "full": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def lab(colour: str, sight: str) -> np.ndarray:
    """Return the CIELAB coordinates of what a reader sees."""
    code = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(SIGHT[sight]) @ linear, 0, 1)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(to_xyz) @ seen / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("sight", SIGHT)
def test_colours_differ_for_every_kind_of_sight(sight):
    seen = {name: lab(colour, sight) for name, colour in FIXED.items()}
    for one, other in itertools.combinations(FIXED, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 15, (one, other)


def test_every_mutation_of_the_library_has_a_colour_of_its_own():
    assert set(MUTATIONS) == set(NAMES)
    assert len(set(FIXED.values())) == len(FIXED)


def test_a_mutation_keeps_its_colour_whatever_is_beside_it():
    assert colours(["heuristic"])["heuristic"] == MUTATIONS["heuristic"]
    mixed = colours(["other", "heuristic", "keep", ""])
    assert mixed["heuristic"] == MUTATIONS["heuristic"]
    assert len(set(mixed.values())) == 4


def test_more_unknown_operators_than_colours_still_get_one():
    many = colours([f"op{i:02d}" for i in range(20)])
    assert len(many) == 20
    assert set(many.values()) == set(SERIES)


def test_labels_are_for_readers():
    assert label("least_squares") == "least squares"
    assert label("") == "children"


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_save_figure_writes_the_format_of_the_suffix(tmp_path, suffix):
    path = tmp_path / f"figure{suffix}"
    save_figure(new_figure(), path)
    start = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}[suffix]
    assert path.read_bytes().startswith(start)
    assert list(tmp_path.iterdir()) == [path]
