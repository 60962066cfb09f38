"""YAML of a stranger's: what cannot be read is named."""

import pytest

from population.records import plain_yaml
from population.records.plain_yaml import parse_yaml, read_yaml


def test_values_come_back(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a: [1, 2.5, null]\nb: {c: café}\n", encoding="utf-8")
    assert read_yaml(path) == {"a": [1, 2.5, None], "b": {"c": "café"}}


def test_what_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"none\.yaml cannot be read: No such file"):
        read_yaml(tmp_path / "none.yaml")
    (tmp_path / "odd.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ValueError, match=r"odd\.yaml is no YAML that is read here: "):
        read_yaml(tmp_path / "odd.yaml")


def test_16_mebibytes_are_the_most(monkeypatch):
    with pytest.raises(ValueError, match="over 16,777,216 bytes"):
        parse_yaml("a: 1 #".ljust(2**24 + 1))
    monkeypatch.setattr(plain_yaml, "MAX_BYTES", 8)
    assert parse_yaml("a: 1 #".ljust(8)) == {"a": 1}
    with pytest.raises(ValueError, match="over 8 bytes"):
        parse_yaml("a: 1 #".ljust(9))


def test_values_lie_40_deep_at_most():
    assert parse_yaml("[" * 39 + "1" + "]" * 39) is not None
    assert len(parse_yaml("[" + "[1]," * 100 + "]")) == 100
    with pytest.raises(ValueError, match="values nested more than 40 deep"):
        parse_yaml("[" * 40 + "1" + "]" * 40)
