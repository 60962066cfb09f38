import numpy as np
import pytest
import torch
from toys import Tiny, Unlucky, rows, search

from population import (
    PB2,
    AsynchronousSearch,
    Choice,
    Evolution,
    IntUniform,
    LogUniform,
    PopulationBasedTraining,
    Search,
    When,
)
from population.records.replay import replay

SPACE = {
    "lr": LogUniform(1e-4, 1e-1),
    "net": {"width": IntUniform(3, 6, structural=True)},
    "clip": Choice([None, (0.5, 2.0), "off"]),
    "power": When("clip", "off", IntUniform(1, 3)),
}


class Typed(Tiny):
    """Its bits depend on the type and value of every hyperparameter."""

    def __init__(self, hyperparameters):
        super().__init__(hyperparameters, size=hyperparameters["net"]["width"])

    def configure(self, hyperparameters):
        super().configure(hyperparameters)
        assert isinstance(hyperparameters["net"]["width"], int)
        assert hyperparameters["clip"] in (None, (0.5, 2.0), "off")
        assert isinstance(hyperparameters.get("power", 1), int)
        self.bonus = 0.125 * hyperparameters.get("power", 0)

    def evaluate(self):
        scores = super().evaluate()
        return {**scores, "fitness": scores["fitness"] + self.bonus}


@pytest.mark.parametrize("mode", [Search, AsynchronousSearch])
@pytest.mark.parametrize("source", ["directory", "result", "history"])
def test_a_journal_is_replayed_to_the_same_bits(tmp_path, mode, source):
    strategy = PopulationBasedTraining(SPACE, 6, quantile=0.5)
    result = mode(Typed, strategy, seed=2, directory=tmp_path / "run").run(8)
    if source == "history":
        again = replay(result.history, Typed, space=SPACE)
    else:
        again = replay(tmp_path / "run" if source == "directory" else result, Typed)
    assert (result.history["parent"] != result.history["child"]).sum() > 5
    assert rows(again).equals(rows(result.history))


def test_operators_and_kept_parents_are_replayed():
    strategy = Evolution(("up", "down"), mu=2, plus=True)
    history = search(strategy=strategy, environment=None).run(8).history
    assert (history["operator"] == "keep").any()
    assert rows(replay(history, Tiny)).equals(rows(history))


def test_failures_stay_as_they_were_recorded(tmp_path):
    def member(hyperparameters):
        return Unlucky(hyperparameters, folder=tmp_path, once=False)

    history = search(member=member, environment=None).run(5).history
    again = replay(history, Tiny)
    assert again["error"].str.contains("bad luck").sum() == 3
    assert rows(again).equals(rows(history))


def test_another_seed_keeps_the_choices_and_changes_the_scores():
    result = AsynchronousSearch(Tiny, PB2({"lr": LogUniform(1e-4, 1e-1)}, 4), seed=2).run(5)
    again = replay(result, Tiny, seed=3)
    assert set(again["seed"]) == {3}
    assert again["lr"].equals(result.history["lr"])
    assert not np.isclose(again["fitness"], result.history["fitness"]).any()


def test_the_callers_randomness_is_left_alone():
    history = search(environment=None).run(2).history
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    replay(history, Tiny)
    assert torch.equal(torch.rand(3), expected)


def test_only_states_that_are_still_needed_are_held(monkeypatch):
    """At most one state per slot and one child: a parent's last child ends its stay."""
    import weakref

    from population import worker

    alive, most = weakref.WeakSet(), 0
    make_alone = worker.Worker.make_alone

    class Held:
        def __init__(self, state):
            self.skeleton, self.buffer = state.skeleton, state.buffer

    def counting(self, orders, parents):
        nonlocal most
        report, state = make_alone(self, orders, parents)
        held = Held(state)
        alive.add(held)
        most = max(most, len(alive))
        return report, held

    history = search(environment=None, mu=2).run(20).history
    monkeypatch.setattr(worker.Worker, "make_alone", counting)
    replay(history, Tiny)
    assert most <= 2 * 2 + 1


def test_a_run_with_an_environment_is_refused(tmp_path):
    search(directory=tmp_path / "run").run(2)
    with pytest.raises(ValueError, match="run Search again with the run's seed"):
        replay(tmp_path / "run", Tiny)


def test_a_journal_without_its_beginning_is_refused():
    history = search(environment=None).run(4).history
    with pytest.raises(ValueError, match="generation 3, child 0: its parent, generation 2"):
        replay(history[history["generation"] > 2], Tiny)


def test_a_child_that_fails_only_now_is_named():
    class Broken(Tiny):
        def step(self, operator=None):
            raise ZeroDivisionError("worn out")

    history = search(environment=None).run(2).history
    with pytest.raises(RuntimeError, match="(?s)generation 1, child 0 fails now.*worn out"):
        replay(history, Broken)
