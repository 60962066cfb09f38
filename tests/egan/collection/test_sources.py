"""Each value of a preset of a paper's sizes has a source."""

import pytest

from egan import collection
from egan.collection.sources import paper_presets, sourced

PRESETS = [(name, preset) for name in collection.MODELS for preset in paper_presets(name)]


@pytest.mark.parametrize(("name", "preset"), PRESETS, ids=":".join)
def test_each_value_names_its_source(name, preset):
    untold = [one.setting for one in sourced(name, preset) if not one.source.strip()]
    assert untold == []


def test_a_source_is_of_settings_and_of_each_once(monkeypatch):
    model = collection.paper("gan")
    monkeypatch.setattr(
        model, "sources", {"paper": {"here": ("batch_size",), "there": ("no_such",)}}
    )
    with pytest.raises(ValueError, match="no settings no_such"):
        sourced("gan", "paper")
    twice = {"here": ("batch_size",), "there": ("batch_size",)}
    monkeypatch.setattr(model, "sources", {"paper": twice})
    with pytest.raises(ValueError, match="two sources for batch_size"):
        sourced("gan", "paper")
