"""The grid world's exact numbers, against sums and simulation."""

import numpy as np
import torch

from egan.simulators import grid, play
from egan.simulators.controllers import walk

UNIFORM = np.full((25, 4), 0.25)


def test_transitions_are_chances():
    assert np.allclose(grid.transitions().sum(axis=2), 1)
    assert np.isclose(grid.transitions()[0, 0, 0], 0.925 + 0.025)  # up and left are walls
    assert np.isclose(grid.transitions()[12, 1, 13], 0.925)


def test_occupancies_are_the_sum_over_time():
    policy = grid.expert_policy()
    moves = np.einsum("sa,sat->st", policy, grid.transitions())
    law, found = np.full(25, 1 / 25), np.zeros(25)
    for step in range(800):
        found += 0.05 * 0.95**step * law
        law = law @ moves
    assert np.allclose(grid.occupancy(policy), found[:, None] * policy, atol=1e-12)


def test_the_expert_is_the_best_for_reward_and_entropy():
    def worth(policy):
        law = grid.occupancy(policy)
        return (law * (grid.rewards()[:, None] - np.log(policy))).sum()

    best, rng = worth(grid.expert_policy()), np.random.default_rng(0)
    for _ in range(20):
        other = grid.expert_policy() * np.exp(0.1 * rng.standard_normal((25, 4)))
        assert worth(other / other.sum(axis=1, keepdims=True)) < best
    assert worth(UNIFORM) < best - 0.1


def test_divergence_is_that_of_occupancies():
    assert abs(grid.divergence(grid.expert_policy())) < 1e-12
    one, two = grid.occupancy(grid.expert_policy()), grid.occupancy(UNIFORM)
    assert np.isclose(grid.divergence(UNIFORM), (one * np.log(one / two)).sum())
    assert grid.divergence(UNIFORM) > 1


def test_walks_have_the_chances_that_are_told():
    made = play(grid.GridWorld(), walk, 4000, torch.Generator().manual_seed(0))
    places = made.observations.argmax(dim=2).numpy()
    assert (made.lengths == 16).all()
    assert not made.terminated.any()
    moves = np.einsum("sa,sat->st", grid.expert_policy(), grid.transitions())
    law = np.full(25, 1 / 25)
    for step in range(16):
        seen = np.bincount(places[:, step], minlength=25) / 4000
        assert np.abs(seen - law).max() < 0.03
        law = law @ moves
    assert np.allclose(made.rewards.numpy(), grid.rewards()[places])


def test_the_picture_tells_good_from_bad():
    picture = np.asarray(grid.drawn(grid.rewards()))
    assert picture[-1, -1, 2] > picture[-1, -1, 0]  # the best square is blue
    bad = picture[grid.CELL + 2, grid.CELL + 2]
    assert bad[0] > bad[2]
