import json

import numpy as np
import pytest

from population import PB2, Choice, IntUniform, LogUniform, Uniform
from population.strategies.bandit import Bandit, TimeVaryingKernel
from population.testing import Rehearsal

SPACE = {"lr": LogUniform(1e-4, 1e0), "act": Choice(["a", "b"]), "group": {"x": Uniform(0, 1)}}


def test_kernel_gradient_matches_differences():
    kernel = TimeVaryingKernel(0.7, 1.3)
    inputs = np.random.default_rng(0).random((5, 3))
    _, gradient = kernel(inputs, eval_gradient=True)
    for i in range(2):
        step = np.eye(2)[i] * 1e-6
        above, below = (kernel.clone_with_theta(kernel.theta + s)(inputs) for s in (step, -step))
        np.testing.assert_allclose(gradient[..., i], (above - below) / 2e-6, atol=1e-8)


def test_where_scales_begin_and_where_they_are_looked_for():
    known = {"length_scale": 0.5, "time_scale": 2.0}
    bounds = {"length_bounds": (0.2, 2.0), "time_bounds": (0.05, 20.0)}
    kernel = TimeVaryingKernel()
    assert kernel.get_params() == known | bounds
    assert kernel.hyperparameter_length_scale.bounds.tolist() == [[0.2, 2.0]]
    assert kernel.hyperparameter_time_scale.bounds.tolist() == [[0.05, 20.0]]
    np.testing.assert_allclose(np.exp(kernel.theta), [0.5, 2.0])


def test_kernel_by_hand():
    kernel = TimeVaryingKernel(0.5, 2.0)
    value = kernel(np.array([[0.0, 0.0, 0.0]]), np.array([[1.0, 0.3, 0.4]]))
    assert value[0, 0] == pytest.approx(np.exp(-0.5) * np.exp(-0.5))
    assert kernel.diag(np.zeros((3, 2))).tolist() == [1, 1, 1]


def observed(optimum, rng, times=range(1, 21)):
    return [
        [float(time), *x, -float(np.sum((x - optimum(time)) ** 2)) + 0.01 * rng.normal()]
        for time in times
        for x in rng.random((3, 2))
    ]


def test_bandit_finds_the_best_place():
    rng = np.random.default_rng(1)
    bandit = Bandit(observed(lambda time: np.array([0.3, 0.8]), rng), now=21)
    candidates = rng.random((512, 2))
    assert candidates[bandit.choose(candidates, [])] == pytest.approx([0.3, 0.8], abs=0.1)


def test_bandit_follows_a_moving_optimum():
    rng = np.random.default_rng(1)
    rows = observed(lambda time: np.array([0.1 + 0.04 * time, 0.5]), rng)
    candidates = rng.random((512, 2))
    chosen = candidates[Bandit(rows, now=21).choose(candidates, [])]
    assert chosen[0] > 0.7


def test_bandit_avoids_what_is_being_tried():
    rows = [[1.0, 0.5, 0.0], [2.0, 0.5, 0.1], [3.0, 0.5, 0.0], [4.0, 0.5, 0.1]] * 4
    candidates = np.array([[0.02], [0.98]])
    bandit = Bandit(rows, now=5)
    assert bandit.choose(candidates, [[0.05]]) == 1
    assert bandit.choose(candidates, [[0.95]]) == 0


def drive(strategy, generations, gain, seed=0):
    """Let the score grow by what the hyperparameters are worth."""
    rehearsal = Rehearsal(strategy, seed=seed)
    for _ in range(generations):
        rehearsal.ask()
        totals = [
            rehearsal.population[asked.parent].scores.get("fitness", 0.0)
            + gain(asked.hyperparameters)
            for asked in rehearsal.offspring
        ]
        rehearsal.tell(lambda place, score, totals=totals: totals[place])
    return rehearsal


def test_learns_which_hyperparameters_pay_off():
    def gain(values):
        return -abs(np.log10(values["lr"]) + 2) - abs(values["group"]["x"] - 0.2)

    rehearsal = drive(PB2(SPACE, 4, min_observations=6), 30, gain)
    first = [gain(asked[3]) for asked in rehearsal.log[0][0]]
    changed = [
        gain(record[3])
        for asked, _ in rehearsal.log[-10:]
        for place, record in enumerate(asked)
        if record[0] != place
    ]
    assert len(changed) >= 8
    assert np.median(changed) > -0.5
    assert np.median(changed) > np.median(first)


def test_falls_back_to_drawing_until_there_are_enough_observations():
    strategy = PB2(SPACE, 2, min_observations=10**6, max_observations=10**6)
    drawn = [asked[0][3]["group"]["x"] for asked, _ in drive(strategy, 200, lambda v: v["lr"]).log]
    assert np.std(drawn) > 0.2


def test_state_is_json_and_leaves_nan_out():
    rehearsal = Rehearsal(PB2(SPACE, 3, max_observations=5))
    for bad in (0, 1, 2, 0):
        rehearsal.ask()
        rehearsal.tell(lambda place, score, bad=bad: float("nan") if place == bad else score)
    state = rehearsal.strategy.state_dict()
    assert json.loads(json.dumps(state, allow_nan=False)) == state
    assert len(state["observations"]) <= 5
    assert state["previous"][0] is None
    assert all(len(row) == 4 for row in state["observations"])


def test_structural_numbers_are_left_alone():
    space = {"width": IntUniform(1, 10**6, structural=True), "x": Uniform(0, 1)}
    rehearsal = Rehearsal(PB2(space, 3))
    widths = {member.hyperparameters["width"] for member in rehearsal.population}
    rehearsal.play(10)
    assert {member.hyperparameters["width"] for member in rehearsal.population} <= widths


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"space": {"act": Choice(["a", "b"])}}, "no number to search"),
        ({"min_observations": 1}, "min_observations=1"),
        ({"min_observations": 9, "max_observations": 5}, "max_observations=5"),
    ],
)
def test_errors_name_the_setting(options, message):
    with pytest.raises(ValueError, match=message):
        PB2(**{"space": SPACE, "population_size": 3, **options})
