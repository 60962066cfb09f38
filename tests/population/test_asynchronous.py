import json
import logging

import numpy as np
import pytest
from toys import Drift, Tiny, Unlucky, rows

from population import (
    PB2,
    AsynchronousSearch,
    Callback,
    Evolution,
    InlineExecutor,
    LogUniform,
    PopulationBasedTraining,
    RandomSearch,
    Search,
    SuccessiveHalving,
)
from population.executors.executor import Landing
from population.records.replay import replay
from population.records.snapshot import CheckpointError
from population.worker import Report

SPACE = {"lr": LogUniform(1e-4, 1e-1)}
STRATEGIES = [PopulationBasedTraining, PB2, RandomSearch, SuccessiveHalving]


def asynchronous(member=Tiny, strategy=None, **settings):
    strategy = strategy or PopulationBasedTraining(SPACE, 5, quantile=0.4)
    return AsynchronousSearch(member, strategy, **{"seed": 4, **settings})


def check_causality(history):
    """Every parent is the random start of its slot or stands in a row before its child's."""
    seen = set()
    for row in history.itertuples():
        assert row.parent_generation == 0 or (row.parent_generation, row.parent) in seen
        if not row.error:
            seen.add((row.generation, row.child))
    keys = history[["generation", "child"]]
    assert not keys.duplicated().any()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_over_a_space_works_and_replays(strategy):
    results = [asynchronous(strategy=strategy(SPACE, 6)).run(9) for _ in range(2)]
    history = results[0].history
    assert rows(history).equals(rows(results[1].history)), "in one process it is deterministic"
    check_causality(history)
    assert rows(replay(results[0], Tiny)).equals(rows(history))
    assert not results[0].interrupted


def test_every_slot_makes_as_many_children_as_generations_were_asked_for():
    history = asynchronous().run(7).history
    assert (history.groupby("child")["generation"].agg(list).map(len) == 7).all()
    assert (history["parent"] != history["child"]).any()


def test_without_exploits_each_slot_is_what_the_synchronous_search_makes_of_it():
    apart = asynchronous(strategy=RandomSearch(SPACE, 4)).run(5).history
    together = Search(Tiny, RandomSearch(SPACE, 4), seed=4).run(5).history
    apart = apart.sort_values(["generation", "child"], ignore_index=True)
    assert rows(apart).equals(rows(together))


def test_who_is_best_is_copied_and_explored():
    history = asynchronous().run(12).history
    scores = history.set_index(["generation", "child"])["fitness"]
    copies = history[history["parent"] != history["child"]]
    assert len(copies) > 5
    for row in copies.itertuples():
        own = scores[(row.generation - 1, row.child)]
        assert scores[(row.parent_generation, row.parent)] > own
        assert row.lr not in set(history["lr"][: row.Index])


def test_asha_spends_a_fraction_and_finishes_with_few():
    strategy = SuccessiveHalving(SPACE, 9)
    history = asynchronous(strategy=strategy).run(9).history
    reached = history.groupby("child")["generation"].max()
    assert set(reached) <= {1, 3, 9}
    assert (reached >= 3).sum() >= 3
    assert (reached == 9).sum() >= 1
    assert len(history) < 9 * 9 / 2


def test_asha_does_not_wait_for_the_failed(tmp_path):
    def member(hyperparameters):
        return Unlucky(hyperparameters, folder=tmp_path, generation=1, once=False)

    history = asynchronous(member, SuccessiveHalving(SPACE, 3)).run(4).history
    assert history.groupby("child")["generation"].max().tolist()[1] == 1
    assert history["generation"].max() == 4


def test_pb2_learns_from_each_child():
    strategy = PB2(SPACE, 4, min_observations=3)
    asynchronous(strategy=strategy).run(6)
    observations = np.array(strategy.observations)
    assert observations.shape == (4 * 5, 3), "all but the first of each slot have a score before"
    assert set(observations[:, 0]) == {2, 3, 4, 5, 6}
    other = PB2(SPACE, 4)
    other.load_state_dict(json.loads(json.dumps(strategy.state_dict())))
    assert other.observations == strategy.observations


def test_a_slow_slot_holds_up_nobody():
    """The executor makes slot 0's children only when nothing else is left to do."""

    class Lazy(InlineExecutor):
        def collect(self):
            self._queue = type(self._queue)(sorted(self._queue, key=lambda job: job.index == 0))
            return super().collect()

    history = asynchronous(executor=Lazy()).run(6).history
    first = history.index[history["child"] == 0][0]
    assert history["generation"][:first].max() == 6
    check_causality(history)


def test_a_member_that_always_raises_does_not_stop_the_others(tmp_path, caplog):
    def member(hyperparameters):
        return Unlucky(hyperparameters, folder=tmp_path, generation=3, once=False)

    result = asynchronous(member).run(6)
    assert result.failures["child"].tolist() == [1] * 4
    assert result.failures["error"].str.contains("RuntimeError: bad luck").all()
    assert "generation 3, child 1 failed: RuntimeError: bad luck" in caplog.text
    assert (result.failures["parent"].iloc[1:] != 1).all(), "it goes on from a survivor"
    assert len(result.history) == 5 * 6
    check_causality(result.history)


def test_failures_before_the_first_score_are_in_the_journal(tmp_path):
    def member(hyperparameters):
        return Unlucky(hyperparameters, folder=tmp_path, child=0, generation=1, once=False)

    history = asynchronous(member, directory=tmp_path / "run").run(3).history
    assert history["error"].iloc[0] != ""
    assert history["fitness"].isna().sum() == 3
    assert list(history.columns).index("fitness") < list(history.columns).index("survived")


def test_nan_members_are_replaced(tmp_path):
    def member(hyperparameters):
        return Unlucky(hyperparameters, folder=tmp_path, mode="nan")

    history = asynchronous(member).run(6).history
    poisoned = history[history["fitness"].isna()]
    assert poisoned[["generation", "child"]].to_numpy().tolist() == [[3, 1]]
    heir = history[(history["generation"] == 4) & (history["child"] == 1)].iloc[0]
    assert heir["parent"] != 1
    assert np.isfinite(heir["fitness"])


def test_the_last_member_with_a_score_keeps_its_slot():
    class Doomed(Tiny):
        def evaluate(self):
            fitness = super().evaluate()["fitness"]
            return float("nan") if self.seeds.generation in (3, 4) else fitness

    history = asynchronous(Doomed).run(6).history
    kept = history[history["generation"].isin([3, 4]) & ~history["survived"]]
    assert len(kept) >= 1
    assert np.isfinite(history.loc[history["generation"] > 4, "fitness"]).all()
    check_causality(history)


def test_if_nothing_ever_works_the_first_traceback_is_shown():
    class Broken(Tiny):
        def step(self, operator=None):
            raise ZeroDivisionError("no luck at all")

    with pytest.raises(ValueError, match="(?s)finite score.*no luck at all"):
        asynchronous(Broken).run(3)


def test_if_all_scores_stay_nan_the_search_gives_up():
    class Lost(Tiny):
        def evaluate(self):
            return dict.fromkeys(super().evaluate(), float("nan"))

    with pytest.raises(ValueError, match="none of the last 100 children had a finite score"):
        asynchronous(Lost).run(1000)


def test_a_stopped_search_goes_on_from_its_checkpoint(tmp_path):
    class Stop(Callback):
        def on_generation(self, search, generation):
            if generation.number == 4:
                search.stop()

    first = asynchronous(directory=tmp_path / "run", callbacks=[Stop()]).run(9)
    assert first.interrupted
    assert len(first.history) < 5 * 9
    resumed = asynchronous(directory=tmp_path / "run").resume().run(9)
    assert len(resumed.history) == 5 * 9
    assert not resumed.interrupted
    assert rows(resumed.history[: len(first.history)]).equals(rows(first.history))
    check_causality(resumed.history)
    assert rows(replay(tmp_path / "run", Tiny)).equals(rows(resumed.history))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_rows_after_the_last_checkpoint_are_cut(tmp_path, strategy):
    class Crash(Callback):
        def on_generation(self, search, generation):
            if search.generation >= 1 and generation.number >= 5:
                raise KeyboardInterrupt

    def made(**settings):
        where = tmp_path / "run"
        return asynchronous(
            strategy=strategy(SPACE, 6), directory=where, checkpoint_every=1, **settings
        )

    with pytest.raises(KeyboardInterrupt):
        made(callbacks=[Crash()]).run(9)
    resumed = made().resume()
    assert resumed.generation >= 1
    history = resumed.run(9).history
    check_causality(history)
    assert rows(replay(tmp_path / "run", Tiny)).equals(rows(history))


def test_a_synchronous_run_is_not_resumed_asynchronously(tmp_path):
    strategy = PopulationBasedTraining(SPACE, 5, quantile=0.4)
    Search(Tiny, strategy, seed=4, directory=tmp_path / "run").run(2)
    with pytest.raises(CheckpointError, match="asynchronous was None, now True"):
        asynchronous(directory=tmp_path / "run").resume()


class Losing(InlineExecutor):
    """Loses the state of slot 2's member when a certain child is to be made."""

    def __init__(self, lost):
        self.lost = lost

    def collect(self):
        job = self._queue[0]
        if (job.birth.seeds.generation, job.index) in self.lost:
            self.lost.remove((job.birth.seeds.generation, job.index))
            self._queue.popleft()
            return [Landing(Report(job.index, {}, 0.0, "an object is lost"), lost=True)]
        return super().collect()


def test_a_lost_state_is_replaced_by_the_drivers_copy(caplog):
    strategy = RandomSearch(SPACE, 4)
    settings = {"executor": Losing([(4, 2)]), "checkpoint_every": 2}
    with caplog.at_level(logging.WARNING):
        result = asynchronous(strategy=strategy, **settings).run(7)
    assert "an object is lost; slot 2 goes back to generation 2" in caplog.text
    line = result.history[result.history["child"] == 2]
    assert line["generation"].tolist() == list(range(1, 8))
    assert line["parent_generation"].tolist() == [0, 1, 2, 2, 4, 5, 6]
    assert rows(replay(result, Tiny)).equals(rows(result.history))


def test_losing_states_for_ever_ends_with_advice():
    class Hopeless(InlineExecutor):
        def collect(self):
            return [Landing(Report(self._queue.popleft().index, {}, 0.0, "gone"), lost=True)]

    with pytest.raises(ConnectionError, match="resume from the last checkpoint"):
        asynchronous(executor=Hopeless()).run(2)


def test_callbacks_hear_of_one_child_at_a_time():
    class Watch(Callback):
        seen: list = []  # noqa: RUF012

        def on_generation(self, search, generation):
            [child] = generation.children
            assert search.population[child.index].generation == generation.number
            assert search.state(child.index)["net"]["weight"].isfinite().all()
            assert child.offspring.parent in range(5)
            self.seen.append((generation.number, child.index))
            assert generation.survivors == [0]

    history = asynchronous(callbacks=[Watch()]).run(3).history
    assert Watch.seen == list(zip(history["generation"], history["child"], strict=True))


def test_callbacks_hear_who_did_not_survive(tmp_path):
    class Watch(Callback):
        heard: list = []  # noqa: RUF012

        def on_generation(self, search, generation):
            self.heard.append(list(generation.survivors))

    def member(hyperparameters):
        return Unlucky(hyperparameters, folder=tmp_path, once=False, generation=2)

    history = asynchronous(member, callbacks=[Watch()]).run(4).history
    failed = history["error"].astype(bool)
    assert 0 < failed.sum() < len(history) / 2
    assert Watch.heard == [[] if one else [0] for one in failed]


def test_what_needs_whole_generations_is_refused():
    with pytest.raises(ValueError, match="environment: an asynchronous search has none"):
        asynchronous(environment=Drift)
    with pytest.raises(ValueError, match="strategy=Evolution: it needs whole generations"):
        asynchronous(strategy=Evolution(("up",)))
