"""A member that leaves the process changed changes no sibling."""

import os

import numpy as np
import pytest
import torch
from toys import Tiny, rows, search

from population.switches import Guard, all_switches

CHANGES = {
    "default dtype": lambda: torch.set_default_dtype(torch.float64),
    "default device": lambda: torch.set_default_device("meta"),
    "gradient mode": lambda: torch.set_grad_enabled(False),
    "number of threads": lambda: torch.set_num_threads(3),
    "deterministic mode": lambda: torch.use_deterministic_algorithms(True, warn_only=True),
    "matmul precision": lambda: torch.set_float32_matmul_precision("medium"),
    "anomaly mode": lambda: torch.autograd.set_detect_anomaly(True),
    "denormal numbers": lambda: torch.set_flush_denormal(True),
    "autocast on cpu": lambda: torch.set_autocast_enabled("cpu", True),
    "handling of errors": lambda: np.seterr(all="raise"),
    "working directory": lambda: os.chdir("/"),
}


@pytest.mark.filterwarnings("ignore:Anomaly")
@pytest.mark.parametrize("name", CHANGES)
def test_every_switch_is_seen_named_and_put_back(name):
    guard = Guard(all_switches())
    try:
        CHANGES[name]()
        [change] = guard.changes()
        assert name in change
    finally:
        guard.put_back()
    assert not guard.changes()


class Careless(Tiny):
    """One child leaves the process changed."""

    def evaluate(self):
        scores = super().evaluate()
        if self.seeds.child == 1:
            CHANGES["default dtype"]()
            CHANGES["gradient mode"]()
            CHANGES["number of threads"]()
        return scores


class CarelessAndFailing(Careless):
    def evaluate(self):
        scores = super().evaluate()
        if self.seeds.child == 1:
            raise RuntimeError
        return scores


class CarefulAndFailing(Tiny):
    def step(self, operator=None):
        super().step(operator)
        if self.seeds.child == 1:
            raise RuntimeError


class CarelessAtBirth(Tiny):
    def __init__(self, hyperparameters):
        super().__init__(hyperparameters)
        CHANGES["default dtype"]()


@pytest.mark.parametrize(
    ("careless", "careful"),
    [(Careless, Tiny), (CarelessAndFailing, CarefulAndFailing), (CarelessAtBirth, Tiny)],
)
def test_siblings_and_the_caller_do_not_notice(careless, careful):
    guard = Guard(all_switches())
    found, expected = (rows(search(member=m).run(3).history) for m in (careless, careful))
    assert found.drop(columns="error").equals(expected.drop(columns="error"))
    assert not guard.changes()
