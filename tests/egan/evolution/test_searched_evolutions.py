"""What a search may vary of whole evolutions: their mutations, and how many niches they have."""

import pytest
from gans import same_bits, task_for, tiny_config

from egan.collection.egan.model import Egan
from egan.evolution.mixture import Mixture
from egan.evolution.whole import WholeEvolution, best_of
from population import Choice, PopulationBasedTraining, Search
from population.seeding import Seeds
from population.state import pack, unpack
from population.testing import check_member

CONFIG = tiny_config(search={"interval": 2})


@pytest.fixture(scope="module")
def member():
    task = task_for(CONFIG)
    return lambda hyperparameters: WholeEvolution(
        hyperparameters, config=CONFIG, game=Egan, task=task
    )


def grown(one):
    one.seeds = Seeds(0, 1, 0)
    one.step()
    return one


def test_niches_are_judged_as_one(member):
    one = grown(member({"niches": 3}))
    state = unpack(pack(one.state_dict()))
    assert isinstance(one.model, Mixture)
    assert len(best_of(state)["members"]) == state["niches"] == 3
    scores = one.evaluate()
    twin = member({"niches": 3})
    twin.load_state_dict(state)
    twin.seeds = one.seeds
    assert twin.evaluate() == scores


def test_niches_go_on_as_they_would_without_a_break(member):
    whole = member({"niches": 2})
    start = pack(whole.state_dict())
    grown(grown(whole))
    first, second = member({"niches": 2}), member({"niches": 2})
    first.load_state_dict(unpack(start))
    second.load_state_dict(unpack(pack(grown(first).state_dict())))
    assert same_bits(pack(grown(second).state_dict()), pack(whole.state_dict()))


def test_an_evolution_whose_mutations_change_goes_on(member):
    one = grown(member({"evolve": "minimax"}))
    assert one.parts.mutations == ("minimax",)
    one.configure({"evolve": "heuristic,least_squares"})
    assert grown(one).state_dict()["generation"] == 4
    assert one.parts.mutations == ("heuristic", "least_squares")


def test_an_evolution_needs_mutations():
    with pytest.raises(ValueError, match="evolve must name mutations, but got 'none'"):
        CONFIG.tuned({"evolve": "none"})
    with pytest.raises(ValueError, match="unknown mutation 'minimaxx'"):
        CONFIG.tuned({"evolve": "minimaxx"})


@pytest.mark.parametrize("niches", [0, 2])
def test_a_member_of_a_search(member, niches):
    check_member(
        member, hyperparameters={"niches": niches}, changed={"niches": niches, "generator_lr": 0.1}
    )


def test_a_search_over_both(member):
    space = {
        "niches": Choice([0, 2], structural=True),
        "evolve": Choice(["minimax", "heuristic,least_squares"]),
    }
    strategy = PopulationBasedTraining(space, 4)
    result, again = (Search(member, strategy, seed=0).run(3) for _ in range(2))
    assert set(result.history["niches"]) == {0, 2}
    assert not result.history["error"].any()
    assert same_bits(pack(result.best.state), pack(again.best.state))
