"""What holds for all tests: one thread each, and which of them may run side by side."""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read by torch and numpy when they are first imported

import pytest


@pytest.fixture(scope="session")
def ray_session():
    """One Ray instance for the tests of a session; executors find it initialised and share it."""
    from population.executors import ray_cluster

    ray_cluster.connect(None, num_actors=8)
    import ray

    yield ray
    ray.shutdown()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Let one process run all that shares Ray, so that there is one instance.

    Two processes must find the tests in the same order, even those over a set.
    """
    items.sort(key=lambda item: item.nodeid)
    for item in items:
        if "ray_session" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("ray"))
