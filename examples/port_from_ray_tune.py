"""Port a training loop from Ray Tune's class API: five methods change their names, files go.

class Regression(tune.Trainable):           class Regression(Member):
    def setup(self, config)                     def __init__(self, config)
    def reset_config(self, new_config)          def configure(self, config)
    def step(self) -> {"loss": ...}             def step(self), def evaluate(self) -> -loss
    def save_checkpoint(self, folder)           def state_dict(self)
    def load_checkpoint(self, folder)           def load_state_dict(self, state)
"""
# ruff: noqa: ARG002, D101, D102 - an example is read from top to bottom

import sys

import torch

from population import LogUniform, Member, PopulationBasedTraining, Search, Uniform, from_ray_tune

try:
    from ray import tune

    param_space = {"lr": tune.loguniform(1e-4, 1.0), "momentum": tune.uniform(0.0, 0.9)}
except ImportError:  # ray.tune is an extra of Ray; its domains are understood as they are
    param_space = {"lr": LogUniform(1e-4, 1.0), "momentum": Uniform(0.0, 0.9)}


class Regression(Member):
    def __init__(self, config):  # was setup
        layers = torch.nn.Linear(1, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1)
        self.model = torch.nn.Sequential(*layers)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)

    def configure(self, config):  # was reset_config, which had to return True
        for group in self.optimizer.param_groups:
            group["lr"], group["momentum"] = config["lr"], config["momentum"]

    def step(self, operator=None):  # was step; the score moves to evaluate
        for _ in range(20):
            x = torch.rand(64, 1) * 4 - 2
            loss = (self.model(x) - torch.sin(3 * x)).square().mean()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()

    def evaluate(self):  # higher is better, so a loss changes its sign
        x = torch.linspace(-2, 2, 200).unsqueeze(1)
        with torch.no_grad():
            return -(self.model(x) - torch.sin(3 * x)).square().mean().item()

    def state_dict(self):  # was save_checkpoint: the same content, but no file
        return {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state):  # was load_checkpoint
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])


strategy = PopulationBasedTraining(from_ray_tune(param_space), population_size=6)
result = Search(Regression, strategy, seed=0).run(5 if "--quick" in sys.argv else 60)
print(f"loss {-result.best.scores['fitness']:.4f} with\n{result.schedule().frame()}")
