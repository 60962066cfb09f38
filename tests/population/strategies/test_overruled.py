"""A strategy that is overruled once, and goes on as if it had chosen so itself."""

import numpy as np
import pytest

from population import Evolution
from population.strategies.overruled import Overruled
from population.strategy import Child, Offspring

OPERATORS = ["one", "two", "three"]


def litter(scores=(3.0, 2.0, 1.0), failed=()):
    return [
        Child(
            offspring=Offspring(parent=0, operator=operator),
            index=i,
            scores={} if i in failed else {"fitness": score, "other": -score},
            error="it broke" if i in failed else "",
        )
        for i, (operator, score) in enumerate(zip(OPERATORS, scores, strict=True))
    ]


def test_the_choice_is_replaced_once_and_learnt_from():
    plain = Evolution(OPERATORS, contest_every=5)
    overruled = Overruled(plain, [2])
    assert overruled.tell(litter()) == [2]
    assert plain.state_dict() == {"generation": 1, "winners": ["three"]}
    assert overruled.tell(litter()) == [0]
    assert overruled.describe() == plain.describe()
    assert overruled.state_dict() == plain.state_dict()
    other = Evolution(OPERATORS, contest_every=5)
    Overruled(other, [1]).load_state_dict(plain.state_dict())
    assert other.state_dict() == plain.state_dict()


def test_several_survive_in_the_order_given_and_the_strategy_fills_up():
    assert Overruled(Evolution(OPERATORS, mu=2), [1, 2]).tell(litter()) == [1, 2]
    assert Overruled(Evolution(OPERATORS, mu=2), [2]).tell(litter()) == [2, 0]
    scores = (np.inf, np.nan, 1.0)
    assert Overruled(Evolution(OPERATORS), [1]).tell(litter(scores)) == [1]


def test_pareto_selection_is_overruled_too():
    assert Overruled(Evolution(OPERATORS, objectives=("fitness", "other")), [1]).tell(litter()) == [
        1
    ]


@pytest.mark.parametrize("place", [3, -1, 1])
def test_a_child_that_is_not_there_cannot_survive(place):
    with pytest.raises(ValueError, match=rf"child {place} cannot survive: .* \[0, 2\]"):
        Overruled(Evolution(OPERATORS), [place]).tell(litter(failed=[1]))


def test_more_than_survive_are_refused():
    with pytest.raises(ValueError, match=r"children \[2\] do not survive"):
        Overruled(Evolution(OPERATORS), [1, 2]).tell(litter())
    for wrong in ([], [1, 1]):
        with pytest.raises(ValueError, match="distinct places"):
            Overruled(Evolution(OPERATORS), wrong)
