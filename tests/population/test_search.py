import numpy as np
import pytest
import torch
from toys import Drift, Tiny, Unlucky, rows, search

from population import Callback, Evolution, InlineExecutor
from population.errors import NothingSurvivesError
from population.executors.executor import StateLost
from population.records.result import ancestry
from population.search import MAX_IDLE


def test_one_seed_gives_one_history_and_another_seed_another():
    first, again, other = (search(seed=seed).run(6) for seed in (5, 5, 6))
    assert rows(first.history).equals(rows(again.history))
    assert not rows(first.history).equals(rows(other.history))


def test_a_search_leaves_the_callers_randomness_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    search().run(2)
    assert torch.equal(torch.rand(3), expected)


def test_rows_are_tidy_and_survivors_are_the_best():
    history = search().run(5).history
    assert len(history) == 5 * 6
    for _, generation in history.groupby("generation"):
        survivors = generation[generation["survived"]]
        assert len(survivors) == 2
        rest = generation[~generation["survived"]]
        assert survivors["fitness"].min() >= rest["fitness"].max()


def test_all_survivors_but_the_first_can_found_a_line():
    """At mu = 2 the second survivor's children come from it, not from the first."""
    history = search().run(12).history
    parents = history.groupby("generation")["parent"].nunique()
    assert (parents == 2).all()
    survivors = history[history["survived"]].set_index(["generation", "child"]).index
    later = history[history["generation"] > 1]
    assert set(zip(later["parent_generation"], later["parent"], strict=True)) <= set(survivors)


def test_a_survivor_has_one_step_per_generation():
    result = search(mu=1).run(9)
    assert int(result.best.state["optimizer"]["state"][0]["step"]) == 9


def test_plus_selection_scores_parents_again_and_keeps_the_better():
    strategy = Evolution(("up", "down"), mu=1, plus=True)
    history = search(strategy=strategy).run(20).history
    kept = history[history["operator"] == "keep"]
    assert len(kept) == 20
    assert kept["survived"].any()
    assert not kept["survived"].all()


def test_random_mutation_makes_one_child_per_parent():
    strategy = Evolution(("up", "down", "zero"), random_operator=True)
    history = search(strategy=strategy).run(40).history
    assert (history.groupby("generation").size() == 1).all()
    assert set(history["operator"]) == {"up", "down", "zero"}


def test_contests_every_third_generation_and_the_winner_in_between():
    strategy = Evolution(("up", "down", "zero"), contest_every=3)
    history = search(strategy=strategy).run(9).history
    assert history.groupby("generation").size().tolist() == [3, 1, 1] * 3
    for start in (1, 4, 7):
        contest = history[(history["generation"] == start) & history["survived"]]
        between = history[history["generation"].isin([start + 1, start + 2])]
        assert set(between["operator"]) == set(contest["operator"])


def test_hyperparameters_are_applied_after_the_optimisers_state():
    strategy = Evolution(("up",), hyperparameters={"lr": 0.5})
    result = search(strategy=strategy).run(2)
    assert result.best.state["optimizer"]["param_groups"][0]["lr"] == 0.5
    assert set(result.history["lr"]) == {0.5}


def test_a_resumed_run_has_the_rows_of_an_uninterrupted_one(tmp_path):
    whole = search(directory=tmp_path / "whole", checkpoint_every=4).run(13)
    search(directory=tmp_path / "cut", checkpoint_every=4).run(6)
    resumed = search(directory=tmp_path / "cut", checkpoint_every=4).resume().run(13)
    assert rows(resumed.history).equals(rows(whole.history))


def test_rows_after_the_last_checkpoint_are_cut_and_made_again(tmp_path):
    whole = search(directory=tmp_path / "whole", checkpoint_every=5).run(10)

    class Crash(Callback):
        def on_generation(self, search, generation):
            if generation.number == 8:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(directory=tmp_path / "cut", checkpoint_every=5, callbacks=[Crash()]).run(10)
    resumed = search(directory=tmp_path / "cut", checkpoint_every=5).resume()
    assert resumed.generation == 5
    assert rows(resumed.run(10).history).equals(rows(whole.history))


def test_a_run_is_never_overwritten(tmp_path):
    search(directory=tmp_path / "run").run(2)
    with pytest.raises(FileExistsError, match="holds a run already"):
        search(directory=tmp_path / "run").run(2)


def test_stop_ends_with_a_checkpoint(tmp_path):
    class Stop(Callback):
        def on_generation(self, search, generation):
            if generation.number == 3:
                search.stop()

    result = search(directory=tmp_path / "run", callbacks=[Stop()]).run(50)
    assert result.interrupted
    assert search(directory=tmp_path / "run").resume().generation == 3


def test_a_run_stopped_or_killed_before_its_first_generation_can_be_resumed(tmp_path):
    class Stop(Callback):
        def on_start(self, search, generations):
            search.stop()

    class Crash(Callback):
        def on_generation(self, search, generation):
            raise KeyboardInterrupt

    stopped = search(directory=tmp_path / "stopped", callbacks=[Stop()]).run(5)
    assert stopped.history["generation"].max() == 1
    with pytest.raises(KeyboardInterrupt):
        search(directory=tmp_path / "killed", callbacks=[Crash()]).run(5)
    resumed = search(directory=tmp_path / "killed").resume()
    assert resumed.generation == 0
    assert rows(resumed.run(5).history).equals(rows(search().run(5).history))


def test_a_member_that_raises_once_gives_the_undisturbed_bits(tmp_path):
    def member(h):
        return Unlucky(h, folder=tmp_path, mode="raise")

    disturbed = search(member=member).run(6)
    assert (tmp_path / "happened-raise").exists()
    assert rows(disturbed.history).equals(rows(search().run(6).history))


def test_a_member_that_always_raises_is_named_and_the_others_go_on(tmp_path, caplog):
    def member(h):
        return Unlucky(h, folder=tmp_path, mode="raise", once=False)

    result = search(member=member).run(6)
    failures = result.failures
    assert failures["child"].tolist() == [1] * 4
    assert failures["error"].str.contains("RuntimeError: bad luck").all()
    assert not failures["survived"].any()
    assert "generation 3, child 1 failed" in caplog.text


def test_nan_never_survives(tmp_path):
    def member(h):
        return Unlucky(h, folder=tmp_path, mode="nan", once=False, generation=1)

    history = search(member=member).run(4).history
    poisoned = history[history["child"] == 1]
    assert poisoned["fitness"].isna().all()
    assert not poisoned["survived"].any()


def test_when_all_are_nan_the_parents_stay(tmp_path):
    class Doomed(Tiny):
        def evaluate(self):
            return (
                float("nan") if self.seeds.generation in (3, 4) else super().evaluate()["fitness"]
            )

    history = search(member=Doomed, mu=1).run(6).history
    assert not history[history["generation"].isin([3, 4])]["survived"].any()
    after = history[history["generation"] == 5]
    assert set(after["parent_generation"]) == {2}


@pytest.mark.parametrize("at", [2, MAX_IDLE, MAX_IDLE + 1])
def test_generations_without_a_survivor_count_on_after_a_resume(tmp_path, at):
    class Doomed(Tiny):
        def evaluate(self):
            return float("nan") if self.seeds.generation > 1 else super().evaluate()["fitness"]

    def doomed():
        return search(member=Doomed, strategy=Evolution(("up",)), directory=tmp_path / "run")

    doomed().run(at)
    resumed = doomed().resume()
    with pytest.raises(NothingSurvivesError, match=f"for {MAX_IDLE} generations .now at 22"):
        resumed.run(100)
    assert resumed.generation == MAX_IDLE + 1


def test_if_nothing_ever_works_the_first_traceback_is_shown():
    class Broken(Tiny):
        def step(self, operator=None):
            raise ZeroDivisionError("no luck at all")

    with pytest.raises(ValueError, match="no luck at all"):
        search(member=Broken).run(3)


def test_a_lost_state_is_replayed_to_the_same_rows():
    class Forgetful(InlineExecutor):
        calls = 0

        def update(self, seeds):
            self.calls += 1
            if self.calls in (4, 9):
                raise StateLost("a test lost it")
            return super().update(seeds)

    replayed = search(Forgetful()).run(8)
    assert rows(replayed.history).equals(rows(search().run(8).history))


def test_losing_states_for_ever_ends_with_advice(monkeypatch):
    monkeypatch.setattr("population.search.RECOVERY_PAUSE", 0.0)

    class Hopeless(InlineExecutor):
        def update(self, seeds):
            raise StateLost("gone")

    with pytest.raises(ConnectionError, match="resume from the last checkpoint"):
        search(Hopeless()).run(2)


def test_the_line_of_the_best_reaches_back_to_the_start():
    result = search().run(7)
    line = ancestry(result.history, result.best.generation, result.best.index)
    assert line["generation"].tolist() == list(range(1, 8))
    with pytest.raises(ValueError, match="no child 99"):
        ancestry(result.history, 3, 99)


def test_callbacks_see_every_generation_and_can_fetch_states():
    class Watch(Callback):
        seen: list = []  # noqa: RUF012

        def on_generation(self, search, generation):
            weight = search.state(0)["net"]["weight"]
            self.seen.append((generation.number, generation.environment["level"], weight.sum()))

    search(callbacks=[Watch()]).run(3)
    assert [number for number, _, _ in Watch.seen] == [1, 2, 3]


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"seed": -1}, "seed=-1"), ({"checkpoint_every": 0}, "checkpoint_every=0")],
)
def test_settings_out_of_range_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        search(**changes)


def test_an_unknown_objective_is_named():
    with pytest.raises(ValueError, match="objective='speed' is not among.*fitness, spread"):
        search(strategy=Evolution(("up",), objective="speed")).run(1)


def test_environment_and_members_do_not_share_memory():
    first = search().run(3)
    state = first.best.state
    state["net"]["weight"] += 100
    assert not np.isclose(float(search().run(3).best.state["net"]["weight"].sum()), 3200, atol=500)
    assert isinstance(Drift().state_dict()["level"], torch.Tensor)


def test_a_hyperparameter_named_like_a_score_is_refused():
    strategy = Evolution(("up",), hyperparameters={"spread": 1.0})
    with pytest.raises(ValueError, match="'spread' has the name of a column"):
        search(strategy=strategy).run(1)


def test_nested_structural_hyperparameters_get_members_of_their_own():
    from population.seeding import preserved_randomness
    from population.worker import Worker, Workshop

    with preserved_randomness():
        worker = Worker(Workshop(member=Tiny, structural=("net.width",)), None)
    shapes = {worker._shape({"net": {"width": width}}) for width in (8, 16)}
    assert shapes == {(8,), (16,)}
