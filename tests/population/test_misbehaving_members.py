"""Whatever a member raises, its child is marked failed and the search goes on."""

import asyncio
import signal
import sys
import threading

import pytest
from toys import Drift, Tiny, rows, search

from population import AsynchronousSearch, PopulationBasedTraining, RayExecutor, Uniform
from population.errors import NothingSurvivesError


class Raising(Tiny):
    """Raises what a hyperparameter-free member can: at one child, from one generation on."""

    error: BaseException = SystemExit(0)
    child = 1
    since = 2

    def step(self, operator=None):
        super().step(operator)
        if self.child in (None, self.seeds.child) and self.seeds.generation >= self.since:
            raise self.error


def raising(error, **changes):
    return type("Raising", (Raising,), {"error": error, **changes})


ERRORS = [
    SystemExit(0),
    SystemExit("enough"),
    GeneratorExit(),
    asyncio.CancelledError(),
    type("Own", (BaseException,), {})("odd"),
    FileNotFoundError("no such file: caf\udce9.png"),
    StopIteration(),
    RecursionError(),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_the_child_fails_and_the_search_goes_on(error, tmp_path):
    result = search(member=raising(error), directory=tmp_path).run(3)
    failures = result.failures
    assert failures[["generation", "child"]].to_numpy().tolist() == [[2, 1], [3, 1]]
    assert all(failures["error"].str.contains(type(error).__name__))
    assert len(result.history) == 3 * 6


def test_a_text_that_is_not_utf8_is_spelt_out():
    result = search(member=raising(OSError("caf\udce9"))).run(2)
    assert "OSError: caf\\udce9" in result.failures["error"].iloc[0]


def test_ctrl_c_in_a_member_ends_the_search():
    with pytest.raises(KeyboardInterrupt):
        search(member=raising(KeyboardInterrupt())).run(3)


class Signalled(Tiny):
    """Gets a SIGTERM while it is trained, as from a cluster that wants its machine back."""

    def step(self, operator=None):
        super().step(operator)
        if self.seeds.generation == 2:
            signal.raise_signal(signal.SIGTERM)


def test_what_a_handler_of_a_signal_raises_ends_the_search():
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(number))
    try:
        with pytest.raises(SystemExit, match="15"):
            search(member=Signalled).run(3)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_member_that_exits_costs_ray_no_worker(ray_session, caplog):
    inline, ray = (
        search(executor, member=Exiting).run(3).history for executor in (None, RayExecutor(2))
    )
    assert rows(inline).drop(columns="error").equals(rows(ray).drop(columns="error"))
    assert ray["error"].str.contains("SystemExit: 3").sum() == 2
    assert "died" not in caplog.text


class Exiting(Raising):
    error = SystemExit(3)


class ExitingDrift(Drift):
    def update(self, contributions):
        raise SystemExit(0)


def test_an_environment_that_exits_is_an_error():
    with pytest.raises(RuntimeError, match=r"environment.update\(\) raised SystemExit: 0"):
        search(environment=ExitingDrift).run(2)


class Silent(Tiny):
    def evaluate(self):
        return {} if self.seeds.generation > 1 else super().evaluate()


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (raising(AttributeError("no elements"), child=None), "AttributeError: no elements"),
        (raising(SystemExit(0), child=None), "SystemExit: 0"),
        (raising(OSError("caf\udce9"), child=None), "OSError: caf"),
        (Silent, r"evaluate\(\) returned no score"),
        (raising(ValueError("at once"), child=None, since=1), "ValueError: at once"),
    ],
)
def test_where_nothing_survives_the_error_is_shown(member, message):
    with pytest.raises(NothingSurvivesError, match=message) as caught:
        search(member=member).run(40)
    assert "learning rate" not in str(caught.value)
    strategy = PopulationBasedTraining({"lr": Uniform(0, 1)}, 2)
    with pytest.raises(NothingSurvivesError, match=message):
        AsynchronousSearch(member, strategy).run(60)


def test_inline_searches_in_two_threads_are_refused():
    entered, leave = threading.Event(), threading.Event()

    class Waiting(Tiny):
        def step(self, operator=None):
            entered.set()
            leave.wait(20)
            super().step(operator)

    first = threading.Thread(target=lambda: search(member=Waiting).run(1))
    first.start()
    try:
        entered.wait(20)
        with pytest.raises(RuntimeError, match="another thread of this process is running"):
            search().run(1)
    finally:
        leave.set()
        first.join()
    search().run(1)


class Nested(Tiny):
    def evaluate(self):
        return search(environment=None).run(1).best.scores

    def contribution(self):
        return None


def test_a_member_may_run_a_search_of_its_own():
    assert len(search(member=Nested, environment=None).run(1).history) == 6
