"""Several nodes on one machine: a search goes on when nodes die and join."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import logging, sys, time
sys.path.insert(0, {tests!r})
import ray
from ray.cluster_utils import Cluster
from toys import Tiny, rows, search
from population import Callback, RayExecutor

logging.basicConfig()
cluster = Cluster(initialize_head=True, head_node_args={{
    "num_cpus": 2,
    "object_store_memory": 10**8,
    "_system_config": {{  # a dead node is noticed within seconds
        "health_check_initial_delay_ms": 1000,
        "health_check_period_ms": 1000,
        "health_check_failure_threshold": 3,
    }},
}})
nodes = [cluster.add_node(num_cpus=2, object_store_memory=10**8) for _ in range(2)]
cluster.wait_for_nodes()


def factory(hyperparameters):
    return Tiny(hyperparameters, size=20_000)  # 1 MB of state lives in a node's object store


class Trouble(Callback):
    def on_generation(self, search, generation):
        hosts = {{n["NodeID"] for n in ray.nodes() if n["Alive"]}}
        print("generation", generation.number, "nodes", len(hosts), flush=True)
        if generation.number == 4 and len(nodes) == 2:
            cluster.remove_node(nodes.pop(), allow_graceful=False)
            patience = time.monotonic() + 60
            while sum(n["Alive"] for n in ray.nodes()) > 2 and time.monotonic() < patience:
                time.sleep(0.1)
        if generation.number == 8:
            nodes.append(cluster.add_node(num_cpus=2, object_store_memory=10**8))


executor = RayExecutor(
    5, address=cluster.address, num_cpus=1, runtime_env={{"working_dir": {tests!r}}}
)
disturbed = search(executor, member=factory, callbacks=[Trouble()], checkpoint_every=3).run(12)
cluster.shutdown()
undisturbed = search(member=factory).run(12)
assert rows(disturbed.history).equals(rows(undisturbed.history))
print("the same bits")
"""


def test_a_dying_and_a_joining_node_change_nothing():
    tests = str(Path(__file__).parent)
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(tests=tests)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "the same bits" in result.stdout
    assert "nodes 2" in result.stdout
