"""The PBT paper's toy, whose answers are known, through the engine."""

import numpy as np
import pytest

from population import Member, PopulationBasedTraining, RandomSearch, Search, Uniform

SPACE = {"h0": Uniform(0, 1), "h1": Uniform(0, 1)}
START = [{"h0": 1.0, "h1": 0.0}, {"h0": 0.0, "h1": 1.0}]


class Climber(Member):
    def __init__(self, hyperparameters):
        self.theta = np.array([0.9, 0.9])

    def configure(self, hyperparameters):
        self.weights = np.array([hyperparameters["h0"], hyperparameters["h1"]])

    def step(self, operator=None):
        for _ in range(4):
            self.theta = self.theta - 0.01 * 2 * self.weights * self.theta

    def evaluate(self):
        return 1.2 - float(np.sum(self.theta**2))

    def state_dict(self):
        return {"theta": self.theta}

    def load_state_dict(self, state):
        self.theta = state["theta"]


def search(strategy, seed):
    return Search(Climber, strategy, seed=seed, checkpoint_every=50).run(50)


def median(make, seeds):
    return np.median([search(make(), seed).best.scores["fitness"] for seed in range(seeds)])


def test_grid_search_stays_where_it_must():
    expected = 1.2 - 0.9**2 - (0.9 * 0.98**200) ** 2
    assert median(lambda: RandomSearch(SPACE, initial=START), 1) == pytest.approx(expected)
    assert expected == pytest.approx(0.39, abs=3e-4)


@pytest.mark.parametrize("exploit", ["truncation", "tournament"])
def test_pbt_climbs(exploit):
    def make():
        return PopulationBasedTraining(SPACE, initial=START, exploit=exploit)

    assert 1.19 < median(make, 15) < 1.2


def test_exploit_alone_gets_as_far_as_published():
    def make():
        return PopulationBasedTraining(
            SPACE,
            initial=START,
            copy_hyperparameters=False,
            perturbation=0.0,
            resample_probability=0.0,
        )

    assert median(make, 3) == pytest.approx(1.172, abs=1e-3)


def test_who_copied_whom_is_in_the_history():
    history = search(PopulationBasedTraining(SPACE, initial=START), 0).history
    copied = history[(history["generation"] > 1) & (history["parent"] != history["child"])]
    assert len(copied) == 49
    assert history.groupby("generation")["child"].apply(list).tolist() == [[0, 1]] * 50
    kept = history[history["parent"] == history["child"]]
    changes = kept.groupby("child")[["h0", "h1"]].nunique()
    assert (changes > 1).to_numpy().all()
