"""Niches: who goes on from whom, by which mutation."""

import pytest

from population import Niches
from population.testing import Rehearsal

NAMES = ("a", "b", "c")
SHARES = [{"batch_size": n} for n in (6, 5, 5, 5)]


def niches(**options):
    return Niches(NAMES, members=SHARES, **options)


def asked(rehearsal):
    return [(child.parent, child.operator) for child in rehearsal.ask()]


def test_every_member_goes_on_from_itself_with_what_it_was_dealt():
    rehearsal = Rehearsal(niches())
    for _ in range(3):
        assert asked(rehearsal) == [(0, "a"), (1, "b"), (2, "c"), (3, "a")]
        assert [dict(one.hyperparameters) for one in rehearsal.offspring] == SHARES
        assert rehearsal.tell() == [0, 1, 2, 3]


def test_mutations_are_drawn_for_each_child():
    rehearsal = Rehearsal(niches(drawn=True))
    drawn = []
    for _ in range(30):
        drawn.append(tuple(child.operator for child in rehearsal.ask()))
        rehearsal.tell()
    assert len(set(drawn)) > 20
    for of_one in zip(*drawn, strict=True):
        assert set(of_one) == set(NAMES)


@pytest.mark.parametrize("how", ["failed", "nan"])
@pytest.mark.parametrize(
    ("lost", "parents"),
    [([1], [0, 1, 1, 2]), ([3], [0, 1, 2, 0]), ([0, 1], [0, 0, 0, 1]), ([0, 2, 3], [0] * 4)],
)
def test_a_lost_members_place_goes_on_from_the_next_one(how, lost, parents):
    """The places are those in the population of who is left."""
    rehearsal = Rehearsal(niches()).play(2)
    rehearsal.ask()
    if how == "failed":
        left = rehearsal.tell(failed=lost)
    else:
        left = rehearsal.tell(lambda i, usual: float("nan") if i in lost else usual)
    assert left == [i for i in range(4) if i not in lost]
    assert asked(rehearsal) == list(zip(parents, "abca", strict=True))
    assert [dict(one.hyperparameters) for one in rehearsal.offspring] == SHARES
    assert rehearsal.tell() == [0, 1, 2, 3]
    assert asked(rehearsal) == list(zip(range(4), "abca", strict=True))


@pytest.mark.parametrize("operators", [(), ("a", "a"), ("",), (3,), ("keep",)])
def test_operators_are_names(operators):
    with pytest.raises(ValueError, match="operators="):
        Niches(operators, members=SHARES)


def test_there_is_a_member():
    with pytest.raises(ValueError, match="expected hyperparameters of one member or more"):
        Niches(NAMES, members=[])
