"""A worker keeps a few members built, whoever their parents are, and tries again on new ones."""

import pytest
from toys import Drift, Tiny, search

from population.member import Birth
from population.seeding import Seeds, preserved_randomness
from population.state import pack
from population.worker import MAX_LIVE_MEMBERS, Genesis, Order, Worker, Workshop


@pytest.fixture
def built():
    """Return a kind of member that notes what it is built with."""

    class Built(Tiny):
        seen: list = []  # noqa: RUF012

        def __init__(self, hyperparameters):
            super().__init__(hyperparameters)
            self.seen.append(dict(hyperparameters))

    return Built


def order(index, *, parent=0, generation=1, **hyperparameters):
    seeds = Seeds(0, generation, index)
    return Order(index, parent, Birth(seeds=seeds, operator="up", hyperparameters=hyperparameters))


@pytest.fixture
def worker(built):
    with preserved_randomness():
        yield Worker(Workshop(member=built, structural=("size",)), None)


def test_a_live_member_makes_the_children_of_every_parent(built, worker):
    first, second = pack(Tiny({}).state_dict()), pack(Tiny({}).state_dict())
    for generation in range(1, 4):
        orders = [order(i, parent=i // 2, generation=generation, lr=0.1 * i) for i in range(4)]
        reports = worker.make(orders, [first, second])
        assert [report.error for report in reports] == [""] * 4
    assert len(built.seen) == 1


def test_members_of_other_shapes_are_built_apart_and_the_oldest_is_dropped(built, worker):
    parent = pack(Tiny({}).state_dict())
    sizes = [*range(MAX_LIVE_MEMBERS), 0, MAX_LIVE_MEMBERS, 1, 0]
    for i, size in enumerate(sizes):
        worker.make([order(i, size=size)], [parent])
    rebuilt = [*range(MAX_LIVE_MEMBERS), MAX_LIVE_MEMBERS, 0]
    assert [given["size"] for given in built.seen] == rebuilt


def test_a_random_start_is_built_with_the_parents_hyperparameters(built, worker):
    worker.make([order(0, lr=0.5)], [Genesis(0, {"lr": 0.25})])
    assert built.seen == [{"lr": 0.25}]


def test_members_live_in_the_workers_environment():
    """However they are built: ahead, as a random start, or for a parent that came along."""

    class Seeing(Tiny):
        seen: list = []  # noqa: RUF012

        def step(self, operator=None):
            self.seen.append(self.environment)
            super().step(operator)

    def worked(*, ahead):
        with preserved_randomness():
            home = Drift()
            worker = Worker(Workshop(member=Seeing, example={} if ahead else None), home)
            assert worker.warm_up().error == ""
            for parent in (Genesis(0, {}), pack(Tiny({}).state_dict())):
                worker.make([order(0)], [parent])
            return home

    for ahead in (True, False):
        home = worked(ahead=ahead)
        assert len(Seeing.seen) == 2
        assert all(environment is home for environment in Seeing.seen)
        Seeing.seen.clear()


@pytest.mark.parametrize(("options", "tries"), [({}, 2), ({"retries": 1}, 2), ({"retries": 3}, 4)])
def test_a_child_is_tried_together_with_its_siblings_and_then_alone(options, tries):
    class Raising(Tiny):
        tried: list = []  # noqa: RUF012

        def step(self, operator=None):
            self.tried.append(self.seeds.child)
            if self.seeds.child == 1:
                raise RuntimeError("bad luck")
            super().step(operator)

    result = search(member=Raising, mu=1, **options).run(1)
    assert result.failures["child"].tolist() == [1]
    assert Raising.tried.count(1) == tries
