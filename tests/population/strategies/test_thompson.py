import json
from collections import Counter

import numpy as np
import pytest

from population.strategies.thompson import DiscountedThompson

NAMES = ("a", "b", "c")


def taught(winners, **options):
    """Return a bandit that has seen contests, each between all operators."""
    bandit = DiscountedThompson(NAMES, **options)
    for winner in winners:
        bandit.learn([(name, name == winner) for name in NAMES])
    return bandit


def shares(bandit, count=4000):
    rng = np.random.default_rng(0)
    proposed = Counter(bandit.propose(rng) for _ in range(count))
    return {name: proposed[name] / count for name in NAMES}


def test_who_knows_nothing_proposes_all_alike():
    assert all(share == pytest.approx(1 / 3, abs=0.03) for share in shares(taught("")).values())


def test_an_operator_that_always_wins_is_proposed_nearly_always():
    assert shares(taught("b" * 12))["b"] > 0.99
    assert 0.6 < shares(taught("b" * 2))["b"] < 0.95


def test_an_operator_is_proposed_as_often_as_it_is_believed_to_be_the_best():
    """P(p_a > p_b) by integration, for Beta(1 + 3, 1 + 1) against Beta(1 + 1, 1 + 3)."""
    bandit = DiscountedThompson(("a", "b"), discount=1.0)
    for winner in "aaba":
        bandit.learn([("a", winner == "a"), ("b", winner == "b")])
    assert bandit.state_dict() == {"a": [3.0, 1.0], "b": [1.0, 3.0]}
    p = np.linspace(0, 1, 10_001)
    density, below = 20 * p**3 * (1 - p), 1 - (1 - p) ** 4 * (1 + 4 * p)
    expected = float(np.trapezoid(density * below, p))
    rng = np.random.default_rng(1)
    proposed = np.mean([bandit.propose(rng) == "a" for _ in range(20_000)])
    assert proposed == pytest.approx(expected, abs=0.01)


def test_counts_fade():
    bandit = taught("aab", discount=0.5)
    assert bandit.state_dict() == {"a": [0.75, 1.0], "b": [1.0, 0.75], "c": [0.0, 1.75]}


def test_old_contests_are_forgotten_and_without_a_discount_they_are_not():
    story = "a" * 40 + "b" * 15
    assert shares(taught(story))["b"] > 0.9
    assert shares(taught(story, discount=1.0))["a"] > 0.99


def test_its_state_goes_through_json_and_gives_the_same_proposals():
    bandit = taught("abbcbaabbb")
    again = DiscountedThompson(NAMES)
    again.load_state_dict(json.loads(json.dumps(bandit.state_dict())))
    assert again.state_dict() == bandit.state_dict()
    one, other = (np.random.default_rng(7) for _ in range(2))
    assert [bandit.propose(one) for _ in range(50)] == [again.propose(other) for _ in range(50)]


@pytest.mark.parametrize("discount", [-0.1, 1.5, float("nan")])
def test_a_discount_is_a_share(discount):
    with pytest.raises(ValueError, match=r"discount=.*expected a number in \[0, 1\]"):
        DiscountedThompson(NAMES, discount=discount)
