"""Crossover by distillation, of any game."""

import copy
from dataclasses import replace

import pandas as pd
import pytest
import torch
from gans import birth, labelled, paired, same_bits, task_for, tiny_config, two_ways
from torch import nn

import fitness
from egan import collection
from egan.collection import testing
from egan.collection.egan.model import Egan
from egan.commandline.overview import overview
from egan.config import ArithmeticConfig
from egan.evolution.crossover import DIVERSITY_WEIGHT, Made, distillation_loss, made
from egan.evolution.scoring import CROSSED, SHUFFLES
from egan.evolution.whole import WholeEvolution, evolution_search
from egan.reporting.plots.tables import winner_path
from egan.run import main
from egan.runs.checks import checked
from egan.runs.plan import plan
from egan.tasks import Batch
from egan.training.model import stream
from population import RayExecutor
from population.seeding import SHARED, Seeds
from population.state import pack, unpack

GAMES = [name for name, one in collection.MODELS.items() if one.evolves]
TOYS = {"labelled": labelled, "two ways": two_ways}


def history(parts, generations=4, **options):
    result = evolution_search(parts, seed=0, **options).run(generations)
    table = result.history.drop(columns=["seconds", "run"])
    assert not table["error"].any(), table["error"].iloc[0]
    return table, [pack(one.state) for one in result.population]


@pytest.mark.parametrize("name", GAMES)
def test_every_game_crosses(name):
    table, _ = history(testing.parts(name, crossover=2), 2)
    assert table["operator"].tolist() == [*testing.MUTATIONS, "crossover", "crossover"] * 2
    assert table.groupby("generation")["survived"].sum().tolist() == [1, 1]
    assert table["fitness"].notna().all()


@pytest.mark.parametrize(("toy", "fresh"), [("labelled", False), ("two ways", True)])
def test_the_same_bits_inline_on_ray_and_after_a_break(toy, fresh, ray_session, tmp_path):
    def parts():
        return TOYS[toy](crossover=2, num_survivors=2, selection="plus", fresh_codes=fresh)

    whole = history(parts(), 5)
    table, states = history(parts(), 5, executor=RayExecutor(3))
    assert table.equals(whole[0])
    assert all(map(same_bits, states, whole[1]))
    history(parts(), 3, directory=tmp_path / "run")
    result = evolution_search(parts(), seed=0, directory=tmp_path / "run").resume().run(5)
    assert result.history.drop(columns=["seconds", "run"]).equals(whole[0])


def crossed(parts, *, trained=1):
    """Return two mutants, their child, and the member that made it, in its environment."""
    generator, discriminator = paired(parts, trained=trained)
    parent, now = pack(generator.state_dict()), trained + 1
    first, second = (
        generator.bear(parent, birth(name, now, i))
        for i, name in enumerate(("minimax", "least_squares"))
    )
    before = first.state.buffer.copy(), second.state.buffer.copy()
    asked = replace(birth("crossover", now, 2), partner=second.state)
    child = generator.bear(first.state, asked)
    assert (first.state.buffer == before[0]).all()
    assert (second.state.buffer == before[1]).all()
    return first, second, child, generator, discriminator


def by_hand(newborn, generator, discriminator, *, norm):
    """Return a game with a newborn's state, its samples on the codes of a crossing, and merits."""
    game = copy.deepcopy(generator.game)
    game.networks |= copy.deepcopy(discriminator.networks)
    game.load_state_dict(unpack(pack(unpack(newborn.state))))
    game.training(True)
    seeds = Seeds(0, 2, SHARED)
    codes = game.codes(8, stream(seeds.shared("step", CROSSED)))
    samples = game.generate(game.generator, codes)
    rng = stream(seeds.shared("step", SHUFFLES))
    orders = [torch.randperm(8, generator=rng) for _ in range(5)]
    apart = [(samples - samples[one]).abs().flatten(1).mean(1) for one in orders]
    quality = game.discriminate(Batch(samples, codes)).sigmoid()
    merits = quality + DIVERSITY_WEIGHT * torch.stack(apart).mean(0)
    outputs = samples.atanh() if norm else samples
    return game, outputs, merits.detach()


@pytest.mark.parametrize("toy", TOYS)
def test_a_child_takes_one_step_towards_the_better_parent_on_each_code(toy):
    """Digits before their tanh; points, which have none, as they are."""
    images = toy == "labelled"
    first, second, child, *pair = crossed(TOYS[toy]())
    game, mine, merits = by_hand(first, *pair, norm=images)
    _, theirs, others = by_hand(second, *pair, norm=images)
    better = (merits >= others).reshape(-1, *[1] * (mine.dim() - 1))
    assert 0 < better.sum() < 8 or not images, "each teaches some"
    loss = (mine - torch.where(better, mine, theirs).detach()).square().mean()
    names = game.sides.members
    game.descend(loss, *names)
    made_state = unpack(child.state)["networks"]
    for name in names:
        for key, value in game.networks[name].state_dict().items():
            torch.testing.assert_close(made_state[name][key], value, rtol=1e-4, atol=1e-5)
    assert not same_bits(child.state, first.state)


def test_moments_and_averages_go_on_from_the_fitter_parent():
    first, _, child, *_ = crossed(two_ways())
    before, after = unpack(first.state), unpack(child.state)
    assert after["updates"] == before["updates"] + 1
    for name, slots in after["optimizers"].items():
        for i, slot in slots.items():
            assert int(slot["step"]) == int(before["optimizers"][name][i]["step"]) + 1


def test_whoever_is_better_teaches():
    mine = Made(torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([0.5, 0.1, 0.3]))
    theirs = Made(torch.tensor([[9.0], [5.0], [9.0]]), torch.tensor([0.4, 0.2, 0.3]))
    assert float(distillation_loss(mine, theirs)) == pytest.approx((5 - 2) ** 2 / 3)


class Ending(nn.Module):
    """A generator with a tanh inside, and one at its end or not."""

    def __init__(self, end):
        super().__init__()
        self.first, self.last, self.end = nn.Linear(2, 4), nn.Linear(4, 2), end

    def forward(self, z):
        return self.end(self.last(self.first(z).tanh()))


@pytest.mark.parametrize(
    ("end", "before"),
    [
        (nn.Tanh(), True),
        (torch.tanh, True),
        (nn.Identity(), False),
        (lambda x: 0.5 * x.tanh(), False),
    ],
)
@pytest.mark.parametrize("compiled", [False, True])
def test_the_loss_is_before_the_tanh_that_ends_a_generator(end, before, compiled):
    generator, discriminator = paired(two_ways())
    game = generator.game
    game.networks |= discriminator.networks
    game.arithmetic = ArithmeticConfig(compile=compiled)
    network = Ending(end)
    game.generate = lambda _, codes: network(codes["z"])
    codes = {"z": torch.randn(5, 2)}
    found = made(game, codes, environment=discriminator, rng=stream(0))
    hidden = network.last(network.first(codes["z"]).tanh())
    expected = hidden if before and not compiled else end(hidden)
    torch.testing.assert_close(found.outputs, expected)
    assert found.outputs.requires_grad
    distances = fitness.pairwise_distances(end(hidden), generator=stream(0))
    quality = game.logits(Batch(end(hidden), codes)).sigmoid()
    torch.testing.assert_close(found.merits, (quality + 0.001 * distances).detach())
    assert not found.merits.requires_grad


def test_a_crossing_leaves_the_environment_alone():
    parts = labelled()
    generator, discriminator = paired(parts, trained=2)
    before = pack(discriminator.state_dict())
    state = pack(generator.state_dict())
    generator.bear(state, replace(birth("crossover", 3), partner=state))
    assert same_bits(pack(discriminator.state_dict()), before)


def test_siblings_that_are_scored_at_once_can_be_crossed():
    parts = labelled(norm=False, crossover=1, arithmetic=ArithmeticConfig(vectorize=True))
    table, _ = history(parts, 2)
    assert table["operator"].tolist()[3::4] == ["crossover"] * 2


def test_a_whole_evolution_takes_its_crossings_along():
    config = tiny_config(evolution={"crossover": 1}, search={"interval": 3})
    task = task_for(config)
    member = testing.built(lambda h: WholeEvolution(h, config=config, game=Egan, task=task))
    member.step()
    assert member.inside.generation == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crossover": -1}, "--evolution.crossover must be 0 or more, but got -1"),
        ({"crossover": 4}, "--evolution.crossover must be at most 3, the pairs among 3 mutants"),
        ({"bandit": True, "contest_every": 3}, "got --evolution.bandit, which learns"),
        ({"random_mutation": True}, "got --evolution.random-mutation, which holds none"),
        ({"niches": 4}, "got --evolution.crossover 1: there are no mutants"),
    ],
)
def test_what_contradicts_crossover_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        checked(tiny_config(evolution={"crossover": 1, **changes}))


def test_two_survivors_have_more_pairs():
    config = checked(tiny_config(evolution={"crossover": 15, "num_survivors": 2}))
    assert plan(config).children == "21 children"
    assert "; 15 more of two mutants" in overview(config)


@pytest.mark.usefixtures("_few_samples")
def test_a_run_tells_of_crossings(tmp_path, capsys, tiny):
    assert main([*tiny, "--evolution.crossover", "2", "--evolution.diversity", "pairwise"]) == 0
    assert "crossover" in capsys.readouterr().out
    folder = tmp_path / "00000-gaussians8"
    table = pd.read_csv(folder / "results.csv")
    assert table["partner"].notna().sum() == 2 * 4
    assert "partner" in pd.read_csv(folder / "lineage.csv")
    assert "crossover" in (folder / "report.html").read_text()
    path = winner_path(table)
    assert path["generation"].tolist() == [1, 2, 3, 4]
