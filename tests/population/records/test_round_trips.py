"""Everything that can be written is read back as it was, by generated values."""

import round_trips as trips
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

few = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
fewer = settings(few, max_examples=25)


@settings(few, max_examples=400)
@given(trips.VALUES)
def test_a_cell_is_its_value(value):
    trips.check_cell(value)


def test_no_two_values_share_a_cell():
    values = [*trips.TRICKY, None, True, False, 1, 1.0, -0.0, 0.0, (1,), [1], (1.0,), ("1",)]
    cells = {trips.encode(value) for value in values}
    assert len(cells) == len({repr(value) for value in values})


@few
@given(trips.tables())
def test_a_table_comes_back_from_memory_and_from_disk(rows):
    trips.check_table(rows)


@fewer
@given(trips.OPTIONS)
def test_a_schedule_holds_what_was_trained_with(options):
    trips.check_options(options)


@fewer
@given(trips.OPERATORS, trips.groups())
def test_operators_and_hyperparameters_of_an_evolution_come_back(operators, hyperparameters):
    trips.check_operators(operators, hyperparameters)


@few
@given(trips.groups(), trips.OPERATORS)
def test_a_schedule_comes_back_from_yaml(hyperparameters, operators):
    trips.check_schedule(hyperparameters, operators[0])


@few
@given(trips.snapshots())
def test_a_checkpoint_comes_back(snapshot):
    trips.check_snapshot(snapshot)


@settings(few, max_examples=150)
@given(trips.snapshots(), st.integers(0, 10_000), trips.WRONG)
def test_a_forged_checkpoint_is_refused_or_whole(snapshot, place, value):
    trips.check_forgery(snapshot, place, value)
