"""What E-GAN has, any game has: on one with batch norm and labels, and on one of four networks."""

import copy
from itertools import pairwise

import pytest
import torch
from gans import (
    THREE,
    birth,
    children_of,
    labelled,
    litter,
    paired,
    same_bits,
    two_ways,
)

from egan.config import ArithmeticConfig
from egan.evolution.scoring import SCORED_REALS
from egan.evolution.whole import best_of, evolution_search, joined, random_start
from egan.losses.discriminator import fake_loss, real_loss
from egan.tasks import Batch
from egan.training.model import stream
from population import RayExecutor
from population.seeding import Seeds
from population.state import pack, unpack

REAL_TOO = ("relativistic_logistic", *THREE)
TOYS = {"labelled": labelled, "two ways": two_ways}
WAYS = {
    "plain": {},
    "contests": {"contest_every": 3},
    "bandit": {"contest_every": 3, "bandit": True},
    "two survivors": {"num_survivors": 2},
    "plus": {"selection": "plus", "num_survivors": 2},
    "pareto": {"selection": "pareto", "num_survivors": 2},
    "pairwise": {"diversity": "pairwise"},
    "fresh codes": {"fresh_codes": True},
    "reused gradient": {"reuse_gradient": True},
    "random mutation": {"random_mutation": True, "diversity": "none"},
}


def same_children(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        assert a.scores == b.scores
        assert same_bits(a.state, b.state)
        assert same_bits(a.contribution, b.contribution)


def history(parts, generations=5, **options):
    result = evolution_search(parts, seed=0, **options).run(generations)
    table = result.history.drop(columns="seconds")
    assert not table["error"].any(), table["error"].iloc[0]
    return table, [pack(one.state) for one in result.population], result


@pytest.mark.parametrize("mutations", [THREE, REAL_TOO], ids=["three", "real too"])
@pytest.mark.parametrize("way", ["plain", "pairwise", "fresh codes", "reused gradient"])
@pytest.mark.parametrize("toy", TOYS)
def test_the_fast_path_makes_the_children_of_the_plain_loop(toy, way, mutations):
    parts = TOYS[toy](mutations=mutations, **WAYS[way])
    same_children(children_of(parts), children_of(parts, fast=False))


@pytest.mark.parametrize("toy", TOYS)
def test_siblings_differ_and_each_is_the_same_alone(toy):
    parts = TOYS[toy]()
    together = children_of(parts)
    assert not any(same_bits(a.state, b.state) for a, b in pairwise(together))
    for operator, newborn in zip(THREE, together, strict=True):
        [alone] = children_of(parts, [operator])
        assert same_bits(newborn.state, alone.state)
        assert newborn.scores == alone.scores


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("toy", TOYS)
def test_it_evolves_alike_every_time(toy, way):
    table, states, result = history(TOYS[toy](**WAYS[way]))
    again, others, _ = history(TOYS[toy](**WAYS[way]))
    assert table.equals(again)
    assert all(map(same_bits, states, others))
    assert table["fitness"].notna().all()
    mu = WAYS[way].get("num_survivors", 1)
    assert table.groupby("generation")["survived"].sum().tolist() == [mu] * 5
    for survivor in result.population:
        assert survivor.state["updates"] == 5 or way == "plus"


@pytest.mark.parametrize("toy", TOYS)
def test_contests_are_as_rare_as_asked(toy):
    table, _, _ = history(TOYS[toy](contest_every=3), generations=6)
    assert table.groupby("generation").size().tolist() == [3, 1, 1] * 2


@pytest.mark.parametrize("toy", TOYS)
def test_a_run_that_is_resumed_is_the_uninterrupted_one(toy, tmp_path):
    whole, states, _ = history(TOYS[toy](), 6)
    history(TOYS[toy](), 4, directory=tmp_path / "run")
    search = evolution_search(TOYS[toy](), seed=0, directory=tmp_path / "run").resume()
    result = search.run(6)
    columns = ["seconds", "run"]
    assert result.history.drop(columns=columns).equals(whole.drop(columns="run"))
    assert all(
        same_bits(pack(one.state), state)
        for one, state in zip(result.population, states, strict=True)
    )


def test_the_same_bits_inline_and_on_ray(ray_session):
    for parts in (two_ways(num_survivors=2), labelled(num_survivors=2, selection="plus")):
        table, states, _ = history(parts, 4)
        other, others, _ = history(parts, 4, executor=RayExecutor(2))
        assert table.equals(other)
        assert all(map(same_bits, states, others))


@pytest.mark.parametrize(
    "parts",
    [two_ways, lambda **options: labelled(norm=False, **options)],
    ids=["two ways", "labelled"],
)
def test_siblings_are_scored_at_once(parts):
    plain = parts()
    at_once = parts(arithmetic=ArithmeticConfig(vectorize=True))
    at_once.check(ArithmeticConfig(vectorize=True))
    generator, _ = paired(at_once, trained=1)
    parent = pack(generator.state_dict())
    together = list(generator.reproduce(parent, litter(THREE, 2)))
    for operator, newborn in zip(THREE, together, strict=True):
        alone = next(generator.reproduce(parent, [birth(operator, 2)]))
        assert same_bits(newborn.state, alone.state)
        assert newborn.scores == alone.scores
    for ours, theirs in zip(together, children_of(plain), strict=True):
        assert ours.scores == pytest.approx(theirs.scores, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("toy", TOYS)
def test_scoring_leaves_the_environment_alone(toy):
    generator, discriminator = paired(TOYS[toy](), trained=2)
    before = pack(discriminator.state_dict())
    list(generator.reproduce(pack(generator.state_dict()), litter(THREE, 3)))
    assert same_bits(pack(discriminator.state_dict()), before)


@pytest.mark.parametrize("toy", TOYS)
def test_the_parents_state_is_untouched_by_its_children(toy):
    generator, _ = paired(TOYS[toy](), trained=2)
    parent = pack(generator.state_dict())
    before = parent.buffer.copy()
    list(generator.reproduce(parent, litter(THREE, 3)))
    assert (parent.buffer == before).all()


def test_a_game_with_labels_hands_them_on_with_its_samples():
    [newborn] = children_of(labelled(), ["minimax"])
    contribution = unpack(newborn.contribution)
    assert set(contribution["codes"]) == {"labels"}
    assert contribution["codes"]["labels"].shape == (16,)
    assert contribution["samples"].shape == (16, 1, 8, 8)


def test_survivors_give_shares_of_samples_with_their_own_labels():
    _, discriminator = paired(labelled(num_survivors=2))
    scored = [
        {"samples": torch.full((16, 1, 8, 8), float(i)), "codes": {"labels": torch.full((16,), i)}}
        for i in range(2)
    ]
    batch = discriminator._batch(scored, 0)
    assert batch.labels.tolist() == [0] * 4 + [1] * 4
    assert batch.samples[:, 0, 0, 0].tolist() == [0.0] * 4 + [1.0] * 4


@pytest.mark.parametrize("survivors", [1, 2])
@pytest.mark.parametrize("r1_weight", [0.0, 0.5])
def test_the_reused_step_is_that_of_the_loss_on_the_scored_batch(survivors, r1_weight):
    parts = labelled(reuse_gradient=True, r1_weight=r1_weight)
    generator, home = paired(parts, trained=2)
    parent = pack(generator.state_dict())
    newborns = [generator.bear(parent, birth("heuristic", 3, i)) for i in range(survivors)]
    contributions = [unpack(newborn.contribution) for newborn in newborns]
    by_hand = copy.deepcopy(home.game)

    real = home.game.task.draw(16, stream(home.seeds.shared("evaluate", SCORED_REALS)))
    fakes = [Batch(one["samples"], one["codes"]) for one in contributions]
    loss = (
        real_loss(by_hand.discriminate(real))
        + torch.stack([fake_loss(by_hand.discriminate(fake)) for fake in fakes]).mean()
    )
    record = home.update(contributions)
    assert record["discriminator_loss"] == pytest.approx(float(loss.detach()), rel=1e-5)
    if r1_weight:
        loss = loss + by_hand.real_penalty(real)
    by_hand.descend(loss, "discriminator")
    for ours, theirs in zip(
        home.game.discriminator.parameters(), by_hand.discriminator.parameters(), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-7)
    counted = int(home.game.discriminator.norm.num_batches_tracked)
    assert counted == 2 * 3, "real and generated, once each in three generations"


@pytest.mark.parametrize("r1_weight", [0.0, 0.5])
def test_a_step_by_halves_is_that_of_the_whole_loss(r1_weight):
    """The real half, the fake half and R1, each backward alone, sum to the loss's gradient."""
    generator, home = paired(labelled(r1_weight=r1_weight), trained=1)
    newborn = generator.bear(pack(generator.state_dict()), birth("minimax", 2))
    contribution = unpack(newborn.contribution)
    by_hand = copy.deepcopy(home.game)
    by_hand.rng = stream(home.seeds.own("update", 1))
    real = by_hand.draw()
    fake = Batch(contribution["samples"][:8], {"labels": contribution["codes"]["labels"][:8]})
    by_hand.descend(by_hand.discriminator_loss(real, fake), "discriminator")
    home.update([contribution])
    for ours, theirs in zip(
        home.game.discriminator.parameters(), by_hand.discriminator.parameters(), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_of_four_networks_two_go_with_each_member_and_two_stay():
    generator, discriminator = paired(two_ways(), trained=1)
    member, home = generator.state_dict(), discriminator.state_dict()
    averages = {"forward_average", "backward_average"}
    assert set(member["networks"]) == {"forward", "backward"} | averages
    assert set(member["optimizers"]) == {"forward", "backward"}
    assert set(home["networks"]) == set(home["optimizers"]) == {"left", "right"}
    assert set(discriminator.view_dict()) == {"left", "right"}


def test_a_mutation_moves_all_generators_and_an_update_all_discriminators():
    generator, discriminator = paired(two_ways(), trained=1)
    parent, home = pack(generator.state_dict()), pack(discriminator.state_dict())
    newborn = generator.bear(parent, birth("minimax", 2))
    discriminator.update([unpack(newborn.contribution)])
    moved = (unpack(parent), unpack(newborn.state)), (unpack(home), discriminator.state_dict())
    for before, after in moved:
        for name, weights in before["networks"].items():
            pairs = ((value, after["networks"][name][key]) for key, value in weights.items())
            assert any((one != other).any() for one, other in pairs), name


@pytest.mark.parametrize("toy", TOYS)
def test_both_sides_make_the_game_that_is_shown(toy):
    parts = TOYS[toy]()
    _, _, result = history(parts, 3)
    game = parts.build({})
    game.load_state_dict(joined(result.best.state, result.environment))
    game.seeds = Seeds(0, 1, 0)
    assert game.updates == 3
    assert game.samples(5, torch.Generator().manual_seed(0)).shape == (5, *game.shape)
    assert "fitness" in game.evaluate()


@pytest.mark.parametrize("toy", TOYS)
def test_a_random_start_is_the_first_parent(toy):
    from population.seeding import seed_everything

    seed_everything(3)
    inside = random_start(TOYS[toy](num_survivors=2))
    assert len(inside.population) == 2
    assert not same_bits(*(one.state for one in inside.population))
    state = {
        "survivors": [{"state": unpack(inside.population[0].state)}],
        "discriminator": unpack(inside.environment),
    }
    TOYS[toy]().build({}).load_state_dict(best_of(state))
