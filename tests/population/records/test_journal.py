import math

import pytest

from population.records.journal import Journal, read_journal


@pytest.fixture(params=["disk", "memory"])
def journal(request, tmp_path):
    made = Journal(tmp_path / "rows.csv" if request.param == "disk" else None)
    yield made
    made.close()


def test_floats_come_back_bit_for_bit(journal):
    values = [1 / 3, 1e-300, -0.0, 12345678.9, math.pi * 1e17]
    journal.append([{"x": value} for value in values])
    assert journal.frame()["x"].tolist() == values


def test_a_cut_forgets_what_came_after_and_goes_on(journal):
    journal.append([{"generation": 1, "operator": ""}])
    mark = journal.mark()
    journal.append([{"generation": 2, "operator": "b"}])
    journal.truncate(mark)
    journal.append([{"generation": 3, "operator": "c"}])
    frame = journal.frame()
    assert frame["generation"].tolist() == [1, 3]
    assert frame["operator"].tolist() == ["", "c"]


def test_a_cut_to_nothing_forgets_the_columns(journal):
    journal.append([{"a": 1}])
    journal.truncate(0)
    journal.append([{"b": 2}])
    assert list(journal.frame().columns) == ["b"]


def test_text_with_lines_and_commas_is_kept(journal):
    journal.append([{"error": 'Traceback,\n "x"\nlast'}])
    assert journal.frame()["error"].tolist() == ['Traceback,\n "x"\nlast']


def test_a_new_column_is_refused_by_name(journal):
    journal.append([{"a": 1}])
    with pytest.raises(ValueError, match="'b'"):
        journal.append([{"a": 1, "b": 2}])


def test_an_existing_file_is_gone_on_with(tmp_path):
    first = Journal(tmp_path / "rows.csv")
    first.append([{"a": 1}])
    first.close()
    second = Journal(tmp_path / "rows.csv")
    second.append([{"a": 2}])
    second.close()
    assert read_journal(tmp_path / "rows.csv")["a"].tolist() == [1, 2]


def test_missing_rows_are_an_error(tmp_path):
    journal = Journal(tmp_path / "rows.csv")
    journal.append([{"a": 1}])
    with pytest.raises(ValueError, match="rows are missing"):
        journal.truncate(journal.mark() + 1)
    journal.close()
