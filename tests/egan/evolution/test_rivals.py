"""Discriminators that evolve beside each other, of any game."""

import copy
import math

import pandas as pd
import pytest
import torch
from gans import (
    THREE,
    birth,
    children_of,
    flat_gradient,
    labelled,
    paired,
    parts_for,
    same_bits,
    tiny_config,
    two_ways,
)

import fitness
import mutations
from egan import collection
from egan.collection import testing
from egan.collection.egan.model import Egan
from egan.commandline.overview import overview
from egan.config import ArithmeticConfig
from egan.evolution.rivals import MUTATIONS, merit, softly
from egan.evolution.whole import evolution_search
from egan.losses.discriminator import (
    fake_loss,
    least_squares_fake_loss,
    least_squares_real_loss,
    real_loss,
)
from egan.run import main
from egan.runs.checks import checked
from egan.tasks import Batch
from egan.training.model import stream
from population import RayExecutor
from population.seeding import SHARED, Seeds
from population.state import pack, unpack
from population.strategies.selection import ranking

GAMES = [name for name, one in collection.MODELS.items() if one.evolves]
TOYS = {"labelled": labelled, "two ways": two_ways}


def history(parts, generations=4, **options):
    result = evolution_search(parts, seed=0, **options).run(generations)
    table = result.history.drop(columns=["seconds", "run"])
    assert not table["error"].any(), table["error"].iloc[0]
    states = [pack(one.state) for one in result.population]
    return table, [*states, pack(result.environment)]


@pytest.mark.parametrize("name", GAMES)
def test_every_game_has_several(name):
    table, states = history(testing.parts(name, discriminators=2), 2)
    assert table["fitness"].notna().all()
    environment = unpack(states[-1])
    [other] = environment["others"]
    assert environment["updates"] == other["updates"] == 2
    one, two = (pack(part["networks"]) for part in (environment, other))
    assert not same_bits(one, two)


@pytest.mark.parametrize(
    ("toy", "changes"),
    [("labelled", {"num_survivors": 2, "crossover": 1, "steps": 2}), ("two ways", {"niches": 3})],
)
def test_the_same_bits_inline_on_ray_and_after_a_break(toy, changes, ray_session, tmp_path):
    def parts():
        return TOYS[toy](discriminators=2, **changes)

    whole = history(parts(), 5)
    table, states = history(parts(), 5, executor=RayExecutor(2))
    assert table.equals(whole[0])
    assert all(map(same_bits, states, whole[1]))
    history(parts(), 3, directory=tmp_path / "run")
    result = evolution_search(parts(), seed=0, directory=tmp_path / "run").resume().run(5)
    assert result.history.drop(columns=["seconds", "run"]).equals(whole[0])
    assert same_bits(pack(result.environment), whole[1][-1])


@pytest.mark.parametrize("toy", TOYS)
@pytest.mark.parametrize("mutation", ["relativistic_hinge", "least_squares"])
def test_the_fast_path_makes_the_children_of_the_plain_loop(toy, mutation):
    parts = TOYS[toy](discriminators=3, mutations=(mutation, *THREE[:2]))
    ours, theirs = children_of(parts), children_of(parts, fast=False)
    for a, b in zip(ours, theirs, strict=True):
        assert a.scores == b.scores
        assert same_bits(a.state, b.state)


def test_losses_are_weighted_softly_and_the_weights_have_no_gradient():
    losses = torch.tensor([1.0, 3.0, 2.0], dtype=torch.float64, requires_grad=True)
    weights = torch.exp(losses) / torch.exp(losses).sum()
    found = softly(losses.unbind())
    torch.testing.assert_close(found, (weights * losses).sum())
    [gradient] = torch.autograd.grad(found, losses)
    torch.testing.assert_close(gradient, weights.detach())
    [alone] = losses[:1].unbind()
    assert softly([alone]) is alone


def games(generator, environment):
    """Return the game before each discriminator, all by themselves."""
    for rival in environment.rivals:
        game = copy.deepcopy(generator.game)
        game.networks |= copy.deepcopy(rival.networks)
        game.training(True)
        yield game


def test_a_generator_steps_on_the_weighted_sum_and_is_scored_by_mean_and_sum():
    generator, environment = paired(two_ways(discriminators=2), trained=1)
    before = list(games(generator, environment))
    newborn = generator.bear(pack(generator.state_dict()), birth("heuristic", 2))

    first = before[0]
    seeds = Seeds(0, 2, SHARED)
    first.rng = stream(seeds.shared("step"))
    fake = first.fake(8)
    losses = [mutations.get("heuristic").generator(game.logits(fake), None) for game in before]
    weights = torch.softmax(torch.stack(losses).detach(), 0)
    first.descend(
        sum(w * one for w, one in zip(weights, losses, strict=True)), "forward", "backward"
    )
    state = unpack(newborn.state)["networks"]
    for name in ("forward", "backward"):
        for key, value in first.networks[name].state_dict().items():
            torch.testing.assert_close(state[name][key], value)

    first.rng = stream(seeds.shared("evaluate"))
    shown = first.fake(16)
    real = first.task.draw(16, stream(seeds.shared("evaluate", 2)))
    qualities, diversities = [], []
    for game in before:
        fake_logits, real_logits = game.logits(Batch(shown.samples.detach())), game.logits(real)
        qualities.append(float(fitness.quality(fake_logits)))
        weights = [p for n in ("left", "right") for p in game.networks[n].parameters()]
        gradient = flat_gradient(real_loss(real_logits) + fake_loss(fake_logits), weights)
        diversities.append(-gradient.norm().log().item())
    assert newborn.scores["quality"] == pytest.approx(sum(qualities) / 2, rel=1e-5)
    assert newborn.scores["diversity"] == pytest.approx(sum(diversities), rel=1e-4)


def test_the_fittest_children_survive_and_start_from_their_parents():
    """Two parents with two children each, on real samples and generated ones of their own."""
    parts = labelled(norm=False, discriminators=2)
    generator, environment = paired(parts, trained=1)
    newborn = generator.bear(pack(generator.state_dict()), birth("minimax", 2))
    contribution = unpack(newborn.contribution)
    litter = []
    for place, rival in enumerate(environment.rivals):
        for name in ("own", "least_squares"):
            game = copy.deepcopy(rival.game)
            game.rng = stream(environment.seeds.own("update", 2 * place + 1))
            real = game.draw()
            rows = slice(8 * place, 8 * place + 8)
            labels = {"labels": contribution["codes"]["labels"][rows]}
            logits = (
                game.discriminate(real),
                game.discriminate(Batch(contribution["samples"][rows], labels)),
            )
            pair = (
                (real_loss, fake_loss)
                if name == "own"
                else (least_squares_real_loss, least_squares_fake_loss)
            )
            game.descend(
                sum(half(one) for half, one in zip(pair, logits, strict=True)), "discriminator"
            )
            scored = game.task.draw(16, stream(environment.seeds.shared("evaluate", 2)))
            shown = Batch(contribution["samples"], {"labels": contribution["codes"]["labels"]})
            loss = real_loss(game.discriminate(scored)) + fake_loss(game.discriminate(shown))
            norm = flat_gradient(loss, list(game.discriminator.parameters())).norm()
            litter.append((-math.log(float(norm)), name, game))
    litter.sort(key=lambda one: -one[0])
    record = environment.update([contribution])
    assert record["least_squares"] == sum(one[1] != "own" for one in litter[:2]) / 2
    for (value, _, game), rival in zip(litter, environment.rivals, strict=False):
        assert merit(rival, [contribution]) == pytest.approx(value, rel=1e-4)
        for ours, theirs in zip(
            rival.game.discriminator.parameters(), game.discriminator.parameters(), strict=True
        ):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_siblings_do_not_share_adams_state():
    """Torch takes moments over by reference; a child's step must not be its sibling's."""
    generator, environment = paired(two_ways(discriminators=2), trained=2)
    contribution = unpack(
        generator.bear(pack(generator.state_dict()), birth("minimax", 3)).contribution
    )
    environment.update([contribution])
    for rival in environment.rivals:
        for slots in rival.state_dict()["optimizers"].values():
            assert {int(slot["step"]) for slot in slots.values()} == {3}


def test_a_discriminator_that_has_saturated_is_the_worst():
    generator, environment = paired(two_ways(discriminators=2), trained=1)
    contribution = unpack(
        generator.bear(pack(generator.state_dict()), birth("minimax", 2)).contribution
    )
    [first, other] = environment.rivals
    real, _ = first.scored([contribution])

    def certain(batch):
        sign = 1 if torch.equal(batch.samples, real.samples) else -1
        return sum(p.sum() for p in first.parameters) * torch.zeros(16) + sign * 1e4

    first.game.discriminate = certain
    merits = [merit(rival, [contribution]) for rival in (first, other)]
    assert math.isinf(merits[0])
    assert ranking(merits) == [1, 0]


def test_a_mutation_leaves_what_else_a_half_has_in_it():
    """InfoGAN's half on generated samples also teaches Q."""
    parts = testing.parts("infogan", discriminators=2)
    member = testing.facing(parts)
    game = member.environment.rivals[0].game
    game.networks |= member.game.networks
    game.rng = stream(0)
    fake = game.fake(8)
    halves = MUTATIONS["least_squares"]
    with torch.no_grad():
        information = game.fake_loss(fake) - fake_loss(game.logits(fake))
        mutated = game.fake_half(fake, halves.fake) - halves.fake(game.logits(fake))
    torch.testing.assert_close(mutated, information)
    assert float(information) != 0


class Whole(Egan):
    """A game whose loss of D has no halves."""

    def discriminator_loss(self, real, fake):
        return 2 * super().discriminator_loss(real, fake)


def test_a_loss_without_halves_is_the_only_mutation():
    parts = parts_for(tiny_config(evolution={"discriminators": 2}))
    whole = copy.copy(parts)
    keywords = parts.build.keywords
    object.__setattr__(whole, "build", lambda h, **options: Whole(h, **{**keywords, **options}))
    environment = whole.environment()
    assert environment.mutations == ("own",)
    assert parts.environment().mutations == ("own", "least_squares")
    table, _ = history(whole, 2)
    assert table["fitness"].notna().all()


def test_scoring_leaves_the_environment_alone():
    generator, environment = paired(labelled(discriminators=2), trained=2)
    before = pack(environment.state_dict())
    for _ in generator.reproduce(pack(generator.state_dict()), [birth(n, 3) for n in THREE]):
        pass
    assert same_bits(pack(environment.state_dict()), before)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"discriminators": 0}, "--evolution.discriminators must be 1 or more, but got 0"),
        ({"reuse_gradient": True}, "got --evolution.discriminators 2; leave one of them out"),
    ],
)
def test_what_contradicts_them_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        checked(tiny_config(evolution={"discriminators": 2, **changes}))


def test_siblings_are_scored_one_by_one():
    config = tiny_config(
        evolution={"discriminators": 2}, arithmetic=ArithmeticConfig(vectorize=True)
    )
    with pytest.raises(ValueError, match="got --evolution.discriminators 2; expected 1"):
        checked(config)


def test_a_dry_run_says_that_they_evolve():
    assert "2, which evolve too" in overview(checked(tiny_config(evolution={"discriminators": 2})))
    assert "which evolve too" not in overview(tiny_config())


@pytest.mark.usefixtures("_few_samples")
def test_a_run_that_goes_on_is_a_run_without_a_break(tiny, tmp_path):
    words = [*tiny, "--evolution.discriminators", "2", "--checkpoint-every", "1"]
    assert main([*words, "--generations", "4"]) == 0
    assert main([*words, "--generations", "3"]) == 0
    cut = tmp_path / "00001-gaussians8"
    assert main(["--resume", str(cut), "--generations", "4"]) == 0
    tables = [
        pd.read_csv(one / "results.csv").drop(columns=["run", "seconds"])
        for one in (tmp_path / "00000-gaussians8", cut)
    ]
    pd.testing.assert_frame_equal(*tables, check_exact=True)
    samples = [
        collection.load(one / "model.safetensors").samples(5, torch.Generator().manual_seed(0))
        for one in (tmp_path / "00000-gaussians8", cut)
    ]
    assert torch.equal(*samples)
