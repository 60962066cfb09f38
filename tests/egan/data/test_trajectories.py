"""Trajectories of controllers, and those of a user's file."""

import numpy as np
import pytest

from egan import data


def test_a_controllers_trajectories_are_always_the_same():
    few, many = (data.load("cartpole", trajectories=n) for n in (2, 12))
    assert many.samples.shape == (12, 500, 4)
    assert (few.samples == many.samples[:2]).all()
    assert few.simulator == "CartPole-v1"
    assert (many.annotations["lengths"] == 500).all()
    x, speed, angle, turn = many.samples.reshape(-1, 4).T
    pushed = many.annotations["actions"].ravel()
    assert np.mean(pushed == (0.05 * x + 0.1 * speed + angle + 0.5 * turn > 0)) == 1


def test_ten_are_made_by_default():
    assert len(data.load("gridworld")) == 10
    assert data.load("gymnasium", environment="MountainCar-v0").samples.shape == (10, 200, 2)


def test_settings_without_effect_are_told():
    with pytest.warns(UserWarning, match="environment"):
        data.load("cartpole", environment="Acrobot-v1")
    with pytest.warns(UserWarning, match="trajectories"):
        data.load("digits", trajectories=3)


def arrays(**changed):
    made = data.load("gridworld", trajectories=4)
    known = {"observations": made.samples, **made.annotations}
    return {k: v for k, v in {**known, **changed}.items() if v is not None}


def saved(tmp_path, **changed):
    path = tmp_path / "expert.npz"
    np.savez(path, **arrays(**changed))
    return path


def load(path, **options):
    return data.load("gymnasium", path=path, environment="GridWorld-v0", **options)


def test_a_file_is_read_as_it_was_written(tmp_path):
    found = load(saved(tmp_path))
    assert (found.samples == arrays()["observations"]).all()
    for name in ("actions", "rewards", "lengths"):
        assert (found.annotations[name] == arrays()[name]).all()
    assert len(load(saved(tmp_path), trajectories=3)) == 3


def test_short_trajectories_are_padded(tmp_path):
    short = {k: arrays()[k][:, :5] for k in ("observations", "actions")}
    found = load(saved(tmp_path, **short, rewards=None, lengths=None))
    assert found.samples.shape == (4, 16, 25)
    assert (found.annotations["lengths"] == 5).all()
    assert "rewards" not in found.annotations
    assert not found.samples[:, 5:].any()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"observations": np.zeros((4, 16, 3), np.float32)}, "for GridWorld-v0"),
        ({"actions": np.full((4, 16), 4)}, "from 0 to 3"),
        ({"lengths": np.full(4, 17)}, "from 1 to 16"),
        ({"rewards": np.full((4, 16), np.nan)}, "not finite"),
        ({"actions": None}, "observations"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, changed, message):
    with pytest.raises(ValueError, match=message):
        load(saved(tmp_path, **changed))


def test_more_than_there_are_are_refused(tmp_path):
    with pytest.raises(ValueError, match="from 1 to 4"):
        load(saved(tmp_path), trajectories=5)
    with pytest.raises(ValueError, match="1 or more"):
        data.load("cartpole", trajectories=0)


def test_without_a_controller_a_file_is_asked_for():
    with pytest.raises(ValueError, match=r"--data.path FILE.npz"):
        data.load("gymnasium", environment="Pendulum-v1")


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("actions", lambda a: a + 0.5, "whole numbers"),
        ("lengths", lambda a: a.astype(float), "whole numbers"),
        ("rewards", lambda a: np.full(a.shape, 1e300), "not finite in float32"),
        ("observations", lambda a: a[:0], r"\(N, 16, 25\)"),
    ],
)
def test_numbers_that_would_be_changed_are_refused(tmp_path, name, change, told):
    with pytest.raises(ValueError, match=told):
        load(saved(tmp_path, **{name: change(arrays()[name])}))


def test_what_follows_an_end_is_not_read(tmp_path):
    odd = arrays()["actions"].copy()
    odd[:, 5:] = -7
    found = load(saved(tmp_path, actions=odd, lengths=np.full(4, 5)))
    assert (found.annotations["actions"][:, 5:] == 0).all()
    assert not found.samples[:, 5:].any()


def test_trajectories_beyond_memory_are_refused(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"--data\.trajectories 1000000000"):
        data.load("cartpole", trajectories=10**9)
    path = saved(tmp_path)
    monkeypatch.setattr("egan.memory.free_bytes", lambda: 10_000)
    with pytest.raises(ValueError, match=r"GiB are free"):
        load(path)


@pytest.mark.parametrize("environment", ["", "Pendulum-v1", "os:system"])
def test_environments_are_told_by_their_flag(environment):
    with pytest.raises(ValueError, match=r"--data\.environment"):
        data.load("gymnasium", environment=environment)
