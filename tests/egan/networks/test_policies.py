"""Policies and the moments of what they see."""

import numpy as np
import torch

from egan.networks.policies import Moments, Policy


def rng():
    return torch.Generator().manual_seed(0)


def test_moments_are_those_of_all_that_was_seen():
    parts = [3 + 2 * torch.randn(n, 4, generator=rng()) for n in (50, 3, 200)]
    moments, whole = Moments(4), torch.cat(parts)
    for part in parts:
        moments.see(part)
    assert torch.allclose(moments.mean, whole.mean(dim=0), atol=1e-5)
    assert torch.allclose(moments.variance, whole.var(dim=0, correction=0), rtol=1e-4)
    assert torch.allclose(moments(whole).std(dim=0, correction=0), torch.ones(4), atol=1e-3)


def test_all_actions_are_alike_at_first():
    policy = Policy(4, 3, 1, width=8)
    law = policy.law(torch.randn(5, 4, generator=rng()))
    assert torch.allclose(law.probs, torch.full((5, 3), 1 / 3))


def test_actions_are_drawn_by_their_chances():
    policy = Policy(2, 3, 1, width=8)
    torch.nn.init.normal_(policy.layers[-1].weight, generator=rng())
    seen = torch.tensor([[1.0, -1.0]]).expand(20_000, 2)
    drawn = policy.draw(seen, rng()).bincount(minlength=3) / 20_000
    assert torch.allclose(drawn, policy.law(seen[:1]).probs[0], atol=0.015)


def test_numbers_are_drawn_by_their_law():
    policy = Policy(2, 0, 2, width=8)
    torch.nn.init.normal_(policy.layers[-1].weight, generator=rng())
    with torch.no_grad():
        policy.log_deviation.copy_(torch.tensor([-1.0, 0.5]))
    seen = torch.tensor([[1.0, -1.0]]).expand(20_000, 2)
    drawn = policy.draw(seen, rng()).detach()
    assert torch.allclose(drawn.mean(dim=0), policy(seen[:1])[0], atol=0.05)
    assert np.allclose(drawn.std(dim=0), np.exp([-1.0, 0.5]), rtol=0.05)
    nats = policy.law(seen[:1]).log_prob(drawn[:1])
    apart = torch.distributions.Normal(policy(seen[:1]), torch.tensor([-1.0, 0.5]).exp())
    assert torch.allclose(nats, apart.log_prob(drawn[:1]).sum(dim=1))


def test_a_policy_that_diverged_acts_yet():
    for num_actions in (3, 0):
        policy = Policy(2, num_actions, 2, width=4)
        for weights in policy.parameters():
            weights.data.fill_(float("nan"))
        assert policy.draw(torch.ones(5, 2), rng()).isfinite().all()
