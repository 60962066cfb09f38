"""Tests in processes of their own: a driver that is killed and resumed, and several nodes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

TESTS = Path(__file__).parent

DRIVER = """
import sys
from {module} import {search} as make
from population import RayExecutor
made = make(executor=RayExecutor(2), directory=sys.argv[1], checkpoint_every=3)
(made.resume() if sys.argv[2] == "resume" else made).run(int(sys.argv[3]))
"""


def start(code, *arguments):
    """Start a process that can import what the tests can."""
    paths = [str(TESTS), os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=TESTS.parents[1],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    """Wait for a process to end well; return what it printed, errors included."""
    try:
        output, errors = process.communicate(timeout=170)
    finally:
        process.kill()
    assert process.returncode == 0, output + errors
    return output + errors


def kill_and_resume(module, search, folder, *, further):
    """Kill a driver at a random moment and have another go on; return how far it went."""
    code = DRIVER.format(module=module, search=search)
    driver = start(code, folder, "new", 100_000)
    deadline = time.monotonic() + 100
    while len(list((folder / "checkpoints").glob("[0-9]*"))) < 2 and driver.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(float(np.random.default_rng().uniform(0, 0.3)))
    os.kill(driver.pid, signal.SIGKILL)
    driver.communicate()
    generations = further + max(int(p.name) for p in (folder / "checkpoints").glob("[0-9]*"))
    finish(start(code, folder, "resume", generations))
    return generations


def three_nodes():
    """Start a cluster; return it, two nodes that may die by their ids, and an executor's settings.

    In a process of its own only: Ray starts once per process.
    """
    from ray.cluster_utils import Cluster

    room = {"num_cpus": 2, "object_store_memory": 10**8}
    noticing = {  # a dead node is noticed within seconds
        "health_check_initial_delay_ms": 1000,
        "health_check_period_ms": 1000,
        "health_check_failure_threshold": 3,
    }
    head = {**room, "include_dashboard": False, "_system_config": noticing}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    nodes = [cluster.add_node(**room) for _ in range(2)]
    cluster.wait_for_nodes()
    settings = {
        "address": cluster.address,
        "num_cpus": 1,
        "runtime_env": {"working_dir": str(TESTS)},
    }
    return cluster, {node.node_id: node for node in nodes}, settings
