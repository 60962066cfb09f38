"""Where a generation's time goes: phases that add up, and columns only where they are asked for."""

import time

import pytest
from toys import Drift, Tiny, rows, search

from population import (
    AsynchronousSearch,
    Evolution,
    InlineExecutor,
    LogUniform,
    RandomSearch,
    RayExecutor,
)
from population.records.profile import PHASES, Lesson, Profile, columns
from population.worker import Report

NAMES = [f"{phase}_seconds" for phase in PHASES]


class Slow(Tiny):
    """A member that trains for 20 ms and is scored for 10."""

    def step(self, operator=None):
        time.sleep(0.02)
        super().step(operator)

    def evaluate(self):
        time.sleep(0.01)
        return super().evaluate()


class SlowDrift(Drift):
    """An environment that learns for 15 ms."""

    def update(self, contributions):
        time.sleep(0.015)
        return super().update(contributions)


def profiled(executor):
    settings = {"member": Slow, "environment": SlowDrift, "strategy": Evolution(("up", "down"))}
    running = search(executor, profile=True, **settings)
    return running, running.run(4).history


def check(history):
    last = history[history["generation"] > 1]
    assert (last["variation_seconds"] >= 0.02).all()
    assert (last["scoring_seconds"] >= 0.01).all()
    spent = last.groupby("generation")[NAMES].sum()
    assert (spent["environment_seconds"] >= 0.015).all()
    assert (spent >= 0).all(axis=None)


def test_phases_are_where_the_time_was_spent():
    started = time.perf_counter()
    running, history = profiled(InlineExecutor())
    wall = time.perf_counter() - started
    check(history)
    phases = running.profile.phases
    assert running.profile.generations == 4
    assert history[NAMES].sum().to_list() == pytest.approx(list(phases.values()), abs=1e-4)
    assert 4 * (2 * 0.03 + 0.015) <= sum(phases.values()) <= wall


def test_members_at_work_in_other_processes_are_profiled_too(ray_session):
    _, history = profiled(RayExecutor(2))
    check(history)
    assert (history["transfer_seconds"] > 0).all()


def test_a_history_has_no_such_columns_unless_asked_for():
    plain, asked = search().run(3).history, search(profile=True).run(3).history
    assert not set(NAMES) & set(plain.columns)
    assert rows(plain).equals(rows(asked).drop(columns=NAMES))


def test_what_the_parts_leave_is_bookkeeping():
    profile = Profile()
    profile.begin()
    profile.timed("callbacks", time.sleep, 0.02)
    profile.timed("make", time.sleep, 0.03)
    time.sleep(0.01)
    parts = {"variation": 0.01, "scoring": 0.005, "transfer": 0.001}
    report = Report(0, {}, 0.016, parts=parts)
    profile.timed("update", time.sleep, 0.02)
    lesson = Lesson({}, 0.015)
    found = profile.end([report] * 2, busiest=[report], lesson=lesson, selection=0.002)
    assert found["selection"] == 0.002
    assert found["environment"] == 0.015
    assert found["variation"] == 0.02
    assert 0.001 + 0.005 <= found["transfer"] < 0.02
    assert 0.014 + 0.008 <= found["bookkeeping"] < 0.05
    assert columns([report, report], found)[1]["selection_seconds"] == 0.001


def test_an_asynchronous_search_refuses_to_be_profiled():
    strategy = RandomSearch({"lr": LogUniform(1e-3, 1.0)}, 4)
    with pytest.raises(ValueError, match="profile=True"):
        AsynchronousSearch(Tiny, strategy, profile=True)


def test_columns_are_in_microseconds():
    report = Report(0, {}, 1.0, parts={"variation": 1 / 3, "scoring": 2 / 3})
    [row] = columns([report], dict.fromkeys(PHASES[2:], 1e-07))
    assert row == dict(zip(NAMES, (0.333333, 0.666667, *[0.0] * (len(NAMES) - 2)), strict=True))
