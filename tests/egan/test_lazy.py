import pytest

from egan.lazy import Lazy, lookup


def test_a_lazy_entry_is_imported_when_called():
    missing = Lazy("no_such_module:f", "never imported")
    assert missing.description == "never imported"
    with pytest.raises(ModuleNotFoundError):
        missing()
    assert Lazy("math:pow", "x to the y")(2, 3) == 8.0


def test_lookup_offers_near_matches_or_all_names():
    table = {"digits": 1, "mnist": 2}
    assert lookup(table, "mnist", kind="data set") == 2
    with pytest.raises(ValueError, match="unknown data set 'digit': did you mean 'digits'"):
        lookup(table, "digit", kind="data set")
    with pytest.raises(ValueError, match=r"choose one of these. Known: digits, mnist"):
        lookup(table, "qqqq", kind="data set")
