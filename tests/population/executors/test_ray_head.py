"""A cluster's head, or this machine's node of it, is lost: told, before Ray ends the program."""

import socket
from types import SimpleNamespace

import pytest

from population.executors import ray_calls


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """Return what stands for Ray's processes: two sockets that somebody listens at."""
    raylet, head = socket.socket(socket.AF_UNIX), socket.socket()
    raylet.bind(str(tmp_path / "raylet"))
    head.bind(("127.0.0.1", 0))
    for line in (raylet, head):
        line.listen()
    node = SimpleNamespace(
        gcs_address=f"127.0.0.1:{head.getsockname()[1]}",
        raylet_socket_name=f"unix://{tmp_path / 'raylet'}",
        dead_processes=list,
    )
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr("ray._private.worker._global_node", node)
    monkeypatch.setattr(ray_calls, "_heard_of_head", [float("inf")])
    monkeypatch.setattr(ray_calls.time, "monotonic", lambda: clock.now)
    yield SimpleNamespace(raylet=raylet, head=head, clock=clock)
    raylet.close()
    head.close()


def test_a_living_cluster_is_no_trouble(cluster):
    ray_calls.check_node()


@pytest.mark.parametrize("removed", [True, False])
def test_the_node_of_this_machine_is_missed_at_once(removed, cluster, tmp_path):
    cluster.raylet.close()
    if removed:
        (tmp_path / "raylet").unlink()
    with pytest.raises(ConnectionError, match="raylet died"):
        ray_calls.check_node()


def test_the_head_may_come_back(cluster):
    ray_calls.check_node()
    cluster.head.close()
    cluster.clock.now += ray_calls.HEAD_SECONDS - 1
    ray_calls.check_node()
    cluster.clock.now += 2
    with pytest.raises(ConnectionError, match="gcs_server died"):
        ray_calls.check_node()
