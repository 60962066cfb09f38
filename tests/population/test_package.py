"""What the package and its folders offer is there."""

import logging
import pkgutil
from importlib import import_module

import pytest

import population
from population.records import archive
from population.strategy import Individual, Offspring

PACKAGES = ["population"] + [
    f"population.{module.name}"
    for module in pkgutil.iter_modules(population.__path__)
    if module.ispkg
]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_loads(package):
    module = import_module(package)
    for name in getattr(module, "__all__", []):
        assert getattr(module, name) is not None


def test_warnings_are_the_packages():
    assert archive.logger is logging.getLogger("population")


def test_a_strategy_need_not_vary_anything():
    offspring, member = Offspring(parent=0), Individual(generation=0, index=0)
    assert (offspring.operator, offspring.hyperparameters, offspring.train) == (None, {}, True)
    assert (member.hyperparameters, member.scores, member.state, member.failed) == (
        {},
        {},
        None,
        False,
    )
