"""Searches over hyperparameters that the tests of results and listeners share."""

import numpy as np

from population import Choice, IntUniform, LogUniform, Member, PopulationBasedTraining, Search, When

SPACE = {
    "lr": LogUniform(1e-3, 1.0),
    "count": IntUniform(1, 9),
    "group": {
        "kind": Choice(["01", "plain", None]),
        "extra": When("group.kind", "01", IntUniform(2, 5)),
        "pair": Choice([(0.5, 0.9), (0.0, 0.99)]),
    },
}


class Walker(Member):
    """Walks towards 0 at a speed that is searched, without any randomness; remembers its way."""

    def __init__(self, hyperparameters):
        self.place, self.ways = 1.0, []
        self.configure(hyperparameters)

    def configure(self, hyperparameters):
        self.hyperparameters = hyperparameters
        self.lr = hyperparameters["lr"]

    def step(self, operator=None):
        self.place -= self.lr * 0.1 * self.place
        self.ways.append(repr((operator, self.hyperparameters)))

    def evaluate(self):
        return {"other": float(self.place), "fitness": -abs(self.place)}

    def state_dict(self):
        return {"place": np.array(self.place), "ways": self.ways}

    def load_state_dict(self, state):
        self.place, self.ways = float(state["place"]), list(state["ways"])


def pbt_search(member=Walker, *, size=6, seed=0, **options):
    return Search(member, PopulationBasedTraining(SPACE, size), seed=seed, **options)
