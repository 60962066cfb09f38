"""Policies learn from the paper's reward, and from nothing else of the simulator."""

import copy

import pytest
import torch

from egan.collection.testing import built, tiny
from egan.simulators import CartPole
from population.state import pack


def updated(name="gail", **settings):
    member = built(tiny(name), settings)
    member.rng.manual_seed(0)
    for _ in range(3):
        member.update()
    return member


def test_training_never_looks_at_the_simulators_rewards(monkeypatch):
    before = pack(updated().state_dict()).buffer
    honest = CartPole.step

    def generous(self, actions, going):
        seen, rewards, ended = honest(self, actions, going)
        return seen, 100 * rewards, ended

    monkeypatch.setattr(CartPole, "step", generous)
    assert (pack(updated().state_dict()).buffer == before).all()


@pytest.mark.parametrize("policy_step", ["ppo", "trpo"])
def test_a_policy_goes_where_its_reward_is(policy_step, monkeypatch):
    settings = {"policy_step": policy_step, "episodes": 8, "lr": 1e-2, "max_kl": 0.03}
    member = built(tiny("gail"), settings)
    member.rng.manual_seed(0)
    monkeypatch.setattr(member, "rewards", lambda steps: (steps.actions == 1).float())
    for _ in range(8):
        member.update()
    seen = torch.zeros(1, 4)
    assert member.chances(seen)[0, 1] > 0.6


def test_trust_is_kept(monkeypatch):
    member, seen = updated(policy_step="trpo", max_kl=1e-3, episodes=8), []
    before = copy.deepcopy(member.policy)
    monkeypatch.setattr(member, "watch", lambda steps: seen.append(steps.observations))
    member.update()
    laws = (one.law(seen[0]) for one in (before, member.policy))
    apart = torch.distributions.kl_divergence(*laws).mean().item()
    assert 0 < apart <= 1.001e-3


def test_shares_are_shares():
    with pytest.raises(ValueError, match="--discount"):
        built(tiny("gail"), {"discount": 1.5})
