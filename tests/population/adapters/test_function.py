import math

import pytest
import torch

from population import LogUniform, PopulationBasedTraining, Search
from population.adapters.function import FunctionMember
from population.testing import check_member


def regression(config, checkpoint):
    net = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0, momentum=0.9)
    position = 0
    if checkpoint is not None:
        net.load_state_dict(checkpoint["net"])
        optimizer.load_state_dict(checkpoint["optimizer"])
        position = checkpoint["position"]
    optimizer.param_groups[0]["lr"] = config["lr"]
    while True:
        x = torch.randn(16, 2)
        loss = (net(x) - x.sum(1, keepdim=True)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        position += 1
        state = {"net": net.state_dict(), "optimizer": optimizer.state_dict(), "position": position}
        yield -loss.item(), state


def member(config):
    return FunctionMember(config, train=regression)


def test_it_keeps_the_promises_of_a_member():
    check_member(member, {"lr": 0.01}, changed={"lr": 0.1})


def test_a_search_trains_it_on():
    strategy = PopulationBasedTraining({"lr": LogUniform(1e-3, 0.1)}, population_size=4)
    result = Search(member, strategy, seed=0).run(8)
    assert all(one.state["checkpoint"]["position"] == 8 for one in result.population)
    assert result.best.scores["fitness"] > result.history["fitness"].head(4).max()
    assert result.lineage["copied"].any()


def test_named_scores_are_taken_as_they_are():
    def train(config, checkpoint):
        yield {"accuracy": 0.5, "fitness": 1}, {"epoch": 1}

    one = FunctionMember({}, train=train)
    assert math.isnan(one.evaluate())
    one.step()
    assert one.evaluate() == {"accuracy": 0.5, "fitness": 1}
    again = FunctionMember({}, train=train)
    again.load_state_dict(one.state_dict())
    assert again.state_dict() == {
        "checkpoint": {"epoch": 1},
        "scores": {"accuracy": 0.5, "fitness": 1},
    }


def test_a_function_that_ends_is_told():
    def train(config, checkpoint):
        if checkpoint is None:
            yield 1.0, {}

    one = FunctionMember({}, train=train)
    one.step()
    with pytest.raises(RuntimeError, match=r"train\(\) returned before it yielded a score"):
        one.step()


def test_a_function_that_yields_a_score_alone_is_told():
    def train(config, checkpoint):
        yield 1.0

    with pytest.raises(TypeError, match=r"yielded 1\.0; yield a score and a checkpoint"):
        FunctionMember({}, train=train).step()
