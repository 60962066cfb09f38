import re

import pytest

from egan.collection.search import strategies
from egan.config.options import flag, options_of, read_options
from population import MFPBT, FirePBT, PopulationBasedTraining, RandomSearch


def test_every_setting_of_every_search_is_explained():
    for strategy in strategies().values():
        for name, option in options_of(strategy).items():
            assert option.help.endswith("."), (strategy, name)
            assert option.kind in (int, float, bool, str)


def test_what_other_flags_set_is_no_setting():
    assert set(options_of(PopulationBasedTraining)) == {
        *("exploit", "quantile", "perturbation", "resample_probability"),
        *("copy_hyperparameters", "ready_every"),
    }
    assert options_of(RandomSearch) == {}


def test_texts_become_what_the_search_takes():
    texts = {"exploit": "tournament", "quantile": "0.3", "copy_hyperparameters": "false"}
    assert read_options(texts, PopulationBasedTraining) == {
        **texts,
        "quantile": 0.3,
        "copy_hyperparameters": False,
    }
    assert read_options({"frequencies": "1, 3"}, MFPBT) == {"frequencies": (1, 3)}
    assert read_options({"num_evaluators": "2"}, FirePBT) == {"num_evaluators": 2}


def test_a_default_is_shown_where_it_is_a_value():
    assert options_of(FirePBT)["ready_every"].shown == "5"
    assert options_of(MFPBT)["frequencies"].shown == "-"


@pytest.mark.parametrize(
    ("strategy", "name", "text", "expected"),
    [
        (PopulationBasedTraining, "quantil", "1", "did you mean '--search.quantile'"),
        (PopulationBasedTraining, "quantile", "x", "'x' is not a number; expected a number, a"),
        (PopulationBasedTraining, "ready_every", "1.5", "'1.5' is not a whole number"),
        (PopulationBasedTraining, "copy_hyperparameters", "no", "neither true nor false"),
        (MFPBT, "frequencies", "1,", "a value is missing"),
        (RandomSearch, "quantile", "1", "this search has no settings"),
    ],
)
def test_a_mistake_names_the_flag_and_what_is_expected(strategy, name, text, expected):
    with pytest.raises(ValueError, match=re.escape(expected)) as caught:
        read_options({name: text}, strategy)
    assert flag(name) in str(caught.value)
