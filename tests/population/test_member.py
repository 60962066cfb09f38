"""A birth: the parent's state, then the hyperparameters, then a stream for each of its parts."""

import random

import numpy as np
import pytest
import torch

from population import Member
from population.member import Birth, named_scores
from population.seeding import Seeds, preserved_randomness, seed_everything
from population.state import pack, unpack

SEEDS = Seeds(3, 4, 5)


@pytest.fixture(autouse=True)
def _randomness():
    with preserved_randomness():
        yield


def drawn():
    """Return a number of each global stream."""
    return [float(torch.rand(())), float(np.random.random()), random.random()]


def drawn_of(purpose, seeds=SEEDS):
    seed_everything(seeds.own(purpose))
    return drawn()


class Noting(Member):
    """Adds its rate at each step, and notes what it draws; its state has the rate in it."""

    def __init__(self, *, rate=1.0, draws=0):
        self.rate, self.value, self.draws = rate, 0.0, draws
        self.noted = {}

    def configure(self, hyperparameters):
        self.rate = hyperparameters.get("rate", self.rate)

    def step(self, operator=None):
        self.noted["step"] = drawn()
        self.value += self.rate
        for _ in range(self.draws):
            drawn()

    def evaluate(self):
        self.noted["evaluate"] = drawn()
        return self.value

    def contribution(self):
        return {"handed on": self.value}

    def state_dict(self):
        return {"value": self.value, "rate": self.rate}

    def load_state_dict(self, state):
        self.value, self.rate = state["value"], state["rate"]


def born(member, *, seeds=SEEDS, train=True, **hyperparameters):
    parent = pack({"value": 10.0, "rate": 0.5})
    birth = Birth(seeds=seeds, hyperparameters=hyperparameters, train=train)
    return member.bear(parent, birth)


def test_hyperparameters_are_configured_after_the_state_is_loaded():
    newborn = born(Noting(), rate=0.25)
    assert unpack(newborn.state) == {"value": 10.25, "rate": 0.25}
    assert newborn.scores == {"fitness": 10.25}
    assert unpack(newborn.contribution) == {"handed on": 10.25}


def test_without_hyperparameters_the_states_hold():
    assert unpack(born(Noting(rate=7.0)).state) == {"value": 10.5, "rate": 0.5}


@pytest.mark.parametrize("draws", [0, 1, 7])
def test_step_and_evaluation_have_a_stream_each_however_much_the_other_draws(draws):
    member = Noting(draws=draws)
    born(member)
    assert member.noted == {"step": drawn_of("step"), "evaluate": drawn_of("evaluate")}
    assert member.noted["step"] != member.noted["evaluate"]


def test_another_child_draws_other_numbers():
    member, sister = Noting(), Noting()
    born(member)
    born(sister, seeds=Seeds(3, 4, 6))
    for purpose, numbers in member.noted.items():
        assert not set(numbers) & set(sister.noted[purpose])


def test_a_parent_that_is_only_scored_takes_no_step():
    member = Noting()
    newborn = born(member, train=False, rate=0.25)
    assert unpack(newborn.state) == {"value": 10.0, "rate": 0.25}
    assert member.noted == {"evaluate": drawn_of("evaluate")}


def test_siblings_are_the_children_that_are_born_alone():
    births = [
        Birth(seeds=Seeds(3, 4, child), hyperparameters={"rate": rate}, train=train)
        for child, (rate, train) in enumerate([(0.25, True), (2.0, True), (4.0, False)])
    ]
    parent = pack({"value": 10.0, "rate": 0.5})
    values = [unpack(one.state)["value"] for one in Noting().reproduce(parent, births)]
    assert values == [10.25, 12.0, 10.0]
    assert unpack(parent) == {"value": 10.0, "rate": 0.5}


def test_the_seconds_of_loading_count_once():
    member = Noting()
    birth = Birth(seeds=SEEDS)
    member.become(pack({"value": 10.0, "rate": 0.5}), birth)
    member._loading_seconds = 5.0
    first, second = (member.appraise(birth).seconds["transfer"] for _ in range(2))
    assert 5.0 <= first < 5.5
    assert 0.0 <= second < 0.5


def test_scores_are_named_numbers():
    assert named_scores(2) == {"fitness": 2.0}
    assert named_scores({"a": np.float32(0.5), "b": True}) == {"a": 0.5, "b": 1.0}
    with pytest.raises(ValueError, match="returned no score"):
        named_scores({})
    for wrong in ("much", None, {"a": "much"}, {1: 1.0}):
        with pytest.raises(TypeError, match="return a number or a mapping from names to numbers"):
            named_scores(wrong)
