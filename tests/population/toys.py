"""Small members and an environment that the engine's tests share; importable by Ray's workers."""

import os
import time
from pathlib import Path

import psutil
import torch

from population import Environment, Evolution, Member, Search


class Drift(Environment):
    """Follows the survivors' mean, with noise of its own."""

    def __init__(self):
        self.level = torch.zeros(4)

    def update(self, contributions):
        mean = torch.stack(list(contributions)).mean(0)
        self.level = 0.9 * self.level + 0.1 * mean + 0.01 * torch.randn(4)
        return {"level": float(self.level.mean())}

    def state_dict(self):
        return {"level": self.level, "unused": list(range(3))}

    def load_state_dict(self, state):
        self.level = state["level"]

    def view_dict(self):
        return {"level": self.level}

    def load_view_dict(self, view):
        self.level = view["level"]


class LightAdam:
    """Adam with the state of torch's own, whose first use imports a compiler for two seconds."""

    def __init__(self, parameters, lr):
        self.parameters = list(parameters)
        self.param_groups = [{"lr": lr, "betas": (0.9, 0.999), "eps": 1e-8}]
        self.state = {}

    def zero_grad(self):
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self):
        [group] = self.param_groups
        beta1, beta2 = group["betas"]
        for i, parameter in enumerate(self.parameters):
            zero = torch.zeros_like(parameter)
            new = {"step": torch.tensor(0.0), "exp_avg": zero, "exp_avg_sq": zero.clone()}
            state = self.state.setdefault(i, new)
            state["step"] += 1
            state["exp_avg"].lerp_(parameter.grad, 1 - beta1)
            state["exp_avg_sq"].lerp_(parameter.grad.square(), 1 - beta2)
            mean = state["exp_avg"] / (1 - beta1 ** state["step"])
            square = state["exp_avg_sq"] / (1 - beta2 ** state["step"])
            parameter.sub_(group["lr"] * mean / (square.sqrt() + group["eps"]))

    def state_dict(self):
        params = list(range(len(self.parameters)))
        groups = [{**group, "params": params} for group in self.param_groups]
        return {"state": self.state, "param_groups": groups}

    def load_state_dict(self, state):
        self.state = {
            i: {name: value.clone() for name, value in one.items()}
            for i, one in state["state"].items()
        }
        self.param_groups = [dict(group) for group in state["param_groups"]]


class Tiny(Member):
    """A linear map with Adam, three mutations, and random inputs."""

    optimizer_class = LightAdam

    def __init__(self, hyperparameters, size=8):
        self.net = torch.nn.Linear(size, 4)
        self.optimizer = self.optimizer_class(self.net.parameters(), lr=0.01)
        self.configure(hyperparameters)

    def configure(self, hyperparameters):
        for group in self.optimizer.param_groups:
            group["lr"] = hyperparameters.get("lr", 0.01)

    def step(self, operator=None):
        y = self.net(torch.randn(16, self.net.in_features))
        target = {"up": 1.0, "down": -1.0, "zero": 0.0, None: 0.5}[operator]
        self.optimizer.zero_grad()
        (y - target - self.environment_level()).square().mean().backward()
        self.optimizer.step()

    def cross(self, partner):
        """Half of each parent, and a little noise."""
        with torch.no_grad():
            for name, value in self.net.named_parameters():
                value.lerp_(partner["net"][name], 0.5).add_(0.01 * torch.randn_like(value))

    def environment_level(self):
        return self.environment.level if self.environment is not None else 0.0

    def evaluate(self):
        with torch.no_grad():
            self.outputs = self.net(torch.randn(16, self.net.in_features)).mean(0)
        return {
            "fitness": -float((self.outputs - 0.3).square().sum()),
            "spread": float(self.outputs.std()),
        }

    def contribution(self):
        return self.outputs

    def state_dict(self):
        return {"net": self.net.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state):
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])


class Adaptive(Tiny):
    """Has torch's own Adam."""

    optimizer_class = torch.optim.Adam


class Unlucky(Tiny):
    """Misbehaves once, or always, when a marker file and a child's seeds say so."""

    def __init__(self, hyperparameters, *, folder, child=1, generation=3, mode="raise", once=True):
        super().__init__(hyperparameters)
        self.folder, self.child, self.at = Path(folder), child, generation
        self.mode, self.once = mode, once

    def step(self, operator=None):
        super().step(operator)
        marked = self.folder / f"happened-{self.mode}"
        if self.seeds.generation < self.at or self.seeds.child != self.child:
            return
        if self.once and (self.seeds.generation > self.at or marked.exists()):
            return
        marked.write_text(str(os.getpid()))
        if self.mode == "raise":
            raise RuntimeError("bad luck")
        if self.mode == "die":
            os.kill(os.getpid(), 9)
        if self.mode == "massacre":
            time.sleep(1.0)  # until the others have nothing to do
            workers = psutil.Process().parent().children()
            for worker in sorted(workers, key=lambda one: one.pid == os.getpid()):
                if "WorkerActor" in " ".join(worker.cmdline()):
                    worker.kill()
        if self.mode == "sleep":
            time.sleep(600)
        if self.mode == "nan":
            with torch.no_grad():
                self.net.weight.fill_(float("nan"))


def search(executor=None, **changes):
    settings = {"member": Tiny, "environment": Drift, "seed": 5, "mu": 2}
    settings |= changes
    strategy = settings.pop("strategy", None) or Evolution(
        ("up", "down", "zero"), mu=settings.pop("mu")
    )
    settings.pop("mu", None)
    return Search(settings.pop("member"), strategy, executor=executor, **settings)


def rows(history):
    """Return a history without its timing and the run's name."""
    return history.drop(columns=["seconds", "run"])


class Broken(Tiny):
    """Cannot be built in the first process that tries, or in none without a folder."""

    first: bool | None = None

    def __init__(self, hyperparameters, folder):
        if Broken.first is None and folder is not None:
            Broken.first = not any(Path(folder).iterdir())
            (Path(folder) / "tried").touch()
        if Broken.first is not False:
            raise OSError("cut short")
        super().__init__(hyperparameters)
