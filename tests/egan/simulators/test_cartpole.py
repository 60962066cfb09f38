"""The pole on a cart is gymnasium's, many at a time."""

import gymnasium
import numpy as np

from egan.simulators.cartpole import CartPole

EVERYONE = np.ones(3, dtype=bool)


def test_states_are_those_of_gymnasium():
    theirs, ours, rng = (
        gymnasium.make("CartPole-v1").unwrapped,
        CartPole(),
        np.random.default_rng(0),
    )
    lengths = []
    for seed in range(20):
        first, _ = theirs.reset(seed=seed)
        assert np.array_equal(ours.begin(np.tile(theirs.state, (3, 1)))[1], first)
        for step in range(200):
            action = int(rng.integers(2))
            seen, reward, ended, _, _ = theirs.step(action)
            rows, rewards, over = ours.step(np.full(3, action), EVERYONE)
            assert np.array_equal(ours.state[2], theirs.state)
            assert (rows == seen).all()
            assert (rewards == reward).all()
            assert (over == ended).all()
            if ended:
                lengths.append(step)
                break
    assert len(set(lengths)) > 5


def test_what_has_ended_stands_still():
    ours = CartPole()
    ours.begin(np.zeros((3, 4)))
    ours.step(np.array([0, 1, 1]), np.array([True, True, False]))
    assert ours.state[0, 1] < 0 < ours.state[1, 1]
    assert (ours.state[2] == 0).all()


def test_episodes_begin_near_the_middle():
    first = CartPole().reset(1000, np.random.default_rng(0))
    assert np.abs(first).max() <= 0.05
    assert np.abs(first.mean(axis=0)).max() < 0.005
    assert np.allclose(first.std(axis=0), 0.1 / 12**0.5, rtol=0.1)


def test_the_picture_leans_as_the_pole_does():
    left, right = (np.asarray(CartPole().draw(np.array([0, 0, a, 0]))) for a in (-0.2, 0.2))
    middle = left.shape[1] // 2
    orange = [np.argwhere((one == (213, 94, 0)).all(axis=2))[:, 1] for one in (left, right)]
    assert orange[0].min() < middle - 5
    assert orange[1].max() > middle + 5
