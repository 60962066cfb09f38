"""What a run is: trained, searched or evolved, told by its plan alone."""

import dataclasses
import os

import pytest

from egan import collection
from egan.config import SearchConfig
from egan.runs.plan import plan
from population import InlineExecutor, RayExecutor

THREE = "minimax,heuristic,least_squares"


def planned(preset, *, search=None, population=4, **changes):
    config = collection.preset(preset)
    if search is not None:
        searched = SearchConfig(strategy=search, population=population, rounds=5, interval=7)
        config = dataclasses.replace(config, search=searched)
    return plan(dataclasses.replace(config, **changes))


@pytest.mark.parametrize(
    ("preset", "changes", "kind", "unit", "name"),
    [
        ("digits", {}, "evolve", "generations", "digits"),
        ("egan", {}, "evolve", "generations", "digits"),
        ("egan:gaussians8", {}, "evolve", "generations", "gaussians8"),
        ("paper", {}, "evolve", "generations", "paper"),
        ("digits", {"evolve": "none"}, "train", "rounds", "digits-train"),
        ("digits", {"search": "pbt"}, "search", "rounds", "digits-pbt"),
        ("digits", {"search": "random", "evolve": "none"}, "search", "rounds", "digits-random"),
        ("vae", {}, "train", "rounds", "vae"),
        ("vae:paper", {}, "train", "rounds", "vae-paper"),
        ("vae", {"search": "halving"}, "search", "rounds", "vae-halving"),
        ("gan", {}, "train", "rounds", "gan"),
        ("gan", {"evolve": THREE}, "evolve", "generations", "gan-evolve"),
        ("gan:paper", {"evolve": THREE}, "evolve", "generations", "gan-paper-evolve"),
        ("cgan", {"evolve": THREE, "search": "pb2"}, "search", "rounds", "cgan-evolve-pb2"),
    ],
)
def test_kind_unit_and_name(preset, changes, kind, unit, name):
    made = planned(preset, **changes)
    assert (made.kind, made.unit, made.name) == (kind, unit, name)
    assert made.one == unit[:-1]


@pytest.mark.parametrize(
    ("preset", "changes", "length", "interval", "step", "num_children"),
    [
        ("digits", {"generations": 33}, 33, 1, "generations", 3),
        ("gan", {"evolve": "minimax,hinge", "generations": 33}, 33, 1, "generations", 2),
        ("digits", {"search": "pbt"}, 5, 7, "generations", 4),
        ("digits", {"search": "pbt", "evolve": "none"}, 5, 7, "updates", 4),
        ("vae", {"search": "pbt"}, 5, 7, "updates", 4),
        ("gan", {"search": "pbt", "evolve": THREE}, 5, 7, "generations", 4),
    ],
)
def test_how_long_it_is_and_what_one_unit_makes(
    preset, changes, *, length, interval, step, num_children
):
    made = planned(preset, **changes)
    assert (made.length, made.interval, made.step) == (length, interval, step)
    assert made.num_children == num_children


def test_training_is_as_long_as_its_preset_says():
    search = collection.preset("vae").search
    made = planned("vae")
    assert (made.length, made.interval, made.step) == (search.rounds, search.interval, "updates")
    assert made.num_children == 1


def test_an_evolution_has_a_worker_a_child_and_a_home_for_the_discriminator():
    made = planned("digits")
    assert (made.num_workers, made.actors, made.in_process) == (3, 4, False)
    evolution = dataclasses.replace(
        collection.preset("digits").evolution, num_survivors=2, selection="plus"
    )
    assert planned("digits", evolution=evolution).num_workers == 8
    assert planned("digits", workers=2).num_workers == 2
    assert planned("gan", evolve=THREE).actors == 4


@pytest.mark.parametrize("preset", ["vae", "digits"])
def test_a_search_has_no_more_workers_than_there_are_processors(preset, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert planned(preset, search="pbt", population=8).num_workers == 3
    assert planned(preset, search="pbt", population=2).num_workers == 2
    assert planned(preset, search="pbt", population=8, address="auto").num_workers == 8
    assert planned(preset, search="pbt", population=8, workers=5).num_workers == 5
    assert planned(preset, search="pbt", population=8, workers=5).actors == 5


@pytest.mark.parametrize(
    ("preset", "changes", "expected"),
    [
        ("vae", {}, True),
        ("digits", {"evolve": "none"}, True),
        ("vae", {"workers": 1}, False),
        ("vae", {"address": "auto"}, False),
        ("vae", {"workers": 1, "executor": "inline"}, True),
        ("vae", {"search": "pbt"}, False),
        ("vae", {"search": "pbt", "executor": "inline"}, True),
        ("digits", {}, False),
        ("digits", {"executor": "inline"}, True),
        ("gan", {"evolve": THREE}, False),
    ],
)
def test_what_is_computed_in_this_process(preset, changes, expected):
    made = planned(preset, **changes)
    assert made.in_process is expected
    assert isinstance(made.executor, InlineExecutor if expected else RayExecutor)


def test_looks_and_checkpoints():
    made = planned("digits", generations=100)
    assert (made.look_every, made.checkpoint_every) == (5, 5)
    assert planned("digits", generations=7).look_every == 1
    assert planned("digits", look_every=9).checkpoint_every == 9
    assert planned("digits", look_every=9, checkpoint_every=4).checkpoint_every == 4
    rounds = planned("vae", look_every=9)
    assert (rounds.look_every, rounds.checkpoint_every) == (9, 1)


def test_what_a_resumed_run_must_share():
    plain = planned("digits").identity
    for changes in (
        {"seed": 3},
        {"generations": 9},
        {"workers": 2},
        {"executor": "inline"},
        {"output": "elsewhere"},
        {"data": dataclasses.replace(collection.preset("digits").data, path="elsewhere")},
    ):
        assert planned("digits", **changes).identity == plain, changes
    for changes in (
        {"evolve": "minimax"},
        {"evolve": "none"},
        {"settings": collection.preset("digits").settings.tuned({"beta1": 0.25})},
        {"data": dataclasses.replace(collection.preset("digits").data, hold_out=True)},
        {"device": "cuda"},
    ):
        assert planned("digits", **changes).identity != plain, changes
    assert planned("vae").identity != planned("gan").identity
    assert "evolution" not in planned("vae").identity


def test_a_plan_needs_no_torch():
    import subprocess
    import sys

    code = (
        "import sys; from egan import collection; from egan.runs.plan import plan\n"
        "made = plan(collection.preset('digits'))\n"
        "made.name, made.kind, made.num_workers, made.identity\n"
        "assert not {'torch', 'ray'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
