"""GAIL: the discriminator's loss and its rewards by their formulas, and that it imitates."""

import numpy as np
import pytest
import torch

from egan import data
from egan.collection.gail import Discriminator
from egan.collection.testing import built, small, task_of, tiny
from egan.simulators import grid
from egan.training.acting import Steps

T = np.random.default_rng(0).standard_normal((2, 9))


def test_the_loss_is_that_of_two_classes():
    real, fake = T
    chance = 1 / (1 + np.exp(-T))
    entropy = -(chance * np.log(chance) + (1 - chance) * np.log(1 - chance)).mean()
    wanted = -np.log(chance[0]).mean() - np.log(1 - chance[1]).mean() - 0.3 * entropy
    member = built(tiny("gail"), {"discriminator_entropy": 0.3})
    found = member.discriminator_loss(torch.from_numpy(real), torch.from_numpy(fake))
    assert np.isclose(found, wanted, atol=1e-12)


@pytest.mark.parametrize(
    ("form", "reward"),
    [
        ("positive", lambda d: -np.log(1 - d)),
        ("negative", np.log),
        ("signed", lambda d: np.log(d) - np.log(1 - d)),
    ],
)
def test_rewards_are_the_discriminators_word(form, reward, monkeypatch):
    member = built(tiny("gail"), {"reward": form})
    logits = torch.from_numpy(T[0])
    monkeypatch.setattr(member, "logits", lambda observations, actions: logits)
    found = member.rewards(Steps(torch.zeros(9, 4), torch.zeros(9), torch.ones(1, 9)))
    assert np.allclose(found, reward(1 / (1 + np.exp(-T[0]))), atol=1e-12)


def test_each_action_has_its_own_logit():
    network = Discriminator(2, 3, 1, width=8)
    seen = torch.randn(3, 2, generator=torch.Generator().manual_seed(0))
    assert network(seen, torch.tensor([0, 1, 2])).eq(0).all()
    torch.nn.init.normal_(network.layers[-1].weight, generator=torch.Generator().manual_seed(0))
    whole = network.layers(seen)
    assert torch.equal(network(seen, torch.tensor([2, 0, 1])), whole[[0, 1, 2], [2, 0, 1]])


def test_numbers_as_actions_are_read_beside_the_state():
    network = Discriminator(2, 0, 2, width=8)
    torch.nn.init.normal_(network.layers[-1].weight, generator=torch.Generator().manual_seed(0))
    seen, acted = torch.ones(1, 2), torch.ones(1, 2)
    assert network(seen, acted).shape == (1,)
    assert network(seen, acted) != network(seen, -acted)


def test_numbers_as_actions_take_an_update(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "swings.npz"
    arrays = {"observations": rng.standard_normal((2, 50, 3)), "actions": np.zeros((2, 50, 1))}
    np.savez(path, **{k: v.astype(np.float32) for k, v in arrays.items()})
    dataset = data.load("gymnasium", path=path, environment="Pendulum-v1")
    for policy_step in ("ppo", "trpo"):
        member = built(tiny("gail", dataset), {"policy_step": policy_step})
        member.rng.manual_seed(0)
        member.update()
        assert np.isfinite(member.score()["fitness"])


def test_occupancies_come_nearer_to_the_experts():
    dataset = data.load("gridworld", trajectories=300)
    settings = {"width": 32, "episodes": 32, "lr": 1e-3, "reward": "signed"}
    settings |= {"discriminator_lr": 1e-2, "discriminator_steps": 5, "epochs": 4}
    member = built(tiny("gail", dataset), settings)
    member.rng.manual_seed(0)

    def apart():
        chances = member.chances(torch.from_numpy(grid.one_hot(np.arange(25))))
        return grid.divergence(chances.detach().double().numpy())

    before = apart()
    for _ in range(40):
        member.update()
    assert apart() < before / 4


def test_the_experts_rewards_do_not_reach_it():
    known = data.load("cartpole", trajectories=2)
    assert set(task_of("gail", known).draw(5, torch.Generator()).codes) == {"actions"}
    assert small("gail").data.name == "cartpole"
