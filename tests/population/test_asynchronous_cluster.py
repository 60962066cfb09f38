"""Several nodes on one machine: states that die with a node are replaced by the driver's copies."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import logging, sys
sys.path.insert(0, {tests!r})
import ray
from ray.cluster_utils import Cluster
from ray.experimental import get_object_locations
from test_asynchronous import SPACE, asynchronous, check_causality
from toys import Tiny, rows
from population import Callback, RandomSearch, RayExecutor
from population.replay import replay

logging.basicConfig(stream=sys.stdout)
cluster = Cluster(initialize_head=True, head_node_args={{
    "num_cpus": 2,
    "object_store_memory": 10**8,
    "_system_config": {{  # a dead node is noticed within seconds
        "health_check_initial_delay_ms": 1000,
        "health_check_period_ms": 1000,
        "health_check_failure_threshold": 3,
    }},
}})
nodes = {{}}
for _ in range(2):
    node = cluster.add_node(num_cpus=2, object_store_memory=10**8)
    nodes[node.node_id] = node
cluster.wait_for_nodes()


def factory(hyperparameters):
    return Tiny(hyperparameters, size=20_000)  # 1 MB of state lives in a node's object store


class Trouble(Callback):
    def on_generation(self, search, generation):
        if generation.number >= 4 and len(nodes) == 2:
            block = search.population[generation.children[0].index].state.block
            [home] = get_object_locations([block])[block]["node_ids"]
            if home in nodes:
                cluster.remove_node(nodes.pop(home), allow_graceful=False)
                print("killed the home of slot", generation.children[0].index, flush=True)


executor = RayExecutor(
    5, address=cluster.address, num_cpus=1, runtime_env={{"working_dir": {tests!r}}}
)
result = asynchronous(
    factory, RandomSearch(SPACE, 6), executor=executor, callbacks=[Trouble()], checkpoint_every=2
).run(9)
cluster.shutdown()
assert (result.history.groupby("child").size() == 9).all()
assert result.failures.empty
check_causality(result.history)
assert rows(replay(result, factory)).equals(rows(result.history))
print("the same bits")
"""


def test_states_that_die_with_their_node_are_replaced():
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
    assert "killed the home of slot" in result.stdout
    assert "goes back to generation" in result.stdout
    assert "the same bits" in result.stdout
