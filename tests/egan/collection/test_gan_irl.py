"""GAN-IRL: the discriminator by its formula, and the reward that it has at its best."""

import numpy as np
import torch
import torch.nn.functional as F

from egan import data
from egan.collection.gan_irl import Reward
from egan.collection.testing import built, tiny
from egan.simulators import grid


def rng():
    return torch.Generator().manual_seed(0)


def member(**settings):
    made = built(tiny("gan_irl", data.load("gridworld", trajectories=20)), settings)
    made.rng.manual_seed(0)
    torch.nn.init.normal_(made.policy.layers[-1].weight, generator=rng())
    torch.nn.init.normal_(made.reward.layers[0].weight, generator=rng())
    return made


def test_the_logit_is_that_of_the_two_laws():
    made = member()
    episodes = made.task.play(made.act, 6, rng())
    parts = made.trajectory(episodes.observations, episodes.actions, episodes.lengths)
    found = made.logit(*parts).detach().double().numpy()
    weights = made.reward.layers[0].weight[0].detach().double().numpy()
    chances = made.chances(torch.eye(25)).detach().double().numpy()
    for i in range(6):
        squares, actions = episodes.observations[i].argmax(dim=1).numpy(), episodes.actions[i]
        p = np.exp(weights[squares].sum() - made.reward.log_z.item())
        q = np.prod(chances[squares, actions.numpy()])
        assert np.isclose(np.exp(found[i]), p / q, rtol=1e-3)
        assert np.isclose(1 / (1 + np.exp(-found[i])), p / (p + q), rtol=1e-3)


def test_short_episodes_count_their_own_steps_alone():
    made = built(tiny("gan_irl", data.load("cartpole", trajectories=2)))
    torch.nn.init.normal_(made.reward.layers[0].weight, generator=rng())
    episodes = made.task.play(made.act, 4, rng())
    parts = made.trajectory(episodes.observations, episodes.actions, episodes.lengths)
    wanted = episodes.lengths * np.log(0.5)  # all actions are alike at first
    assert torch.allclose(parts[2], wanted.float())
    more = episodes.padded(400)
    again = made.trajectory(more.observations + 1.0, more.actions, more.lengths)
    assert again[1].sum() == episodes.lengths.sum()


def test_at_the_best_discriminator_the_energy_is_that_of_the_data():
    law = np.random.default_rng(0)
    p, q = (x / x.sum() for x in law.random((2, 8)))
    energy = torch.zeros(8, dtype=torch.float64, requires_grad=True)
    known = torch.from_numpy(np.log(q))
    p, q = torch.from_numpy(p), torch.from_numpy(q)
    optimizer = torch.optim.LBFGS(
        [energy], max_iter=500, tolerance_grad=1e-12, line_search_fn="strong_wolfe"
    )

    def loss():
        optimizer.zero_grad()
        logits = -energy - known
        value = (p * F.softplus(-logits)).sum() + (q * F.softplus(logits)).sum()
        value.backward()
        return value

    optimizer.step(loss)
    assert torch.allclose(-energy.detach(), p.log(), atol=1e-5)


def test_the_policy_is_paid_reward_and_surprise():
    made = member()
    steps = made.steps_of(made.task.play(made.act, 3, rng()))
    chances = made.chances(steps.observations)[torch.arange(len(steps.actions)), steps.actions]
    wanted = made.reward(steps.observations) - chances.log()
    assert torch.allclose(made.rewards(steps), wanted, atol=1e-5)


def test_the_average_follows_the_reward():
    made = member(reward_decay=0.75)
    before = made.average.layers[0].weight.clone()
    made.follow_average()
    moved = 0.75 * before + 0.25 * made.reward.layers[0].weight
    assert torch.allclose(made.average.layers[0].weight, moved)


def test_correlation_is_with_the_true_reward():
    made = member()
    with torch.no_grad():
        made.average.layers[0].weight.copy_(torch.from_numpy(3 * grid.rewards() + 7)[None])
    assert np.isclose(made.told()["reward_correlation"], 1)
    with torch.no_grad():
        made.average.layers[0].weight.copy_(torch.from_numpy(-grid.rewards())[None])
    assert np.isclose(made.told()["reward_correlation"], -1)
    with torch.no_grad():
        made.average.layers[0].weight.zero_()
    assert made.told()["reward_correlation"] == 0


def test_a_reward_is_nothing_at_first():
    seen = torch.randn(3, 5, 4, generator=rng())
    for hidden in (0, 6):
        assert Reward(4, hidden, log_z=1.0)(seen).eq(0).all()
    assert "reward" not in built(tiny("gan_irl", data.load("cartpole", trajectories=1))).pictures()
