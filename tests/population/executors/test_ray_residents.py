"""Survivors that stay in the workers that made them; the bits must not know."""

import os
import signal
import time
from collections import deque
from functools import partial

import numpy as np
import psutil
import pytest
import ray
from toys import Adaptive, Tiny, Unlucky, rows

from population import LogUniform, PopulationBasedTraining, RayExecutor, Search
from population.executors.executor import Job
from population.executors.ray_placement import deal
from population.executors.ray_survivors import Survivor
from population.member import Birth
from population.seeding import Seeds

GENERATIONS = 8


@pytest.fixture(autouse=True)
def _always_cheap(monkeypatch):
    """Let children count as cheap on a busy machine too, and every imbalance be worth a move."""
    monkeypatch.setattr("population.executors.ray_pool.BATCH_SECONDS", 3600.0)
    monkeypatch.setattr("population.executors.ray_pool.MOVE_SECONDS", 0.0)


class Watching(RayExecutor):
    """Counts which survivors stayed with their makers and which parents had to be handed over."""

    def start(self, workshop):
        super().start(workshop)
        ray.get(self._pool.ready)
        self.stayed = self.shared = 0

    def make(self, jobs):
        reports = super().make(jobs)
        self.shared += sum(getattr(job.parent, "block", None) is not None for job in jobs)
        return reports

    def keep(self, indices, teachers):
        handles = super().keep(indices, teachers)
        self.stayed += sum(handle.home is not None for handle in handles)
        return handles


def tuned(executor=None, member=Tiny, **options):
    strategy = PopulationBasedTraining({"lr": LogUniform(1e-4, 1e-1)}, 6, quantile=0.34)
    return Search(member, strategy, executor=executor, seed=3, **options)


def kill_now(actor):
    """Kill an actor's process, and return when it can answer no more."""
    process = psutil.Process(ray.get(actor.__ray_call__.remote(lambda _: os.getpid())))
    process.kill()
    deadline = time.monotonic() + 10
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.fixture(scope="module")
def expected():
    return tuned().run(GENERATIONS)


def same(result, expected):
    assert rows(result.history).equals(rows(expected.history))
    ours, theirs = result.best.state["net"], expected.best.state["net"]
    assert all(ours[name].equal(theirs[name]) for name in theirs)


@pytest.mark.parametrize(("workers", "member"), [(1, Tiny), (2, Adaptive), (3, Tiny)])
def test_survivors_that_stay_give_the_inline_bits(ray_session, workers, member):
    executor = Watching(workers)
    same(tuned(executor, member).run(GENERATIONS), tuned(None, member).run(GENERATIONS))
    assert executor.stayed == 6 * GENERATIONS
    assert 0 < executor.shared < 6 * GENERATIONS if workers > 1 else not executor.shared


def test_children_that_take_long_have_their_parents_handed_over(ray_session, expected, monkeypatch):
    monkeypatch.setattr("population.executors.ray_pool.BATCH_SECONDS", 0.0)
    executor = Watching(2)
    same(tuned(executor).run(GENERATIONS), expected)
    assert executor.stayed == 0


def test_a_change_of_pace_in_mid_run_changes_nothing(ray_session, expected, monkeypatch):
    class Changing(Watching):
        def keep(self, indices, teachers):
            generation = self._jobs[0].birth.seeds.generation
            cheap = 3600.0 if generation % 3 else 0.0
            monkeypatch.setattr("population.executors.ray_pool.BATCH_SECONDS", cheap)
            return super().keep(indices, teachers)

    executor = Changing(2)
    same(tuned(executor).run(GENERATIONS), expected)
    assert 0 < executor.stayed < 6 * GENERATIONS


@pytest.mark.parametrize("when", ["before its next children", "before a checkpoint"])
def test_a_worker_that_dies_with_its_survivors_changes_nothing(ray_session, expected, caplog, when):
    class Treacherous(Watching):
        killed = 0

        def keep(self, indices, teachers):
            handles = super().keep(indices, teachers)
            checkpoint = self._jobs[0].birth.seeds.generation % 4 == 0
            if not self.killed and self.stayed > 12 and checkpoint == ("checkpoint" in when):
                self.killed = self.stayed
                kill_now(self._pool.actor(0))
            return handles

    executor = Treacherous(2)
    same(tuned(executor, checkpoint_every=4).run(GENERATIONS), expected)
    assert "going back to generation" in caplog.text
    assert executor.killed
    assert executor.stayed == executor.killed, "after a loss, survivors are handed over at once"


def test_a_child_that_always_kills_its_worker_does_not_stop_the_others(ray_session, tmp_path):
    member = partial(Unlucky, folder=tmp_path, mode="die", once=False, generation=3)
    result = tuned(Watching(2), member).run(3)
    assert result.failures["child"].unique().tolist() == [1]
    assert result.failures["error"].str.startswith("WorkerDied: 3 workers").all()
    assert len(result.history.query("generation == 3 and survived")) >= 5


def test_a_generation_without_survivors_leaves_those_before_where_they_are(ray_session, tmp_path):
    def history(executor):
        return rows(tuned(executor, Barren).run(GENERATIONS).history)

    executor = Watching(2)
    assert history(executor).equals(history(None))
    assert executor.stayed == 6 * (GENERATIONS - 2)


class Barren(Tiny):
    """Has no score in two generations."""

    def evaluate(self):
        scores = super().evaluate()
        return scores | {"fitness": np.nan} if self.seeds.generation in (4, 5) else scores


def test_an_interrupted_search_ends_with_what_it_has(ray_session, expected):
    class Impatient(Watching):
        def make(self, jobs):
            if jobs[0].birth.seeds.generation == 4:
                signal.raise_signal(signal.SIGUSR1)
            return super().make(jobs)

    search = tuned(Impatient(2))
    before = signal.signal(signal.SIGUSR1, lambda *_: search.stop())
    try:
        result = search.run(GENERATIONS)
    finally:
        signal.signal(signal.SIGUSR1, before)
    first = rows(expected.history).query("generation <= 4")
    assert rows(result.history).equals(first)


def jobs_at(*homes):
    birth = Birth(seeds=Seeds(0, 2, 0))
    return deque(Job(i, Survivor(home=home), birth) for i, home in enumerate(homes))


@pytest.mark.parametrize(
    ("homes", "size", "slack", "expected"),
    [
        ([None] * 5, 3, 0, {0: [0, 1, 2], 1: [3, 4]}),
        ([1, 0, 1, 0], 2, 0, {0: [1, 3], 1: [0, 2]}),
        ([0, 0, 0, 1], 2, 0, {0: [0, 1], 1: [2, 3]}),
        ([0, 0, 0, 1], 2, 1, {0: [0, 1, 2], 1: [3]}),
        ([1, 1, 1, 1], 2, 1, {0: [2, 3], 1: [0, 1]}),
        ([2, None, 2, 0], 2, 0, {0: [0, 3], 1: [1, 2]}),
    ],
)
def test_children_go_to_their_parents_unless_that_keeps_others_idle(homes, size, slack, expected):
    queue = jobs_at(*homes)
    dealt = deal(queue, [0, 1], size=size, slack=slack)
    assert {place: [job.index for job in jobs] for place, jobs in dealt} == expected
    assert not queue


def test_what_is_beyond_everyones_share_stays_in_the_queue():
    queue = jobs_at(0, None, 0, 0, 1, None)
    dealt = deal(queue, [0, 1], size=1, slack=0)
    assert [(place, [job.index for job in jobs]) for place, jobs in dealt] == [(0, [0]), (1, [4])]
    assert [job.index for job in queue] == [1, 2, 3, 5]
