import json

import numpy as np
import pytest

from population import Choice, Fixed, IntUniform, LogUniform, Ordinal, SearchSpace, Uniform, When

SPACE = {
    "lr": LogUniform(1e-5, 1e-1),
    "optimizer": {
        "name": Choice(["sgd", "adam"]),
        "sgd": When("optimizer.name", "sgd", {"momentum": Uniform(0, 0.99), "nesterov": True}),
        "beta1": When("optimizer.name", ["adam"], Uniform(0, 0.999)),
    },
    "width": IntUniform(8, 64, log=True, structural=True),
    "batch_size": Ordinal([16, 32, 64]),
    "betas": (0.5, 0.999),
}


@pytest.fixture
def space():
    return SearchSpace(SPACE)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_names_and_structure(space):
    assert space.names == (
        "lr",
        "optimizer.name",
        "optimizer.sgd.momentum",
        "optimizer.sgd.nesterov",
        "optimizer.beta1",
        "width",
        "batch_size",
        "betas",
    )
    assert space.structural == ("width",)


def test_samples_have_the_form_of_the_space(space, rng):
    seen = set()
    for _ in range(50):
        values = space.sample(rng)
        space.check(values)
        name = values["optimizer"]["name"]
        seen.add(name)
        assert set(values["optimizer"]) == ({"name", "sgd"} if name == "sgd" else {"name", "beta1"})
        assert values["betas"] == (0.5, 0.999)
    assert seen == {"sgd", "adam"}


def test_columns_are_the_same_for_all(space, rng):
    rows = [space.columns(space.sample(rng)) for _ in range(20)]
    assert {tuple(row) for row in rows} == {space.names}
    assert all((row["optimizer.beta1"] is None) == (row["optimizer.name"] == "sgd") for row in rows)


def test_exploring_stays_within_and_keeps_what_is_structural(space, rng):
    values = space.sample(rng)
    width, names = values["width"], set()
    for _ in range(500):
        values = space.perturb(values, rng)
        space.check(values)
        assert space.clip(values) == values
        assert values["width"] == width
        names.add(values["optimizer"]["name"])
    assert names == {"sgd", "adam"}


def test_resampling_draws_from_the_whole_domain(rng):
    space = SearchSpace({"x": Uniform(0, 1)})
    again = [space.perturb({"x": 0.5}, rng, resample_probability=1)["x"] for _ in range(500)]
    near = [
        space.perturb({"x": 0.5}, rng, resample_probability=0, strength=0.01)["x"]
        for _ in range(500)
    ]
    assert np.std(again) == pytest.approx(12**-0.5, rel=0.1)
    assert np.std(near) == pytest.approx(0.01, rel=0.1)


def test_inherits_structure_and_nothing_else(space, rng):
    own = space.complete({"optimizer": {"name": "sgd"}, "width": 8}, rng)
    donor = space.complete({"optimizer": {"name": "adam"}, "width": 64}, rng)
    assert space.inherit(own, donor, rng) == {**own, "width": 64}


@pytest.mark.parametrize("other", [Choice([1, 2], structural=True), Fixed(1)])
def test_what_changes_shapes_may_depend_on_what_is_not_explored(other, rng):
    space = SearchSpace({"b": other, "a": When("b", 1, IntUniform(1, 9, structural=True))})
    assert "a" in space.structural
    drawn = [space.sample(rng) for _ in range(20)]
    assert all(("a" in values) == (values["b"] == 1) for values in drawn)


def test_inherits_what_a_structural_choice_brings(rng):
    space = SearchSpace(
        {
            "norm": Choice(["batch", "none"], structural=True),
            "momentum": When("norm", "batch", Uniform(0, 1)),
            "mode": Choice(["a", "b"]),
            "both": When("norm", "batch", When("mode", "a", Uniform(0, 1))),
        }
    )
    donor = {"norm": "batch", "momentum": 0.3, "mode": "b"}
    child = space.inherit({"norm": "none", "mode": "a"}, donor, rng)
    assert {**child, "both": None} == {**donor, "mode": "a", "both": None}
    assert child["both"] in Uniform(0, 1)


def test_complete_keeps_what_is_given(space, rng):
    values = space.complete({"lr": 0.01, "optimizer": {"name": "adam", "beta1": 0.5}}, rng)
    assert values["lr"] == 0.01
    assert values["optimizer"] == {"name": "adam", "beta1": 0.5}


def test_clip_brings_json_values_back(space, rng):
    for _ in range(10):
        values = space.sample(rng)
        back = space.clip(json.loads(json.dumps(values)))
        assert back == values
        assert repr(back) == repr(values)
    assert space.clip({**values, "lr": 7.0})["lr"] == 0.1
    with pytest.raises(ValueError, match="'lr' is missing"):
        space.clip({"width": 8})


def test_conditions_may_come_before_what_they_name(rng):
    space = SearchSpace({"a": When("b", [2, 3], Uniform(0, 1)), "b": Ordinal([1, 2, 3])})
    for _ in range(20):
        values = space.sample(rng)
        assert ("a" in values) == (values["b"] > 1)
        assert list(values)[-1] == "b"


def test_description_is_json(space):
    assert json.loads(json.dumps(space.describe())) == space.describe()
    assert SearchSpace(space).describe() == space.describe()
    assert space.describe()["optimizer.beta1"]["conditions"] == [["optimizer.name", ["adam"]]]


def test_same_seed_same_values(space):
    first, second = (space.sample(np.random.default_rng(4)) for _ in range(2))
    assert first == second
    first, second = (space.perturb(first, np.random.default_rng(4)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"lr": 1.0}, r"lr=1.0 is outside of LogUniform\(low=1e-05, high=0.1\)"),
        ({"Lr": 0.01}, "'Lr' is not in the search space. Did you mean lr"),
        ({"momentum": 0.5}, "Did you mean optimizer.sgd.momentum"),
        ({"batch_size": 24}, "batch_size=24 is outside"),
        ({"betas": (0.9, 0.999)}, "outside of Fixed"),
    ],
)
def test_check_names_the_value(space, values, message):
    with pytest.raises(ValueError, match=message):
        space.check(values)


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({}, "at least one entry"),
        ([Uniform(0, 1)], "expected a dict"),
        ({"a.b": Uniform(0, 1)}, "without dots"),
        ({1: Uniform(0, 1)}, "expected a name"),
        ({"a": {"b": [1, 2]}}, "a.b: a list such as"),
        ({"a": lambda: 1}, "a: .*is no domain"),
        ({"a": {}}, "a={}: expected at least one entry"),
        ({"a": When("b", 1, 2)}, "'b' of its condition does not exist"),
        ({"b": Choice([1, 2]), "a": When("b", 3, 2)}, "a: b is never 3"),
        (
            {
                "b": Choice([1, 2]),
                "a": When("c", 1, Choice([1, 2])),
                "c": When("a", 1, Choice([1, 2])),
            },
            r"\['a', 'c'\] go round in a circle",
        ),
        (
            {"b": Choice([1, 2]), "a": When("b", 1, IntUniform(1, 9, structural=True))},
            "Make b structural too",
        ),
    ],
)
def test_errors_name_the_entry(tree, message):
    with pytest.raises(ValueError, match=message):
        SearchSpace(tree)


def test_a_list_can_be_meant_literally(rng):
    assert SearchSpace({"widths": Fixed([64, 64])}).sample(rng) == {"widths": [64, 64]}
