import json

import pandas as pd
import pytest

from egan.reporting.about import About, about_of, read_about, write_about

SEARCH = {"search": {"interval": 50}, "model": "vae"}


def test_what_a_run_is_comes_back_as_it_was_written(tmp_path):
    about = About(
        kind="search",
        model="vae",
        unit="rounds",
        interval=100,
        step="updates",
        leading=["elbo"],
        baselines={"floor": {"elbo": -80.5}},
        captions={"rows": "A row for each class"},
    )
    write_about(tmp_path, about)
    assert read_about(tmp_path) == about


def test_fields_of_later_versions_are_left_out(tmp_path):
    (tmp_path / "about.json").write_text(json.dumps({"kind": "train", "colour": "blue"}))
    assert read_about(tmp_path) == About(kind="train")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ("{}", "kind"),
        ('{"kind": "train", "step": "hours"}', "step must be one of updates"),
        ('{"kind": "train", "interval": 0}', "interval must be a whole number"),
    ],
)
def test_what_cannot_be_is_named(tmp_path, text, message):
    (tmp_path / "about.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_about(tmp_path)


def test_without_the_file_the_tables_say_what_a_run_is(run_directory, results, tmp_path):
    assert read_about(run_directory()).kind == "evolve"
    assert read_about(tmp_path / "nowhere").kind == "evolve"
    alone = results(3, operators=("",))
    about = about_of(alone, SEARCH)
    assert (about.kind, about.model, about.interval, about.step) == ("train", "vae", 50, "updates")
    assert about_of(alone, {}).step == "rounds"
    many = results(3, operators=("",), num_survivors=3)
    assert about_of(many, SEARCH).kind == "search"
    assert about_of(pd.DataFrame({"generation": [1]}), {}).kind == "train"


def test_steps_are_said_as_a_reader_says_them():
    training = About(kind="train", unit="rounds", interval=500, step="updates")
    assert [training.when(n) for n in (0, 4)] == ["untrained", "after 2,000 updates"]
    assert training.where(4) == "round 4 (after 2,000 updates)"
    assert (training.word, training.axis) == ("update", "updates")
    evolution = About(kind="evolve")
    assert evolution.when(0) == "generation 0"
    assert evolution.where(200) == "generation 200"
    assert (evolution.word, evolution.axis) == ("generation", "generation")


def test_a_measure_is_worth_what_the_baselines_that_have_it_say():
    about = About(kind="train", baselines={"a": {"x": 1.0}, "b": {"y": 2.0}, "c": {"x": 3.0}})
    assert about.worth("x") == {"a": 1.0, "c": 3.0}
