"""One Ray a process: shared by searches in threads, and missed when it dies."""

import pytest
from processes import finish, start
from toys import Tiny, rows, search

from population import RayExecutor
from population.executors import ray_calls, ray_cluster

SEARCHES = """
import threading, time, ray
from toys import rows, search
from population import Callback, RayExecutor

results, joined = {}, threading.Event()

class Wait(Callback):
    def on_start(self, search, generations):
        joined.wait(60)

class Join(Callback):
    def on_start(self, search, generations):
        joined.set()
        first.join()

def go(name, generations, callback):
    made = search(RayExecutor(2), callbacks=[callback])
    results[name] = rows(made.run(generations).history)

first = threading.Thread(target=go, args=("first", 3, Wait()))
first.start()
while not ray.is_initialized():
    time.sleep(0.05)
second = threading.Thread(target=go, args=("second", 6, Join()))
second.start()
second.join()
assert results["first"].equals(rows(search().run(3).history))
assert results["second"].equals(rows(search().run(6).history))
assert not ray.is_initialized()
"""

DEATH = """
import os, sys, psutil
from toys import search
from population import Callback, RayExecutor

class Kill(Callback):
    def on_generation(self, search, generation):
        if generation.number == 2:
            for process in psutil.Process().children(recursive=True):
                if process.name() == sys.argv[1]:
                    os.kill(process.pid, 9)

try:
    search(RayExecutor(1), directory=sys.argv[2], callbacks=[Kill()]).run(1_000_000)
except ConnectionError as error:
    print("told:", error)
"""


def test_a_search_goes_on_when_that_of_the_thread_that_started_ray_has_ended():
    finish(start(SEARCHES))


@pytest.mark.parametrize("name", ray_calls.NODE_PROCESSES)
def test_the_death_of_ray_itself_is_told_before_ray_ends_the_program(name, tmp_path):
    assert f"told: Ray's own {name} died" in finish(start(DEATH, name, tmp_path))


def test_a_search_in_another_cluster_is_refused_while_one_is_running(ray_session):
    with pytest.raises(ConnectionError, match=r"connected to Ray with address=None"):
        search(RayExecutor(1, address="auto")).run(1)


def test_searches_share_a_session_and_leave_it_as_they_found_it(ray_session):
    before = ray_cluster.connect(None, num_actors=1)
    users = before.users
    history = search(RayExecutor(1), member=Tiny).run(2).history
    assert rows(history).equals(rows(search().run(2).history))
    assert before.users == users
    ray_cluster.disconnect(before)
    assert ray_session.is_initialized()


def test_an_address_of_another_cluster_than_the_callers_is_refused(ray_session, monkeypatch):
    import ray

    monkeypatch.setattr(ray_cluster, "_sessions", [ray_cluster.Session()])
    here = ray.get_runtime_context().gcs_address
    with pytest.raises(ConnectionError, match=f"connected to Ray at {here} already"):
        ray_cluster.connect("10.0.0.1:6379", num_actors=1)
    for same in (None, "auto", here):
        assert ray_cluster.connect(same, num_actors=1).asked is None
