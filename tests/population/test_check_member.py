import gc
import os
import random
import socket
from typing import ClassVar

import numpy as np
import pytest
import torch

from population import Member
from population.switches import Guard
from population.testing import check_member
from population.testing.members import differences

GIVEN = {"lr": 0.1, "momentum": 0.9}
CHANGED = {"lr": 0.01, "momentum": 0.9}


class Sound(Member):
    """A small network with an optimiser, a schedule and everything else in its state."""

    def __init__(self, hyperparameters):
        self.net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
        self.optimizer = torch.optim.SGD(self.net.parameters(), **hyperparameters)
        self.steps = 0

    def configure(self, hyperparameters):
        for group in self.optimizer.param_groups:
            group.update(hyperparameters)

    def step(self, operator=None):
        self.steps += 1
        self.optimizer.zero_grad()
        loss = self.net(torch.randn(8, 3) + np.random.normal()).square().mean()
        (loss / self.steps).backward()
        self.optimizer.step()

    def evaluate(self):
        return -float(self.net[0].weight.detach().abs().sum()) + random.random()

    def state_dict(self):
        return {
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "steps": self.steps,
        }

    def load_state_dict(self, state):
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.steps = state["steps"]


class NoCounter(Sound):
    def state_dict(self):
        return {key: value for key, value in super().state_dict().items() if key != "steps"}

    def load_state_dict(self, state):
        super().load_state_dict({**state, "steps": self.steps})


class NoOptimizer(NoCounter):
    def state_dict(self):
        return {"net": self.net.state_dict(), "steps": self.steps}

    def load_state_dict(self, state):
        self.net.load_state_dict(state["net"])
        self.steps = state["steps"]


class HalfLoaded(Sound):
    def load_state_dict(self, state):
        super().load_state_dict({**state, "net": self.net.state_dict()})


class Frozen(Sound):
    def step(self, operator=None):
        pass


class OwnStart(Sound):
    def __init__(self, hyperparameters):
        super().__init__(hyperparameters)
        fresh = torch.Generator()
        fresh.seed()
        with torch.no_grad():
            self.net[0].bias.copy_(torch.rand(4, generator=fresh))


class OwnRandomness(Sound):
    def step(self, operator=None):
        super().step(operator)
        with torch.no_grad():
            self.net[0].weight += float(np.random.default_rng().normal())


class OwnScores(Sound):
    def evaluate(self):
        return float(np.random.default_rng().normal())


class NoConfigure(Sound):
    def configure(self, hyperparameters):
        pass


class HalfConfigured(Sound):
    def __init__(self, hyperparameters):
        super().__init__(hyperparameters)
        self.scale = hyperparameters["lr"]

    def step(self, operator=None):
        super().step(operator)
        with torch.no_grad():
            self.net[0].weight *= self.scale


class Unpackable(Sound):
    def state_dict(self):
        return {**super().state_dict(), "queue": {1, 2}}


class OwnDtype(Sound):
    def step(self, operator=None):
        super().step(operator)
        torch.set_default_dtype(torch.float64)


class OwnThreads(Sound):
    def __init__(self, hyperparameters):
        super().__init__(hyperparameters)
        torch.set_num_threads(3)


class OwnFolder(Sound):
    def evaluate(self):
        os.chdir("/")
        return super().evaluate()


class Closing(Sound):
    files: ClassVar = []

    def step(self, operator=None):
        super().step(operator)
        while self.files:
            os.close(self.files.pop())


FLAWS = {
    NoCounter: "a member that trained before makes another child",
    NoOptimizer: "a member that trained before makes another child",
    HalfLoaded: r"load_state_dict\(\) does not bring everything back .*'net'",
    Frozen: r"step\(\) changed nothing",
    OwnStart: "starts in different states.*0.bias",
    OwnRandomness: "a child comes out differently.*0.weight",
    OwnScores: "the scores differ",
    NoConfigure: r"apply hyperparameters in configure\(\)",
    HalfConfigured: "trains differently from one that was built so",
    OwnDtype: "making a child changed torch's default dtype from torch.float32 to torch.float64",
    OwnThreads: "building it changed torch's number of threads from 1 to 3",
    OwnFolder: "making a child changed the working directory",
    Unpackable: r"\['queue'\] is a set",
}


def test_a_sound_member_passes():
    check_member(Sound, GIVEN, changed=CHANGED)


@pytest.mark.parametrize("flawed", FLAWS, ids=lambda cls: cls.__name__)
def test_a_flaw_is_named(flawed):
    with pytest.raises(AssertionError, match=FLAWS[flawed]):
        check_member(flawed, GIVEN, changed=CHANGED)


def test_the_operator_reaches_the_step():
    class Operated(Sound):
        heard: ClassVar = []

        def step(self, operator=None):
            self.heard.append(operator)
            super().step(operator)

    check_member(Operated, GIVEN, changed=CHANGED, operator="up")
    assert set(Operated.heard) == {"up"}


def test_a_member_that_closes_what_it_has_not_opened_is_told():
    Closing.files.append(os.dup(2))
    with pytest.raises(AssertionError, match="making a child closed the file descriptors"):
        check_member(Closing, GIVEN)


def test_files_that_the_collector_closes_are_not_held_against_the_member(monkeypatch):
    def wake_the_collector():
        if gc.isenabled():
            gc.collect()

    class Littered(Sound):
        def step(self, operator=None):
            super().step(operator)
            left.clear()
            wake_the_collector()

    class Waking(Guard):
        def changes(self):
            wake_the_collector()
            return super().changes()

    monkeypatch.setattr("population.testing.members.Guard", Waking)
    left = [[open(os.devnull)]]  # noqa: SIM115 - a file that only the collector can close
    left[0].append(left[0])
    check_member(Littered, GIVEN)


def test_sockets_that_other_threads_close_are_not_held_against_the_member():
    class Talking(Sound):
        def step(self, operator=None):
            super().step(operator)
            left.close()

    left = socket.socket()
    check_member(Talking, GIVEN)


def test_a_factory_must_return_a_member():
    with pytest.raises(AssertionError, match="returned a dict; let it return a pop"):
        check_member(dict, GIVEN)


def test_the_callers_random_states_come_back():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    check_member(Sound, GIVEN)
    assert torch.equal(torch.rand(3), expected)


def test_differences_name_paths_and_see_every_bit():
    left = {"a": [torch.zeros(2), 1.0], "b": np.array([1, 2]), "c": float("nan")}
    right = {"a": [torch.tensor([0.0, -0.0]), 1], "b": np.array([1, 2.0]), "c": float("nan")}
    assert differences(left, left) == []
    found = differences(left, right)
    assert found == ["state_dict()['a'][0]", "state_dict()['a'][1]", "state_dict()['b']"]
    assert differences({"a": 1}, {"b": 1}) == ["state_dict()"]
    same = torch.ones(2, dtype=torch.bfloat16)
    assert differences(same, same.clone()) == []
