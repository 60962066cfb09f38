"""Icon fonts: what is missing is told."""

import pytest

from egan.data import icon_fonts


def test_a_missing_package_is_told(monkeypatch):
    monkeypatch.setattr(icon_fonts, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r'pip install "egan\[data\]"'):
        icon_fonts.font_file("*.ttf", who="icons")
