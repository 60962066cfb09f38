import math
import subprocess
import sys
import types

import pytest
from searches import SPACE, Walker, pbt_search
from toys import rows, search

from population import AsynchronousSearch, PopulationBasedTraining, RandomSearch, Search
from population.callbacks import MissingExtraError, MLflow, TensorBoard, Tracker, WandB


class Memory(Tracker):
    """Remembers what it was given."""

    def __init__(self, **options):
        super().__init__(**options)
        self.points, self.opened, self.closed = {}, 0, 0

    def open(self, search):
        self.opened += 1

    def log(self, values, step):
        self.points[step] = dict(values)

    def close(self):
        self.closed += 1


class FakeRun:
    def __init__(self, options):
        self.options, self.points, self.finished = options, [], False

    def log(self, values, step):
        self.points.append((step, values))

    def finish(self):
        self.finished = True


@pytest.fixture
def wandb(monkeypatch):
    module = types.ModuleType("wandb")
    module.runs = []

    def init(**options):
        module.runs.append(FakeRun(options))
        return module.runs[-1]

    module.init = init
    monkeypatch.setitem(sys.modules, "wandb", module)
    return module


@pytest.fixture
def mlflow(monkeypatch):
    module = types.ModuleType("mlflow")
    module.calls, module.run = [], None

    def note(name):
        return lambda *given, **options: module.calls.append((name, given, options))

    def start_run(run_name):
        module.run = run_name
        note("start_run")(run_name)

    def end_run():
        module.run = None
        note("end_run")()

    for name in ("set_tracking_uri", "set_experiment", "log_params", "log_metrics"):
        setattr(module, name, note(name))
    module.start_run, module.end_run = start_run, end_run
    module.active_run = lambda: module.run
    monkeypatch.setitem(sys.modules, "mlflow", module)
    return module


def test_the_best_the_median_and_every_member_have_curves():
    memory = Memory(members=2)
    history = pbt_search(callbacks=[memory]).run(3).history
    assert sorted(memory.points) == [1, 2, 3]
    last = history[history["generation"] == 3]
    point = memory.points[3]
    best = last.loc[last["fitness"].idxmax()]
    assert point["fitness/best"] == best["fitness"]
    assert point["other/best"] == best["other"]
    assert point["fitness/median"] == pytest.approx(last["fitness"].median())
    assert point["lr/best"] == best["lr"]
    assert point["lr/member 1"] == last["lr"].iloc[1]
    assert "lr/member 2" not in point
    assert "group.kind/best" not in point
    assert point["failures"] == 0
    assert (memory.opened, memory.closed) == (1, 1)


def test_without_a_barrier_a_point_stands_for_a_step_of_all():
    memory = Memory()
    strategy = PopulationBasedTraining(SPACE, 4)
    history = AsynchronousSearch(Walker, strategy, callbacks=[memory]).run(5).history
    assert sorted(memory.points) == [1, 2, 3, 4, 5]
    last = history.drop_duplicates("child", keep="last")
    assert memory.points[5]["fitness/best"] == last["fitness"].max()
    assert "lr/member 3" in memory.points[5]


def test_only_finite_numbers_are_logged():
    class Odd(Walker):
        def evaluate(self):
            bad = math.nan if self.seeds.child else math.inf
            return {"fitness": super().evaluate()["fitness"], "odd": bad}

    memory = Memory()
    pbt_search(Odd, callbacks=[memory]).run(1)
    assert not [name for name in memory.points[1] if name.startswith("odd")]
    assert all(math.isfinite(value) for value in memory.points[1].values())


def test_what_the_environment_records_is_logged():
    memory = Memory()
    search(callbacks=[memory]).run(2)
    assert "environment/level" in memory.points[2]


def test_a_tracker_that_breaks_is_left_alone_and_costs_nothing(caplog):
    class Broken(Memory):
        calls = 0

        def log(self, values, step):
            self.calls += 1
            raise ConnectionError("the network is down")

    broken = Broken()
    history = pbt_search(callbacks=[broken]).run(6).history
    assert broken.calls == 3
    assert caplog.text.count("Broken failed (ConnectionError: the network is down)") == 3
    assert "it gets nothing more" in caplog.text
    assert rows(history).equals(rows(pbt_search().run(6).history))


def test_wandb_gets_settings_and_points(wandb):
    pbt_search(seed=4, callbacks=[WandB(project="mine")], name="first").run(2)
    (run,) = wandb.runs
    assert run.options["project"] == "mine"
    assert run.options["name"] == "first"
    assert run.options["config"]["seed"] == 4
    assert [step for step, _ in run.points] == [1, 2]
    assert "fitness/best" in run.points[0][1]
    assert run.finished


def test_a_wandb_run_of_ones_own_stays_open(wandb):
    mine = FakeRun({})
    pbt_search(callbacks=[WandB(mine)]).run(2)
    assert len(mine.points) == 2
    assert not mine.finished
    assert wandb.runs == []


def test_mlflow_gets_settings_and_points(mlflow):
    listener = MLflow("mine", tracking_uri="file:here")
    pbt_search(seed=4, callbacks=[listener], name="first").run(2)
    names = [name for name, _, _ in mlflow.calls]
    assert names == ["set_tracking_uri", "set_experiment", "start_run", "log_params"] + [
        "log_metrics"
    ] * 2 + ["end_run"]
    (settings,) = mlflow.calls[3][1]
    assert settings["seed"] == "4"
    assert settings["space.lr.domain"] == "LogUniform"
    assert max(map(len, settings.values())) <= 500
    assert mlflow.calls[4][2] == {"step": 1}


def test_an_mlflow_run_of_ones_own_stays_open(mlflow):
    mlflow.run = "mine"
    pbt_search(callbacks=[MLflow()]).run(1)
    assert mlflow.run == "mine"


@pytest.mark.parametrize(
    ("listener", "module", "extra"),
    [
        (WandB, "wandb", "wandb"),
        (MLflow, "mlflow", "mlflow"),
        (TensorBoard, "torch.utils.tensorboard", "tensorboard"),
    ],
)
def test_a_missing_package_names_its_extra(monkeypatch, listener, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'egan\[{extra}\]'"):
        listener()


def test_trackers_are_imported_when_they_are_made():
    code = (
        "import sys, population.callbacks;"
        "print({'torch', 'rich', 'wandb', 'mlflow', 'tensorboard', 'ray'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"


def test_negative_members_are_refused():
    with pytest.raises(ValueError, match="members=-1"):
        Memory(members=-1)


def test_a_tensorboard_file_holds_the_history(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    history = pbt_search(directory=tmp_path, callbacks=[TensorBoard()]).run(3).history
    reader = EventAccumulator(str(tmp_path / "tensorboard"))
    reader.Reload()
    best = history.groupby("generation")["fitness"].max()
    points = reader.Scalars("fitness/best")
    assert [point.step for point in points] == [1, 2, 3]
    assert [point.value for point in points] == pytest.approx(best.tolist(), rel=1e-6)
    assert "lr/member_5" in reader.Tags()["scalars"]


def test_tensorboard_goes_on_where_a_run_is_resumed(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for generations in (2, 4):
        listener = TensorBoard(tmp_path / "events")
        run = pbt_search(directory=tmp_path / "run", callbacks=[listener])
        (run.resume() if generations == 4 else run).run(generations)
    reader = EventAccumulator(str(tmp_path / "events"))
    reader.Reload()
    assert [point.step for point in reader.Scalars("fitness/best")] == [1, 2, 3, 4]


def test_tensorboard_has_to_know_where_to_write():
    with pytest.raises(ValueError, match="give TensorBoard"):
        Search(Walker, RandomSearch(SPACE, 2), callbacks=[TensorBoard()]).run(1)
