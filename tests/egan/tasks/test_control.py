"""Control: what a policy is worth, what it is shown, and what it is never shown."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from egan import data
from egan.judging.features import Features
from egan.simulators import grid
from egan.simulators.controllers import balance, walk
from egan.tasks import Batch, Control


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def task(name="cartpole", **options):
    dataset = data.load(name, **options)
    return of(dataset)


def of(dataset):
    found = Control(dataset, dataset, Features(lambda x: x.flatten(1)))
    found.num_judged = 30
    return found


class Expert:
    def __init__(self, act):
        self.act = act

    def chances(self, seen):
        return torch.from_numpy(grid.expert_policy())[seen.argmax(dim=1)]


def test_fitness_is_1_for_the_expert_and_0_at_random():
    control = task()
    assert control.score(Expert(balance), rng()) == {
        "fitness": 1.0,
        "expert_share": 1.0,
        "return": 500.0,
    }
    at_random = control.score(Expert(control.at_random), rng())
    assert abs(at_random["fitness"]) < 0.03
    assert 15 < at_random["return"] < 35


def test_without_the_experts_rewards_fitness_is_the_return():
    known = data.load("cartpole", trajectories=2)
    notes = {k: v for k, v in known.annotations.items() if k != "rewards"}
    control = of(dataclasses.replace(known, annotations=notes))
    assert control.score(Expert(balance), rng()) == {"fitness": 500.0, "return": 500.0}
    assert "expert" not in control.baselines()


def test_occupancies_are_told_where_they_are_known():
    scores = task("gridworld").score(Expert(walk), rng())
    assert abs(scores["occupancy_kl"]) < 1e-6
    assert "occupancy_kl" not in task().score(Expert(balance), rng())


def test_single_steps_are_the_experts_and_none_is_padding():
    known = data.load("gymnasium", environment="MountainCar-v0", trajectories=3)
    control = of(known)
    assert len(control.steps[0]) == known.annotations["lengths"].sum()
    batch = control.draw(5000, rng())
    assert (batch.codes["actions"] == 2 * (batch.samples[:, 1] >= 0)).all()
    assert batch.samples.any(dim=1).all()


def test_whole_trajectories_keep_what_belongs_together():
    control = task("gridworld")
    batch = control.trajectories(20, rng())
    for seen, acted in zip(batch.samples, batch.codes["actions"], strict=True):
        same = (control.data.tensor(range(10)) == seen).all(dim=(1, 2)).nonzero()[0, 0]
        assert (control.data.annotations["actions"][same] == acted.numpy()).all()


def test_what_is_made_can_be_read_again(tmp_path):
    control = task()
    made = control.make(Expert(control.at_random), 5, rng(), given={})
    assert made.samples.shape == (5, 500, 4)
    path = tmp_path / "made.npz"
    np.savez(path, samples=made.samples, **{k: v.numpy() for k, v in made.codes.items()})
    again = data.load("gymnasium", path=path)
    assert (again.samples == made.samples.numpy()).all()
    assert (again.annotations["lengths"] == made.codes["lengths"].numpy()).all()


def test_a_film_has_a_frame_for_each_step():
    control = task("gridworld")
    made = control.make(Expert(walk), 2, rng(), given={})
    frames = control.film(made)
    assert len(frames) == 32
    assert all(isinstance(one, Image.Image) for one in frames)
    assert control.films(made).height > 2 * 80


def test_curves_are_drawn_where_nothing_else_can_be():
    control = task("gymnasium", environment="MountainCar-v0", trajectories=2)
    pictures = control.pictures(Expert(control.at_random))
    assert list(pictures) == ["trajectories"]
    blank = control.curves(Batch(torch.zeros(1, 200, 2), {"lengths": torch.tensor([1])}))
    drawn = pictures["trajectories"](rng())
    assert np.asarray(drawn).shape == np.asarray(blank).shape
    assert (np.asarray(drawn) != np.asarray(blank)).any()
    assert control.show_real().size == drawn.size


def test_copying_the_expert_is_a_baseline():
    worth = task().baselines()
    assert worth["expert"]["fitness"] == 1
    assert worth["random"]["fitness"] == 0
    assert worth["behaviour cloning"]["fitness"] > 0.5


def test_other_data_are_refused_with_what_will_do():
    digits = data.load("digits")
    with pytest.raises(ValueError, match="--data.name cartpole"):
        of(digits)
    short = data.load("gridworld")
    with pytest.raises(ValueError, match="must be"):
        of(dataclasses.replace(short, samples=short.samples[:, :, :3]))
