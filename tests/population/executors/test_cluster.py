"""Several nodes on one machine: a search goes on when nodes die and join."""

from processes import finish, start

SCRIPT = """
import logging, time
import ray
from processes import three_nodes
from toys import Tiny, rows, search
from population import Callback, RayExecutor

logging.basicConfig()
cluster, nodes, settings = three_nodes()


def factory(hyperparameters):
    return Tiny(hyperparameters, size=20_000)  # 1 MB of state lives in a node's object store


class Trouble(Callback):
    def on_generation(self, search, generation):
        hosts = {n["NodeID"] for n in ray.nodes() if n["Alive"]}
        print("generation", generation.number, "nodes", len(hosts), flush=True)
        if generation.number == 4 and len(nodes) == 2:
            cluster.remove_node(nodes.popitem()[1], allow_graceful=False)
            patience = time.monotonic() + 60
            while sum(n["Alive"] for n in ray.nodes()) > 2 and time.monotonic() < patience:
                time.sleep(0.1)
        if generation.number == 8:
            cluster.add_node(num_cpus=2, object_store_memory=10**8)


executor = RayExecutor(5, **settings)
disturbed = search(executor, member=factory, callbacks=[Trouble()], checkpoint_every=3).run(12)
cluster.shutdown()
undisturbed = search(member=factory).run(12)
assert rows(disturbed.history).equals(rows(undisturbed.history))
print("the same bits")
"""


def test_a_dying_and_a_joining_node_change_nothing():
    output = finish(start(SCRIPT))
    assert "the same bits" in output
    assert "nodes 2" in output
