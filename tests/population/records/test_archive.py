import pytest
from toys import rows, search

from population.records.archive import Archive


def test_a_search_in_memory_goes_on_from_a_snapshot_of_another():
    whole = rows(search().run(6).history)
    first = search()
    first.run(4)
    snapshot = first.archive.latest(first.identity)
    second = search()
    second.archive.save(snapshot)
    history = rows(second.resume().run(6).history)
    expected = whole[whole["generation"] > 4].reset_index(drop=True)
    assert history.equals(expected[list(history)])


def test_without_a_directory_and_a_snapshot_there_is_nothing_to_resume():
    with pytest.raises(ValueError, match="directory=None"):
        Archive(None, keep=1).latest({})


def test_in_memory_too_a_snapshot_of_another_configuration_is_refused():
    first = search()
    first.run(1)
    with pytest.raises(ValueError, match="from another configuration"):
        first.archive.latest({**first.identity, "seed": 9})
