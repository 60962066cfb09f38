"""Where Ray makes children, and what the environment computes beside them: never in the results."""

from collections import deque

import pytest
import torch
from toys import Drift, Tiny

from population import Evolution, InlineExecutor, RayExecutor, Search
from population.executors.executor import Job
from population.executors.ray_placement import deal_families, families
from population.member import Birth
from population.seeding import Seeds


def litter(*parents, lr=0.1):
    birth = Birth(seeds=Seeds(0, 2, 0), hyperparameters={"lr": lr})
    return [Job(i, parent, birth) for i, parent in enumerate(parents)]


def test_a_family_has_one_parent_and_one_training():
    one, other = object(), object()
    jobs = [*litter(one, one, other), *litter(other, lr=0.2)]
    assert [len(family) for family in families(jobs)] == [2, 1, 1]


def test_whole_families_are_dealt_in_order_and_the_rest_stays():
    parents = [object(), object(), object()]
    queue = deque(litter(*[parent for parent in parents for _ in range(2)]))
    batches = deal_families(queue, [2, 0], size=1)
    assert [(place, [job.index for job in jobs]) for place, jobs in batches] == [
        (2, [0, 1]),
        (0, [2, 3]),
    ]
    assert [job.index for job in queue] == [4, 5]
    assert [len(jobs) for _, jobs in deal_families(queue, [0, 1], size=2)] == [2]
    assert not queue


class Sociable(Tiny):
    """A member that makes siblings in a way of its own, and scores how many there were at once."""

    def reproduce(self, parent, births):
        self.company = len(births)
        yield from super().reproduce(parent, births)

    def evaluate(self):
        return {**super().evaluate(), "company": self.company}


@pytest.mark.parametrize(("mu", "expected"), [(1, {1, 2}), (3, {1, 2, 3})])
def test_families_stay_together_where_there_are_as_many_parents_as_workers(
    ray_session, monkeypatch, mu, expected
):
    monkeypatch.setattr("population.executors.ray_pool.BATCH_SECONDS", 0.0)
    strategy = Evolution(("up", "down", "zero"), mu=mu)
    history = Search(Sociable, strategy, executor=RayExecutor(2)).run(3).history
    litters = history[history["generation"] > 1].groupby(["generation", "parent"])["company"]
    whole = litters.min() == 3
    assert set(history["company"]) == expected
    assert (whole.groupby("generation").sum() == 2 * (mu == 3)).all()


class Instructive(Drift):
    """An environment with something that all members need, and that it could compute ahead."""

    def __init__(self):
        super().__init__()
        self.begun = {}

    def prepare(self):
        return {"lesson": self.lesson(), "from": "home"}

    def lesson(self):
        generator = torch.Generator().manual_seed(self.seeds.shared("evaluate"))
        return self.level.sum() + torch.randn((), generator=generator)

    def begin_update(self):
        self.begun = {self.seeds: self.level * 2}

    def update(self, contributions):
        begun = self.begun.pop(self.seeds, self.level * 2)
        record = super().update(contributions)
        self.level = self.level + 0.1 * begun
        return record


class Pupil(Tiny):
    """A member that asks the environment for what home has computed, and counts the answers."""

    def evaluate(self):
        known = self.environment.prepared()
        lesson = self.environment.lesson() if known is None else known["lesson"]
        scores = super().evaluate()
        return {**scores, "lesson": float(lesson), "told": float(known is not None)}


def learn(executor, member=Pupil):
    search = Search(
        member, Evolution(("up", "down"), mu=2), environment=Instructive, executor=executor
    )
    return search.run(6).history.drop(columns=["seconds", "run"])


def test_what_home_computes_ahead_is_used_and_changes_nothing(ray_session, monkeypatch):
    monkeypatch.setattr("population.executors.ray_executor.LOOK_AHEAD_SECONDS", -1.0)
    inline, ray = learn(InlineExecutor()), learn(RayExecutor(2))
    assert (inline.pop("told") == 0).all()
    told = ray.pop("told")
    assert (told[ray["generation"] > 1] == 1).all()
    assert ray.equals(inline)


def test_cheap_members_are_not_looked_ahead_for(ray_session, monkeypatch):
    monkeypatch.setattr("population.executors.ray_executor.LOOK_AHEAD_SECONDS", 3600.0)
    assert (learn(RayExecutor(2))["told"] == 0).all()


class Unlucky(Pupil):
    """A pupil whose first generations have nothing to show."""

    def evaluate(self):
        scores = super().evaluate()
        if self.seeds.generation in {2, 3}:
            scores["fitness"] = float("nan")
        return scores


def test_after_generations_without_survivors_nothing_old_is_told(ray_session, monkeypatch):
    monkeypatch.setattr("population.executors.ray_executor.LOOK_AHEAD_SECONDS", -1.0)
    inline, ray = (learn(executor, Unlucky) for executor in (InlineExecutor(), RayExecutor(2)))
    told = ray.pop("told").groupby(ray["generation"]).max()
    assert told.to_list() == [0, 1, 0, 0, 1, 1]
    assert ray.equals(inline.drop(columns="told"))
