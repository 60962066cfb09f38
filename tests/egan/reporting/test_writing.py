"""Texts in a picture: columns side by side, as wide as they are."""

import numpy as np
import pytest

from egan.reporting.writing import text_table


def dark(picture):
    return np.asarray(picture.convert("L")) < 120


def test_each_text_is_in_its_line_and_column():
    whole = text_table({"a": ["....", "xxxx"], "b": ["xxxx", "...."]})
    left, right = np.array_split(dark(whole), 2, axis=1)
    lines = [slice(22, 40), slice(40, 58)]
    ink = [[int(half[line].sum()) for half in (left, right)] for line in lines]
    assert ink[0][1] > 2 * ink[0][0]
    assert ink[1][0] > 2 * ink[1][1]


def test_a_long_text_is_cut():
    cut, short = (text_table({"a": ["x" * n]}, widest=8) for n in (500, 8))
    assert cut.size == short.size
    assert not np.array_equal(np.asarray(cut), np.asarray(short))


def test_a_shorter_column_ends_earlier():
    assert text_table({"a": ["x"], "b": ["y", "z"]}).height == text_table({"b": ["y", "z"]}).height


@pytest.mark.parametrize(("columns", "widest"), [({}, 5), ({"a": ["x"]}, 0)])
def test_nothing_to_write(columns, widest):
    with pytest.raises(ValueError, match="a table needs columns"):
        text_table(columns, widest=widest)
