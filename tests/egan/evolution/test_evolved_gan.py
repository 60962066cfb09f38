import math
import re
from dataclasses import replace
from functools import partial

import pytest
import torch
from gans import pair, parts_for, same_bits, task_for, tiny_config

from egan.collection.egan.model import Egan
from egan.collection.search import default_space
from egan.evolution.whole import WholeEvolution, best_of
from population import InlineExecutor, PopulationBasedTraining, RayExecutor, Search
from population.member import Birth
from population.seeding import Seeds, seed_everything
from population.spaces import LogUniform, Uniform
from population.state import pack, unpack
from population.testing import check_member

LR = {"generator_lr": LogUniform(1e-4, 1e-2), "diversity_weight": Uniform(0.0, 0.5)}


def _factory(*, interval=2, **changes):
    config = tiny_config(search={"interval": interval}, **changes)
    return partial(WholeEvolution, config=config, game=Egan, task=task_for(config))


def _member(hyperparameters=None, **options):
    seed_everything(5)
    return _factory(**options)(hyperparameters or {})


def _child(parent, hyperparameters=None, *, seeds=None, **options):
    birth = Birth(seeds=seeds or Seeds(0, 1, 0), hyperparameters=hyperparameters or {})
    return _member(**options).bear(parent, birth)


def _start(**options):
    return pack(_member(**options).state_dict())


@pytest.mark.parametrize(
    "changed",
    [
        {"generator_lr": 0.05},
        {"discriminator_lr": 0.05},
        {"discriminator_steps": 3},
        {"r1_weight": 3.0},
        {"gradient_penalty_weight": 3.0},
        {"ema_decay": 0.05},
        {"batch_size": 8},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_it_keeps_the_promises_of_a_member(changed):
    check_member(_factory(), {}, changed=changed)


def test_the_weight_of_diversity_reaches_the_selection():
    options = {"interval": 12, "evolve": "minimax,heuristic,hinge"}
    start = _start(**options)
    states = [_child(start, {"diversity_weight": w}, **options).state for w in (0.0, 1e6)]
    assert not same_bits(*states)


def test_several_survivors_and_plus_selection():
    several = {"num_survivors": 2, "selection": "plus"}
    check_member(_factory(evolution=several), {})
    state = unpack(_child(_start(evolution=several), evolution=several).state)
    assert len(state["survivors"]) == 2


def test_the_evolution_inside_goes_on_where_it_stood():
    first = _child(_start())
    second = _child(first.state, seeds=Seeds(0, 2, 0))
    state = unpack(second.state)
    assert state["generation"] == 4
    assert state["strategy"]["generation"] == 4
    [survivor] = state["survivors"]
    for side in (survivor["state"], state["discriminator"]):
        for optimizer in side["optimizers"].values():
            assert {int(slot["step"]) for slot in optimizer.values()} == {4}


def test_twins_train_on_random_numbers_of_their_own_and_are_scored_on_shared_ones():
    start = _start()
    seeds = [Seeds(0, 1, 0), Seeds(0, 1, 1)]
    one, other = (_child(start, seeds=each) for each in seeds)
    assert not same_bits(one.state, other.state)
    untrained = [
        _member().bear(start, Birth(seeds=each, train=False)).scores["fitness"] for each in seeds
    ]
    assert untrained[0] == untrained[1]


def test_hyperparameters_win_over_the_optimisers_states():
    parent = _child(_start(), {"generator_lr": 0.5, "discriminator_lr": 0.25}).state
    child = _child(parent, {"generator_lr": 1e-5, "discriminator_lr": 1e-6}).state
    before, after = unpack(parent), unpack(child)
    sides = [(x["survivors"][0]["state"], x["discriminator"]) for x in (before, after)]
    generators, discriminators = zip(*sides, strict=True)
    assert 0 < _moved(*generators, "generator") < 1e-3
    assert 0 < _moved(*discriminators, "discriminator") < 1e-4


def _moved(before, after, network):
    pairs = zip(*(side["networks"][network].values() for side in (before, after)), strict=True)
    return max(float((a - b).abs().max()) for a, b in pairs)


def test_a_live_discriminator_keeps_its_hyperparameters_when_a_state_is_loaded():
    one, other = (parts_for(tiny_config()).environment() for _ in range(2))
    other.game.configure({"discriminator_lr": 0.125, "discriminator_steps": 3})
    other.load_state_dict(unpack(pack(one.state_dict())))
    assert other.game.optimizers["discriminator"].param_groups[0]["lr"] == 0.125
    assert other.game.settings.discriminator_steps == 3


def test_a_live_generator_takes_hyperparameters():
    generator, _ = pair(tiny_config())
    game = generator.game
    game.configure({"generator_lr": 0.125, "ema_decay": 0.5})
    generator.load_state_dict(unpack(pack(generator.state_dict())))
    assert game.optimizers["generator"].param_groups[0]["lr"] == 0.125
    assert game.averaging.decay == 0.5
    game.configure({})
    assert game.settings == tiny_config().settings


def test_a_live_evolution_takes_hyperparameters():
    member = _member()
    member.configure({"generator_lr": 0.125, "diversity_weight": 2.0})
    assert member.parts.evolution.diversity_weight == 2.0
    assert member.parts.member({}).game.settings.generator_lr == 0.125
    member.configure({})
    assert member.config == member.given


@pytest.mark.parametrize(
    ("hyperparameters", "expected"),
    [
        ({"generater_lr": 0.1}, "did you mean 'generator_lr'"),
        ({"num_survivors": 8}, "unknown hyperparameter 'num_survivors'"),
        ({"generator_lr": -1.0}, "--generator-lr must be a number above 0"),
        ({"discriminator_steps": 1.5}, "must be a whole number, but got 1.5"),
        ({"r1_weight": "much"}, "r1_weight must be a number"),
        ({"generator_lr": True}, "generator_lr must be a number"),
    ],
)
def test_a_wrong_hyperparameter_is_named(hyperparameters, expected):
    member = _member()
    with pytest.raises(ValueError, match=re.escape(expected)):
        member.configure(hyperparameters)


def test_an_interval_is_at_least_1():
    with pytest.raises(ValueError, match="--interval must be 1 or more, but got 0"):
        _member(interval=0)


def test_every_hyperparameter_has_a_place_in_the_settings():
    config = tiny_config()
    assert set(default_space(config)) <= set(config.kinds)
    others = {float: 0.625, int: 3, bool: True}
    for name, kind in config.kinds.items():
        if kind in others:
            assert config.tuned({name: others[kind]}) != config


def test_weights_that_are_not_finite_score_nan():
    state = unpack(_start())
    for value in state["survivors"][0]["state"]["networks"]["average"].values():
        if value.dtype.is_floating_point:
            value.fill_(float("nan"))
    newborn = _member().bear(pack(state), Birth(seeds=Seeds(0, 1, 0), train=False))
    assert all(map(math.isnan, newborn.scores.values()))


class Reckless(PopulationBasedTraining):
    """Starts its second member with a learning rate that no training survives."""

    def ask(self, population, rng):
        first, second = super().ask(population, rng)
        if self.round == 0:
            second = replace(second, hyperparameters={"generator_lr": 1e30})
        return [first, second]


def test_a_gan_that_diverges_is_a_failed_child_that_is_rescued():
    strategy = Reckless({"generator_lr": LogUniform(1e-4, 1e-2)}, 2)
    result = Search(_factory(interval=25), strategy, seed=1).run(2)
    [error] = result.failures["error"]
    assert "no child had a finite score" in error
    rescued = result.history[result.history["generation"] == 2]
    assert rescued["parent"].tolist() == [0, 0]
    assert len(result.population) == 2


def test_an_exploit_copies_a_whole_gan():
    class Frozen(WholeEvolution):
        """Does not train, so that a copy is recognised."""

        def step(self, operator=None):
            pass

    factory = partial(Frozen, **_factory().keywords)
    search = Search(factory, PopulationBasedTraining(LR, 4, quantile=0.5), seed=3)
    result = search.run(2)
    lineage = result.lineage
    copied = lineage[lineage["copied"]]
    assert len(copied) == 2
    states = {one.index: pack(one.state) for one in result.population}
    for child, parent in zip(copied["child"], copied["parent"], strict=True):
        assert same_bits(states[child], states[parent])
    donors = set(range(4)) - set(copied["child"])
    assert not same_bits(*(states[i] for i in sorted(donors)))


def _history(executor):
    search = Search(
        _factory(), PopulationBasedTraining(LR, 3, quantile=0.4), executor=executor, seed=2
    )
    result = search.run(3)
    return result.history.drop(columns="seconds"), [pack(one.state) for one in result.population]


def test_the_same_bits_inline_and_on_ray(ray_session):
    table, states = _history(InlineExecutor())
    other, others = _history(RayExecutor(2))
    assert table.equals(other)
    assert all(map(same_bits, states, others))


def test_the_best_ones_average_is_what_is_scored():
    newborn = _child(_start())
    member = _member()
    member.load_state_dict(unpack(newborn.state))
    member.seeds = Seeds(0, 1, 0)
    assert member.evaluate() == newborn.scores
    weights = best_of(unpack(newborn.state))["networks"]
    for name, network in member.model.networks.items():
        loaded = network.state_dict()
        assert all(torch.equal(loaded[key], weights[name][key]) for key in loaded)
