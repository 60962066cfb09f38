"""Members that begin anew, as IPBT asks them to."""

import pytest
import torch
from gans import task_for, tiny_config

from egan.collection.egan.model import Egan
from egan.evolution.whole import WholeEvolution
from egan.training.renewal import renew, renewed
from population.seeding import Seeds, seed_everything
from population.state import pack, unpack
from population.strategy import FRESH, SHRINK_PERTURB

CONFIG = tiny_config(settings={"generator_norm": "batch"}, search={"interval": 2})


@pytest.fixture(scope="module")
def task():
    return task_for(CONFIG)


def trained(task):
    """Return a game after some updates."""
    game = Egan({}, settings=CONFIG.settings, task=task, interval=3)
    game.seeds = Seeds(0, 1, 0)
    game.step()
    return game


def weights(game):
    networks = game.networks.items()
    return {
        f"{k}.{n}": p.detach().clone() for k, one in networks for n, p in one.named_parameters()
    }


@pytest.mark.parametrize(("operator", "old", "new"), [(SHRINK_PERTURB, 0.2, 0.1), (FRESH, 0, 1)])
def test_weights_are_shrunk_and_perturbed(operator, old, new, task):
    game = trained(task)
    before = weights(game)
    seed_everything(7)
    renew(game, operator)
    seed_everything(7)
    fresh = weights(Egan({}, settings=CONFIG.settings, task=task))
    assert before.keys() == weights(game).keys()
    for name, now in weights(game).items():
        torch.testing.assert_close(now, old * before[name] + new * fresh[name])
    assert game.state_dict()["optimizers"] == {"generator": {}, "discriminator": {}}
    assert game.updates == 3


def test_running_statistics_begin_anew(task):
    game = trained(task)
    renew(game, SHRINK_PERTURB)
    counts = [b for k, b in game.networks["generator"].named_buffers() if k.endswith("tracked")]
    assert counts
    assert all(one == 0 for one in counts)


def test_another_operator_changes_nothing(task):
    game = trained(task)
    before = weights(game)
    renew(game, None)
    renew(game, "minimax")
    assert all(torch.equal(before[name], now) for name, now in weights(game).items())


def test_a_member_that_began_anew_trains_and_has_a_state(task):
    game = trained(task)
    seed_everything(1)
    game.step(FRESH)
    assert game.updates == 6
    twin = Egan({}, settings=CONFIG.settings, task=task, interval=3)
    twin.load_state_dict(unpack(pack(game.state_dict())))
    assert all(torch.equal(now, weights(twin)[name]) for name, now in weights(game).items())


@pytest.mark.parametrize("operator", [SHRINK_PERTURB, FRESH])
def test_a_whole_evolution_begins_anew(operator, task):
    config = tiny_config(
        settings={"generator_norm": "batch"},
        search={"interval": 2},
        evolution={"num_survivors": 2},
    )
    member = WholeEvolution({}, config=config, game=Egan, task=task)
    member.seeds = Seeds(0, 1, 0)
    member.step()
    old = member.state_dict()
    seed_everything(5)
    new = renewed(member.state_dict(), member.parts.build({}), operator)
    name = next(key for key in _generator(old, 0) if key.endswith("weight"))
    for place in range(2):
        assert not torch.equal(_generator(old, place)[name], _generator(new, place)[name])
    assert not torch.equal(_generator(new, 0)[name], _generator(new, 1)[name])
    assert new["discriminator"]["optimizers"] == {"discriminator": {}}
    assert new["generation"] == old["generation"]
    member.step(operator)
    assert member.state_dict()["generation"] == 4


def _generator(state, place):
    return state["survivors"][place]["state"]["networks"]["generator"]
