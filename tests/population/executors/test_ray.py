"""Real Ray, real processes, real kills; every disturbed run must give the undisturbed bits."""

import pickle
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from processes import kill_and_resume
from toys import Adaptive, Broken, Tiny, Unlucky, rows, search

from population import Callback, RayExecutor
from population.errors import NothingSurvivesError
from population.executors import ray_address, ray_cluster
from population.records.journal import read_journal

GENERATIONS = 8


@pytest.fixture(scope="module")
def expected():
    return rows(search().run(GENERATIONS).history)


@pytest.mark.parametrize(("workers", "member"), [(1, Tiny), (2, Adaptive), (3, Tiny)])
def test_any_number_of_workers_gives_the_inline_bits(ray_session, workers, member):
    inline, ray = (
        rows(search(executor, member=member).run(GENERATIONS).history)
        for executor in (None, RayExecutor(workers))
    )
    assert ray.equals(inline)


def test_a_worker_killed_in_mid_generation_changes_nothing(ray_session, expected, tmp_path, caplog):
    member = partial(Unlucky, folder=tmp_path, mode="die")
    history = search(RayExecutor(2), member=member).run(GENERATIONS).history
    assert (tmp_path / "happened-die").exists()
    assert "died" in caplog.text
    assert rows(history).equals(expected)


def test_a_child_is_not_blamed_for_workers_that_died_with_its_own(ray_session, tmp_path, caplog):
    """All are killed while one is at work: that the others died too is noticed one by one."""
    member = partial(Unlucky, folder=tmp_path, mode="massacre", generation=2)
    history = search(RayExecutor(3), member=member, mu=1).run(3).history
    assert caplog.text.count("died") >= 3
    assert rows(history).equals(rows(search(mu=1).run(3).history))


def test_a_worker_killed_while_it_holds_a_survivor_changes_nothing(ray_session, expected):
    class Treacherous(RayExecutor):
        def keep(self, indices, teachers):
            if self._jobs[0].birth.seeds.generation == 4:
                place, _ = self._pool.made_by[indices[0]]
                ray_session.kill(self._pool.actor(place))
            return super().keep(indices, teachers)

    history = search(Treacherous(2)).run(GENERATIONS).history
    assert rows(history).equals(expected)


def test_a_dead_environment_is_made_again_from_the_last_copy(ray_session, expected, caplog):
    class Treacherous(RayExecutor):
        killed = False

        def update(self, seeds):
            if seeds.generation == 5 and not self.killed:
                self.killed = True
                ray_session.kill(self._home)
            return super().update(seeds)

    history = search(Treacherous(2), checkpoint_every=2).run(GENERATIONS).history
    assert "going back to generation 4" in caplog.text
    assert rows(history).equals(expected)


def test_a_child_that_sleeps_for_ever_is_made_again_after_the_deadline(
    ray_session, expected, tmp_path, caplog
):
    member = partial(Unlucky, folder=tmp_path, mode="sleep")
    history = search(RayExecutor(2, deadline=3.0), member=member).run(GENERATIONS).history
    assert "took more than 3.0 s" in caplog.text
    assert rows(history).equals(expected)


def test_a_child_that_always_kills_its_worker_does_not_stop_the_others(ray_session, tmp_path):
    member = partial(Unlucky, folder=tmp_path, mode="die", once=False, generation=2)
    result = search(RayExecutor(2), member=member).run(2)
    assert result.failures["child"].tolist() == [1]
    assert result.failures["error"].str.startswith("WorkerDied: 3 workers").all()
    assert len(result.population) == 2


def test_reports_carry_no_weights_and_only_survivors_are_exported(ray_session):
    class Watching(RayExecutor):
        sizes: list = []  # noqa: RUF012
        exported: list = []  # noqa: RUF012

        def make(self, jobs):
            reports = super().make(jobs)
            self.sizes.append(len(pickle.dumps(reports)))
            return reports

        def update(self, seeds):
            self.exported += [survivor.key for held, _ in self._receipts for survivor in held]
            return super().update(seeds)

    result = search(Watching(2), member=partial(Tiny, size=50_000), mu=1).run(3)
    assert max(Watching.sizes) < 5_000
    survived = result.history.query("survived")[["generation", "child"]]
    assert Watching.exported == [tuple(key) for key in survived.to_numpy().tolist()]


def test_a_straggler_costs_its_own_time_alone(ray_session):
    """One child of 6 sleeps 1.2 s; the other five share the second worker meanwhile."""

    class Slow(Tiny):
        def step(self, operator=None):
            super().step(operator)
            time.sleep(1.2 if self.seeds.child == 0 else 0.2)

    class Watch(Callback):
        seconds: list = []  # noqa: RUF012

        def on_generation(self, search, generation):
            self.seconds.append(generation.seconds["make"])

    search(RayExecutor(2), member=Slow, callbacks=[Watch()]).run(3)
    assert np.median(Watch.seconds) < 1.2 + 5 * 0.2 - 0.3


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("ray://127.0.0.1:1", "nobody answers at 127.0.0.1 port 1"),
        ("127.0.0.1:1", "ray start --head"),
        ("nonsense", "expected 'auto', 'host:port'"),
    ],
)
def test_an_unreachable_cluster_is_reported_at_once(monkeypatch, address, message):
    import ray

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    started = time.monotonic()
    with pytest.raises(ConnectionError, match=message):
        ray_cluster.connect(address, num_actors=1)
    assert time.monotonic() - started < 10


def test_a_server_that_is_not_ray_is_told_apart(monkeypatch):
    monkeypatch.setattr(ray_address, "CONNECT_SECONDS", 1.0)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        for form in ("127.0.0.1:{}", "ray://127.0.0.1:{}"):
            with pytest.raises(ConnectionError, match="it is not Ray"):
                ray_address.check_reachable(form.format(port))


@pytest.mark.parametrize("settings", [{"workers": 0}, {"deadline": 0.0}])
def test_settings_out_of_range_are_named(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        RayExecutor(**settings)


def test_a_killed_driver_is_resumed_to_the_same_bits(tmp_path):
    generations = kill_and_resume("toys", "search", tmp_path, further=7)
    whole = search().run(generations).history
    assert rows(read_journal(tmp_path / "results.csv")).equals(rows(whole))


def test_the_local_instance_listens_on_the_loopback_only():
    """In a process of its own, since Ray starts once per process."""
    code = (
        "import ray, psutil, os\n"
        "from population.executors import ray_cluster\n"
        "ray_cluster.connect(None, num_actors=2)\n"
        "family = {p.pid for p in psutil.Process(os.getpid()).children(recursive=True)}\n"
        "open_ = [c.laddr for c in psutil.net_connections('tcp')\n"
        "         if c.status == 'LISTEN' and c.pid in family]\n"
        "print(sorted({a.ip.removeprefix('::ffff:') for a in open_}))\n"
        "ray.shutdown()\n"
    )
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "['127.0.0.1']"


def test_a_worker_that_cannot_build_a_member_is_tried_once_more(ray_session, tmp_path, caplog):
    """What a process broke when it started, such as an import cut short, another one mends."""
    expected = rows(search().run(3).history)
    result = search(RayExecutor(2), member=partial(Broken, folder=tmp_path)).run(3)
    assert "could not build a member (OSError: cut short); starting another" in caplog.text
    assert rows(result.history).equals(expected)


def test_a_member_that_can_never_be_built_fails_with_its_own_error(ray_session):
    with pytest.raises(NothingSurvivesError, match="OSError: cut short"):
        search(RayExecutor(2), member=partial(Broken, folder=None)).run(1)
