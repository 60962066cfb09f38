"""Tune a classifier of your own on digits: python examples/tune_classifier.py [--quick] [--ray]."""
# ruff: noqa: ARG002, D101, D102 - an example is read from top to bottom

import sys

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

from population import LogUniform, Member, PopulationBasedTraining, RayExecutor, Search, Uniform
from population.callbacks import ProgressTable

x, y = (torch.tensor(array) for array in load_digits(return_X_y=True))
x = x.float() / 16
x_train, x_rest, y_train, y_rest = train_test_split(x, y, train_size=900, random_state=0)
x_val, x_test, y_val, y_test = train_test_split(x_rest, y_rest, train_size=400, random_state=0)


class Classifier(Member):
    def __init__(self, hyperparameters):
        self.net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(), nn.Linear(64, 10))
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1)

    def configure(self, hyperparameters):  # before every step, and after load_state_dict
        self.net[2].p = hyperparameters["dropout"]
        self.optimizer.param_groups[0]["lr"] = hyperparameters["lr"]
        self.optimizer.param_groups[0]["momentum"] = hyperparameters["momentum"]

    def step(self, operator=None):  # one epoch; the engine has seeded torch
        for batch in torch.randperm(len(x_train)).split(64):
            self.optimizer.zero_grad()
            nn.functional.cross_entropy(self.net.train()(x_train[batch]), y_train[batch]).backward()
            self.optimizer.step()

    @torch.no_grad()
    def evaluate(self):  # higher is better
        return -nn.functional.cross_entropy(self.net.eval()(x_val), y_val).item()

    def state_dict(self):
        return {"net": self.net.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state):
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    space = {"lr": LogUniform(1e-4, 1), "momentum": Uniform(0, 0.98), "dropout": Uniform(0, 0.8)}
    strategy = PopulationBasedTraining(space, population_size=4 if quick else 8)
    executor = RayExecutor(workers=2) if "--ray" in sys.argv else None
    search = Search(Classifier, strategy, executor=executor, callbacks=[ProgressTable()])
    result = search.run(4 if quick else 30)
    best = Classifier(result.best.hyperparameters)
    best.load_state_dict(result.best.state)
    accuracy = (best.net.eval()(x_test).argmax(1) == y_test).float().mean()
    print(f"best {result.best.hyperparameters}, test accuracy {accuracy:.1%}")
    result.plot().savefig("tune_classifier.png")
