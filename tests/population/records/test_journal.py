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


def test_what_pandas_takes_for_nothing_is_kept(journal):
    values = ["None", None, "NA", "nan", "", "null", 1, "1", True, "True", "007", "1e5", (1, "a")]
    journal.append([{"x": value} for value in values])
    assert [repr(value) for value in journal.frame()["x"]] == [repr(value) for value in values]


def test_a_cell_may_be_long_and_have_any_end_of_line(journal):
    values = ["layer, " * 100_000, "a\rb", "a\r\nb", "x\x85y", "\udce9t\udce9", "'" * 200_000]
    journal.append([{"x": value} for value in values])
    assert journal.frame()["x"].tolist() == values


def test_what_a_row_leaves_out_does_not_exist(journal):
    journal.append([{"a": 1, "b": None}, {"a": 2}])
    first, second = journal.frame()["b"]
    assert first is None
    assert math.isnan(second)


def test_integers_beyond_a_float_stay_exact(journal):
    journal.append([{"x": 2**53 + 1}, {}, {"x": 2**70}])
    assert [value for value in journal.frame()["x"] if not isinstance(value, float)] == [
        2**53 + 1,
        2**70,
    ]


@pytest.mark.parametrize("value", [{1: 2}, {1}, b"x", object(), [math.nan]])
def test_a_value_that_no_table_holds_is_refused_and_nothing_is_written(journal, value):
    journal.append([{"x": 1}])
    size = journal.mark()
    with pytest.raises(ValueError, match="x: "):
        journal.append([{"x": 2}, {"x": value}])
    assert journal.mark() == size


@pytest.mark.parametrize("name", ["", 1, None, "\udce9"])
def test_a_name_that_is_none_is_refused(journal, name):
    with pytest.raises(ValueError, match="is no name of a column"):
        journal.append([{name: 1}])


def test_a_row_that_was_being_written_is_not_gone_on_in(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes(b'a,b\n1,2\n3,"x\n')
    journal = Journal(path)
    assert journal.frame()["a"].tolist() == [1]
    journal.append([{"a": 5, "b": 6}])
    journal.close()
    assert path.read_bytes() == b"a,b\n1,2\n5,6\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n1,2\n1\n", "row 2: it has 1 cells, but there are 2 columns"),
        (b"a\n'x\n", "row 1, 'a': .* is no value"),
        (b"a\n(1, {})\n", "row 1, 'a': .* is neither|row 1: it has 2 cells"),
        (b'a\nx"y\nz\n', "a quotation mark too many"),
        (b"a\n\xff\n", "row 1: it is no UTF-8"),
        (b"a,a\n1,2\n", "'a' is no name of one column"),
        (b"1,2\n1,2\n", "1 is no name of one column"),
    ],
)
def test_a_file_that_is_no_journal_is_named(tmp_path, content, message):
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"rows\.csv.*{message}"):
        read_journal(path)
