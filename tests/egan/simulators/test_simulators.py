"""Episodes: who begins, who has ended, and that they follow from a stream alone."""

import gymnasium
import numpy as np
import pytest
import torch

from egan.simulators import play, simulator
from egan.simulators.base import fitted, mask
from egan.simulators.controllers import CONTROLLERS


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def at_random(seen, rng):
    return torch.randint(2, (len(seen),), generator=rng)


@pytest.mark.parametrize("name", ["CartPole-v1", "GridWorld-v0", "FrozenLake-v1"])
def test_episodes_follow_from_the_stream(name):
    world = simulator(name)
    one, other, same = (play(world, at_random, 4, rng(seed)) for seed in (0, 1, 0))
    assert torch.equal(one.observations, same.observations)
    assert torch.equal(one.actions, same.actions)
    assert not torch.equal(fitted(one.actions, 16), fitted(other.actions, 16))


def test_steps_after_the_end_are_zeros():
    made = play(simulator("CartPole-v1"), at_random, 20, rng())
    assert made.terminated.all()
    assert len(set(made.lengths.tolist())) > 3
    for i, length in enumerate(made.lengths):
        assert made.rewards[i, :length].eq(1).all()
        assert not made.rewards[i, length:].any()
        assert not made.observations[i, length:].any()
        assert not made.actions[i, length:].any()
    assert torch.equal(made.there, mask(made.lengths, made.observations.shape[1]))
    assert torch.equal(made.returns, made.lengths.double())
    assert made.last[:, 2].abs().max() > 0.2  # the pole has fallen


def test_an_unbroken_episode_is_not_terminated():
    made = play(simulator("CartPole-v1"), CONTROLLERS["CartPole-v1"], 50, rng())
    assert made.lengths.eq(500).all()
    assert not made.terminated.any()


@pytest.mark.parametrize(("name", "least"), [("MountainCar-v0", -130), ("Acrobot-v1", -120)])
def test_controllers_reach_the_goal(name, least):
    made = play(simulator(name), CONTROLLERS[name], 5, rng())
    assert made.terminated.all()
    assert made.returns.mean() > least


def test_gymnasiums_own_episode_is_played():
    world = simulator("Acrobot-v1")
    made = play(world, lambda seen, rng: torch.full((len(seen),), 2), 2, rng())
    seeds = np.random.default_rng(int(torch.randint(2**63 - 1, (), generator=rng())))
    theirs = gymnasium.make("Acrobot-v1")
    seen, _ = theirs.reset(seed=int(seeds.integers(2**31, size=2)[0]))
    for step in range(30):
        assert np.allclose(made.observations[0, step], seen, atol=1e-6)
        seen = theirs.step(2)[0]


def test_numbers_as_actions_are_kept_in_their_bounds():
    world = simulator("Pendulum-v1")
    assert (world.num_actions, world.action_size, world.horizon) == (0, 1, 200)
    far, most = (
        play(world, lambda seen, rng, x=x: torch.full((len(seen), 1), x), 2, rng())
        for x in (100.0, 2.0)
    )
    assert torch.equal(far.observations, most.observations)
    assert far.actions.shape == (2, 200, 1)


def test_one_of_finitely_many_observations_is_one_hot():
    made = play(simulator("FrozenLake-v1"), at_random, 3, rng())
    assert made.observations.shape[2] == 16
    assert made.observations[made.there].sum(dim=1).eq(1).all()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("os:getcwd", "must be an id"),
        ("Nothing-v3", "gymnasium cannot make it"),
        ("Blackjack-v1", "of the kind Tuple"),
    ],
)
def test_what_cannot_be_acted_in_is_refused(name, message):
    with pytest.raises(ValueError, match=message):
        simulator(name)
