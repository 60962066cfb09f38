"""Who the environment learns from: survivors, or their siblings too."""

import pytest
from toys import rows, search

from population import Evolution, RayExecutor

NAMES = ("up", "down", "zero")


def taught(executor=None, **options):
    strategy = Evolution(NAMES, mu=2, losers_teach=True, crossover=1)
    return search(executor, strategy=strategy, **options)


@pytest.fixture(scope="module")
def expected():
    return rows(taught().run(6).history)


def test_what_the_environment_learns_from_changes_its_children(expected):
    strategy = Evolution(NAMES, mu=2, crossover=1)
    others = rows(search(strategy=strategy).run(6).history)
    first = expected["generation"] == 1
    assert expected[first].equals(others[first])
    assert not expected["fitness"].equals(others["fitness"])


def test_all_children_are_contributors_best_first():
    run = taught()
    seen = []

    class Counting:
        def __getattr__(self, name):
            return lambda *_: None

        def on_generation(self, search, generation):
            held = search.executor.worker.held
            scores = [held[i].scores["fitness"] for i in search.executor._teachers]
            seen.append((len(scores), scores == sorted(scores, reverse=True)))

    run.callbacks.append(Counting())
    run.run(3)
    assert seen == [(7, True)] * 3


def test_a_worker_that_dies_with_a_loser_changes_nothing(expected, ray_session):
    class Treacherous(RayExecutor):
        def keep(self, indices, teachers):
            if self._jobs[0].birth.seeds.generation == 3:
                place, _ = self._pool.made_by[teachers[-1]]
                ray_session.kill(self._pool.actor(place))
            return super().keep(indices, teachers)

    assert rows(taught(Treacherous(2)).run(6).history).equals(expected)
