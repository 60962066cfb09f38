"""The strategies through the engine: faults, nested and structural hyperparameters, resume."""

import numpy as np
import pandas as pd
import pytest

from population import (
    IPBT,
    MFPBT,
    PB2,
    Choice,
    FirePBT,
    IntUniform,
    LogUniform,
    Member,
    PopulationBasedTraining,
    RandomSearch,
    RayExecutor,
    Search,
    SuccessiveHalving,
    Uniform,
    When,
)

SPACE = {
    "width": IntUniform(1, 4, structural=True),
    "optimizer": {
        "lr": LogUniform(1e-3, 1e0),
        "name": Choice(["sgd", "momentum"]),
        "beta": When("optimizer.name", "momentum", Uniform(0, 0.9)),
    },
}
STRATEGIES = {
    "pbt": lambda: PopulationBasedTraining(SPACE, 4),
    "keep": lambda: PopulationBasedTraining(SPACE, 4, copy_hyperparameters=False),
    "tournament": lambda: PopulationBasedTraining(SPACE, 5, exploit="tournament", ready_every=2),
    "pb2": lambda: PB2(SPACE, 4),
    "mf_pbt": lambda: MFPBT(SPACE, 8, frequencies=(1, 3)),
    "fire_pbt": lambda: FirePBT(SPACE, 5, ready_every=2),
    "ipbt": lambda: IPBT(SPACE, 2, patience=1),
    "random": lambda: RandomSearch(SPACE, 3),
    "halving": lambda: SuccessiveHalving(SPACE, 6, reduction_factor=2),
}


class Descent(Member):
    """Descends a bowl in as many dimensions as it is wide."""

    def __init__(self, hyperparameters):
        self.x = np.random.normal(size=hyperparameters["width"])
        self.velocity = np.zeros_like(self.x)

    def configure(self, hyperparameters):
        assert hyperparameters["width"] == len(self.x)
        given = hyperparameters["optimizer"]
        assert ("beta" in given) == (given["name"] == "momentum")
        self.lr, self.beta = given["lr"], given.get("beta", 0.0)

    def step(self, operator=None):
        noise = np.random.normal(size=self.x.shape)
        self.velocity = self.beta * self.velocity - self.x + 0.01 * noise
        self.x = self.x + self.lr * self.velocity

    def evaluate(self):
        return -float(np.mean(self.x**2))

    def state_dict(self):
        return {"x": self.x, "velocity": self.velocity}

    def load_state_dict(self, state):
        self.x, self.velocity = state["x"], state["velocity"]


class Faulty(Descent):
    """Turns NaN or raises now and then, as its random stream has it."""

    def step(self, operator=None):
        super().step(operator)
        chance = np.random.random()
        if chance < 0.15:
            raise RuntimeError("lost")
        if chance < 0.3:
            self.x = self.x * np.nan


def timeless(history):
    return history.drop(columns="seconds")


@pytest.mark.parametrize("name", STRATEGIES)
def test_searches_nested_structural_and_conditional_spaces(name):
    history = Search(Descent, STRATEGIES[name](), seed=1).run(8).history
    assert (history["error"] == "").all()
    assert {"width", "optimizer.lr", "optimizer.name", "optimizer.beta"} <= set(history.columns)
    has_beta = history["optimizer.beta"].notna()
    assert (has_beta == (history["optimizer.name"] == "momentum")).all()


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_resumed_search_has_the_same_rows(name, tmp_path):
    whole = Search(Descent, STRATEGIES[name](), seed=2).run(9).history
    Search(Descent, STRATEGIES[name](), seed=2, directory=tmp_path / "run").run(4)
    resumed = Search(Descent, STRATEGIES[name](), seed=2, directory=tmp_path / "run").resume()
    pd.testing.assert_frame_equal(
        timeless(resumed.run(9).history).drop(columns="run"), timeless(whole).drop(columns="run")
    )


@pytest.mark.parametrize("name", ["mf_pbt", "fire_pbt", "ipbt"])
def test_ray_makes_the_same_rows(name, ray_session):
    inline, ray = (
        Search(Descent, STRATEGIES[name](), seed=4, executor=executor).run(8).history
        for executor in (None, RayExecutor(2))
    )
    pd.testing.assert_frame_equal(timeless(ray), timeless(inline))


@pytest.mark.parametrize("name", ["mf_pbt", "fire_pbt", "ipbt"])
def test_a_search_with_lost_members_goes_on_and_ends_well(name):
    result = Search(Faulty, STRATEGIES[name](), seed=3).run(15)
    assert (result.history["error"] != "").any()
    assert np.isfinite(result.best.scores["fitness"])


@pytest.mark.parametrize("name", ["pbt", "keep", "tournament", "pb2"])
def test_failed_and_nan_members_are_replaced_from_survivors(name):
    result = Search(Faulty, STRATEGIES[name](), seed=3).run(15)
    history = result.history
    assert (history["error"] != "").any()
    assert (history["fitness"].isna() & (history["error"] == "")).any()
    assert history["parent"].eq(history["child"]).mean() < 1
    assert history.groupby("generation").size().nunique() == 1
    scores = history.set_index(["generation", "child"])["fitness"]
    born = history[history["parent_generation"] > 0]
    parents = scores[list(zip(born["parent_generation"], born["parent"], strict=True))]
    assert np.isfinite(parents).all()
    assert np.isfinite(result.best.scores["fitness"])
