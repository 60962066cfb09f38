"""Several nodes on one machine: states that die with a node are replaced by the driver's copies."""

from processes import finish, start

SCRIPT = """
import logging, sys
from processes import three_nodes
from ray.experimental import get_object_locations
from test_asynchronous import SPACE, asynchronous, check_causality
from toys import Tiny, rows
from population import Callback, RandomSearch, RayExecutor
from population.records.replay import replay

logging.basicConfig(stream=sys.stdout)
cluster, nodes, settings = three_nodes()


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


executor = RayExecutor(5, **settings)
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
    output = finish(start(SCRIPT))
    assert "killed the home of slot" in output
    assert "goes back to generation" in output
    assert "the same bits" in output
