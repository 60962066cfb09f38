import pandas as pd

from egan.reporting.about import About
from egan.reporting.alarms import alarms

KIND = "mode collapse"


def journal(*rows):
    columns = ("generation", "kind", "facts", "went_back_to", "rate")
    return pd.DataFrame([dict(zip(columns, row, strict=True)) for row in rows])


def test_an_alarm_is_told_where_it_begins_and_where_the_run_went_back():
    told = alarms(
        journal(
            (2, None, None, None, None),
            (4, KIND, "recall 0.02, where it has been 0.60", None, None),
            (6, KIND, "recall 0.01, where it has been 0.60", None, None),
            (8, KIND, "recall 0.01, where it has been 0.60", 2.0, 0.5),
            (10, "divergence", "all gone", None, None),
        ),
        About(kind="evolve"),
    )
    first, second, third = (sentence for sentence, _ in told)
    assert first == "Mode collapse at generation 4: recall 0.02, where it has been 0.60."
    assert second.endswith(" The run went back to generation 2, its rates times 0.5.")
    assert third == "Divergence at generation 10: all gone."
    assert all("Lower" in advice for _, advice in told)


def test_without_alarms_there_is_nothing_to_tell():
    assert alarms(None, About(kind="train")) == []
    assert alarms(journal((2, None, None, None, None)), About(kind="train")) == []
