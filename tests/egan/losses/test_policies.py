"""Advantages and PPO's loss against plain arithmetic in float64."""

import numpy as np
import torch

from egan.losses.policies import advantages, clipped_surrogate, standardised

GAMMA, LAMBDA = 0.9, 0.8
LENGTHS = [5, 3, 1]


def episodes():
    rng = np.random.default_rng(0)
    return rng.standard_normal((3, 5)), rng.standard_normal((3, 5)), rng.standard_normal(3)


def found(*, trace=LAMBDA):
    rewards, values, last = map(torch.from_numpy, episodes())
    lengths = torch.tensor(LENGTHS)
    return advantages(rewards, values, last, lengths=lengths, discount=GAMMA, trace=trace).numpy()


def test_advantages_are_the_sum_of_what_was_gained():
    rewards, values, last = episodes()
    for i, length in enumerate(LENGTHS):
        after = [*values[i, 1:length], last[i]]
        gained = [rewards[i, t] + GAMMA * after[t] - values[i, t] for t in range(length)]
        for t in range(5):
            wanted = sum((GAMMA * LAMBDA) ** (k - t) * gained[k] for k in range(t, length))
            assert np.isclose(found()[i, t], wanted, atol=1e-12)


def test_of_a_trace_of_one_they_are_returns_less_the_baseline():
    rewards, values, last = episodes()
    for i, length in enumerate(LENGTHS):
        for t in range(length):
            wanted = sum(GAMMA ** (k - t) * rewards[i, k] for k in range(t, length))
            wanted += GAMMA ** (length - t) * last[i] - values[i, t]
            assert np.isclose(found(trace=1.0)[i, t], wanted, atol=1e-12)


def test_the_surrogate_is_clipped_on_the_side_that_gains():
    ratios, gains = torch.tensor([1.5, 0.5, 1.5, 0.5]), torch.tensor([1.0, 1.0, -1.0, -1.0])
    each = [
        clipped_surrogate(r[None], g[None], clip=0.2).item()
        for r, g in zip(ratios, gains, strict=True)
    ]
    assert np.allclose(each, [-1.2, -0.5, 1.5, 0.8])


def test_standardised_values_have_mean_0_and_deviation_1():
    values = standardised(torch.tensor([1.0, 2.0, 6.0]))
    assert abs(values.mean()) < 1e-6
    assert np.isclose(values.std(correction=0), 1)
    assert standardised(torch.ones(4)).eq(0).all()
