"""The stand-ins have the names and attributes of the real classes; the real ones run where both
libraries are installed."""

import importlib
from types import SimpleNamespace

import numpy as np
import pytest

from population import (
    Choice,
    Fixed,
    IntUniform,
    LogUniform,
    Ordinal,
    SearchSpace,
    Uniform,
    from_optuna,
    from_ray_tune,
)


def stand_in(library, base, name, **attributes):
    module = {"ray": "ray.tune.search.sample", "optuna": "optuna.distributions"}[library]
    root = type(base, (), {"__module__": module})
    return type(name, (root,), {"__module__": module, **attributes})()


class FakeTune:
    def __init__(self):
        self.samplers = {
            name: stand_in("ray", name, f"_{name}") for name in ("Uniform", "LogUniform", "Normal")
        }

    def _domain(self, name, sampler, low, high, q=None):
        inner = self.samplers[sampler]
        if q is not None:
            inner = SimpleNamespace(q=q, get_sampler=lambda: self.samplers[sampler])
        return stand_in("ray", "Domain", name, lower=low, upper=high, sampler=inner)

    def uniform(self, low, high):
        return self._domain("Float", "Uniform", low, high)

    def quniform(self, low, high, q):
        return self._domain("Float", "Uniform", low, high, q)

    def loguniform(self, low, high):
        return self._domain("Float", "LogUniform", low, high)

    def qloguniform(self, low, high, q):
        return self._domain("Float", "LogUniform", low, high, q)

    def randint(self, low, high):
        return self._domain("Integer", "Uniform", low, high)

    def qrandint(self, low, high, q):
        return self._domain("Integer", "Uniform", low, high, q)

    def lograndint(self, low, high):
        return self._domain("Integer", "LogUniform", low, high)

    def randn(self):
        return self._domain("Float", "Normal", float("-inf"), float("inf"))

    def choice(self, categories):
        return stand_in("ray", "Domain", "Categorical", categories=categories, sampler=None)

    def sample_from(self, func):
        return stand_in("ray", "Domain", "Function", func=func, sampler=None)

    def grid_search(self, values):
        return {"grid_search": values}


class FakeOptuna:
    def FloatDistribution(self, low, high, log=False, step=None):  # noqa: N802
        low, high = float(low), float(high)
        return self._make("FloatDistribution", low=low, high=high, log=log, step=step)

    def IntDistribution(self, low, high, log=False, step=1):  # noqa: N802
        return self._make("IntDistribution", low=low, high=high, log=log, step=step)

    def CategoricalDistribution(self, choices):  # noqa: N802
        return self._make("CategoricalDistribution", choices=tuple(choices))

    def _make(self, name, **attributes):
        return stand_in("optuna", "BaseDistribution", name, **attributes)


@pytest.fixture(params=["stand-in", "real"])
def tune(request):
    if request.param == "stand-in":
        return FakeTune()
    return importlib.import_module("ray.tune")


@pytest.fixture(params=["stand-in", "real"])
def optuna(request):
    if request.param == "stand-in":
        return FakeOptuna()
    return importlib.import_module("optuna.distributions")


def domains_of(space):
    return {name: leaf.domain for name, leaf in space.leaves.items()}


def test_ray_tune(tune):
    space = from_ray_tune(
        {
            "lr": tune.loguniform(1e-4, 1e-1),
            "group": {"dropout": tune.uniform(0, 0.5), "noise": tune.quniform(0.1, 0.5, 0.1)},
            "depth": tune.randint(1, 5),
            "even": tune.qrandint(1, 9, 2),
            "width": tune.lograndint(1, 65),
            "act": tune.choice(["relu", "gelu"]),
            "only": tune.randint(3, 4),
            "epochs": 10,
        }
    )
    assert domains_of(space) == {
        "lr": LogUniform(1e-4, 1e-1),
        "group.dropout": Uniform(0, 0.5),
        "group.noise": Ordinal([0.1, 0.2, 0.3, 0.4, 0.5]),
        "depth": IntUniform(1, 4),
        "even": Ordinal([2, 4, 6, 8]),
        "width": IntUniform(1, 64, log=True),
        "act": Choice(["relu", "gelu"]),
        "only": Fixed(3),
        "epochs": Fixed(10),
    }
    space.check(space.sample(np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda tune: tune.randn(), "x: .*has no bounds"),
        (lambda tune: tune.sample_from(lambda spec: 1), "x: a function"),
        (lambda tune: tune.grid_search([1, 2]), r"x: a grid_search .*write Choice"),
        (lambda tune: tune.qloguniform(1e-4, 1e-1, 1e-4), "x: steps of 0.0001"),
        (lambda tune: tune.quniform(0, 1, 1e-6), "more than 10000"),
        (lambda tune: [1, 2], "x: a list such as"),
    ],
)
def test_ray_tune_without_a_counterpart(tune, make, message):
    with pytest.raises(ValueError, match=message):
        from_ray_tune({"x": make(tune)})


def test_optuna(optuna):
    space = from_optuna(
        {
            "lr": optuna.FloatDistribution(1e-4, 1e-1, log=True),
            "dropout": optuna.FloatDistribution(0, 0.5),
            "noise": optuna.FloatDistribution(0.0, 0.3, step=0.1),
            "depth": optuna.IntDistribution(1, 4),
            "even": optuna.IntDistribution(2, 8, step=2),
            "width": optuna.IntDistribution(1, 64, log=True),
            "act": optuna.CategoricalDistribution(["relu", "gelu", None]),
            "only": optuna.IntDistribution(3, 3),
        }
    )
    assert domains_of(space) == {
        "lr": LogUniform(1e-4, 1e-1),
        "dropout": Uniform(0, 0.5),
        "noise": Ordinal([0.0, 0.1, 0.2, 0.3]),
        "depth": IntUniform(1, 4),
        "even": Ordinal([2, 4, 6, 8]),
        "width": IntUniform(1, 64, log=True),
        "act": Choice(["relu", "gelu", None]),
        "only": Fixed(3),
    }


def test_foreign_domains_mix_with_ours(tune, optuna):
    space = SearchSpace({"a": tune.uniform(0, 1), "b": {"c": optuna.IntDistribution(0, 3)}})
    assert domains_of(space) == {"a": Uniform(0, 1), "b.c": IntUniform(0, 3)}
