"""Tune a function that yields scores: python examples/tune_function.py [--quick]."""

import sys
from functools import partial

import torch
from torch import nn

from population import LogUniform, PopulationBasedTraining, Search
from population.adapters.function import FunctionMember


def train(config, checkpoint):
    """Fit sin(3x), 20 steps to a yield; begun anew for every child."""
    net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(net.parameters())
    if checkpoint is not None:
        net.load_state_dict(checkpoint["net"])
        optimizer.load_state_dict(checkpoint["optimizer"])
    optimizer.param_groups[0]["lr"] = config["lr"]  # after the state, which holds a rate too
    grid = torch.linspace(-2, 2, 200).unsqueeze(1)
    while True:
        for _ in range(20):
            x = torch.rand(64, 1) * 4 - 2
            loss = (net(x) - torch.sin(3 * x)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            score = -(net(grid) - torch.sin(3 * grid)).square().mean().item()
        yield score, {"net": net.state_dict(), "optimizer": optimizer.state_dict()}


member = partial(FunctionMember, train=train)
strategy = PopulationBasedTraining({"lr": LogUniform(1e-4, 0.3)}, population_size=6)
result = Search(member, strategy, seed=0).run(5 if "--quick" in sys.argv else 40)
print(f"loss {-result.best.scores['fitness']:.4f} with\n{result.schedule().frame()}")
