"""Settings reach the optimiser of every network: rates, both betas, momentum."""

import dataclasses

import pytest
import torch

from egan import collection
from egan.collection import testing
from egan.config import GameSettings, Settings
from egan.training import optimizers

SIDES = {"members": "generator_lr", "environment": "discriminator_lr"}
GIVEN = {"generator_lr": 0.5, "discriminator_lr": 0.25, "beta1": 0.375, "beta2": 0.625}
GAMES = [name for name, entry in collection.MODELS.items() if entry.family == "adversarial"]


def groups(member):
    return {name: one.param_groups[0] for name, one in member.optimizers.items()}


@pytest.mark.parametrize("name", GAMES)
def test_rates_and_betas_reach_both_sides(name):
    """When it is built, after a change, and after a state of other settings is loaded."""
    member, other = (testing.built(testing.tiny(name), given) for given in (GIVEN, {}))
    reloaded = testing.built(testing.tiny(name), GIVEN)
    reloaded.load_state_dict(other.state_dict())
    other.configure(GIVEN)
    for one in (member, reloaded, other):
        for side, rate in SIDES.items():
            for network in getattr(member.sides, side):
                name = one.learning[network]  # a rate of its own, such as an encoder's, or a side's
                given = getattr(one.settings, name)
                assert groups(one)[network]["lr"] in (given, 0.1 * given)  # a late phase's
                assert groups(one)[network]["betas"] == (0.375, 0.625)
            assert rate in {one.learning[network] for network in getattr(member.sides, side)}
            assert getattr(one.settings, rate) == GIVEN[rate]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Other(GameSettings):
    """Settings that name an optimiser."""

    optimizer: str = "adam"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("adam", {"lr": 0.125, "betas": (0.375, 0.625)}),
        ("sgd", {"lr": 0.125, "momentum": 0.375}),
        ("rmsprop", {"lr": 0.125}),
        ("adagrad", {"lr": 0.125}),
    ],
)
def test_each_optimiser_takes_the_options_that_it_knows(name, expected):
    settings = Other(optimizer=name, beta1=0.375, beta2=0.625)
    options = optimizers.options(settings, lr=0.125)
    assert options == expected
    network = torch.nn.Linear(2, 3)
    built = optimizers.optimizer(name, network, options)
    assert type(built).__name__.lower() == name
    assert {key: built.param_groups[0][key] for key in expected} == expected
    assert [*built.param_groups[0]["params"]] == [*network.parameters()]


def test_without_betas_adam_has_its_own():
    assert optimizers.options(Settings(), lr=0.125) == {"lr": 0.125}
    assert optimizers.name_of(Settings()) == "adam"
