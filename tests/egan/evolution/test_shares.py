"""Shares of the batch that move to the niches whom the mixture needs."""

import numpy as np
import pandas as pd
import pytest
import torch
from gans import birth, labelled, paired, same_bits, tiny_config, two_ways

import fitness
from egan import collection
from egan.commandline.overview import overview
from egan.config.shares import apportioned, shares
from egan.evolution.shares import FLOOR, RATE, Shares
from egan.evolution.whole import evolution_search
from egan.run import main
from egan.runs.checks import checked
from population import RayExecutor
from population.seeding import SHARED, Seeds
from population.state import pack, unpack


def parts(**options):
    return two_ways(niches=2, share_every=2, batch_size=20, **options)


def history(parts, generations=6, **options):
    result = evolution_search(parts, seed=0, **options).run(generations)
    table = result.history.drop(columns=["seconds", "run"])
    assert not table["error"].any(), table["error"].iloc[0]
    states = [pack(one.state) for one in result.population]
    return table, [*states, pack(result.environment)]


@pytest.mark.parametrize(
    ("size", "weights", "expected"),
    [
        (10, (0.5, 0.5), [5, 5]),
        (8, (1 / 3, 1 / 3, 1 / 3), [3, 3, 2]),
        (10, (0.66, 0.24, 0.1), [7, 2, 1]),
        (7, (0.1, 0.9), [1, 6]),
    ],
)
def test_a_batch_is_divided_by_weights(size, weights, expected):
    assert apportioned(size, weights) == expected


def test_equal_weights_give_equal_shares():
    for size in range(3, 40):
        assert apportioned(size, [1 / 3] * 3) == shares(size, 3)


def moving(**evolution):
    settings = tiny_config(evolution={"niches": 4, "share_every": 1, **evolution})
    game = type("Game", (), {"settings": settings.settings, "task": None})
    return Shares(settings.evolution, game)


def test_weights_grow_with_needs_and_nobody_dies():
    one = moving()
    needs = np.array([0.2, 0.0, -0.1, -0.2])
    one.move(needs)
    grown = np.exp(RATE * needs / 0.2)
    np.testing.assert_allclose(one.weights, grown / grown.sum())
    for _ in range(50):
        one.move(needs)
    assert one.weights[3] == one.weights.min() >= FLOOR / 4 / (1 + FLOOR)
    assert one.weights.sum() == pytest.approx(1)
    for _ in range(5):
        one.move(-needs)
    assert one.weights.argmax() == 3, "who is needed again comes back"
    before = one.weights.copy()
    one.move(np.zeros(4))
    np.testing.assert_array_equal(one.weights, before)


def test_shares_move_for_members_and_for_the_discriminator():
    table, states = history(parts())
    given = table.groupby("generation")["share"].apply(list).tolist()
    assert all(sum(one) == 20 for one in given)
    assert given[0] == given[1] == [10, 10]
    assert given[2] == given[3] != [10, 10]
    assert given[2] != given[4]
    weights = unpack(states[-1])["shares"]
    assert weights.sum() == pytest.approx(1)


def test_needs_are_those_of_the_samples_that_are_shown():
    evolution = parts()
    generator, home = paired(evolution)
    task = home.game.task
    contributions = []
    for child in range(2):
        for generation in (1, 2):
            home.seeds = Seeds(0, generation, SHARED)
            born = generator.bear(pack(generator.state_dict()), birth("minimax", generation, child))
            contribution = unpack(born.contribution)
            assert ("shown" in contribution) == (generation == 2)
        assert contribution["shown"].shape == (1000, 2)
        contributions.append(contribution)
    expected = fitness.removal_costs(
        [one["shown"].numpy() for one in contributions],
        task.features.features(task.held_out.real(60)),
        [0.5, 0.5],
        kernel="gaussian",
    )
    home.update(contributions)
    weights = np.exp(RATE * expected / np.abs(expected).max())
    np.testing.assert_allclose(home.shares.weights, weights / weights.sum(), rtol=1e-6)


def test_a_lost_niche_or_lost_samples_leave_shares_alone():
    _, home = paired(parts())
    size = home.size_of(0)
    shown = torch.full((1000, 2), float("nan"))
    contribution = {"samples": torch.zeros(10, 2), "codes": {}, "shown": shown}
    home.update([contribution])
    home.update([contribution, contribution])
    assert home.size_of(0) == size == 10


def test_the_same_bits_inline_on_ray_and_after_a_break(ray_session, tmp_path):
    whole = history(parts())
    table, states = history(parts(), executor=RayExecutor(2))
    assert table.equals(whole[0])
    assert all(map(same_bits, states, whole[1]))
    history(parts(), 3, directory=tmp_path / "run")
    result = evolution_search(parts(), seed=0, directory=tmp_path / "run").resume().run(6)
    assert result.history.drop(columns=["seconds", "run"]).equals(whole[0])


def test_a_game_with_batch_norm_keeps_its_statistics_while_it_shows():
    table, _ = history(labelled(niches=2, share_every=1, batch_size=20), 3)
    assert table["survived"].all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"niches": 2, "share_every": -1}, "--evolution.share-every must be 0 or more"),
        ({"niches": 1, "share_every": 5}, "got --evolution.niches 1; expected 2 or more"),
        ({"niches": 2, "share_every": 5}, "--batch-size must be 20 or more, so that each of 2"),
        ({"niches": 2, "share_every": 5, "discriminators": 2}, "leave one of them out"),
    ],
)
def test_what_contradicts_moving_shares_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        checked(tiny_config(evolution=changes))


def test_shares_of_one_generator_are_refused(capsys, tmp_path):
    words = ["digits", "--evolution.share-every", "5", "--output", str(tmp_path)]
    assert main(words) == 2
    assert "Give --evolution.niches 4" in capsys.readouterr().err


@pytest.mark.usefixtures("_few_samples")
def test_the_mixture_has_the_shares_for_weights(tmp_path, capsys):
    words = [
        *("gaussians8", "--evolution.niches", "2", "--evolution.share-every", "1"),
        *("--width", "8", "--discriminator-width", "8", "--batch-size", "24"),
        *("--generations", "4", "--look-every", "2", "--executor", "inline"),
        *("--output", str(tmp_path)),
    ]
    assert main([*words, "--dry-run"]) == 0
    assert "12 each at first, moved every 1 generations" in capsys.readouterr().out
    assert main(words) == 0
    folder = tmp_path / "00000-gaussians8-niches"
    assert pd.read_csv(folder / "results.csv")["share"].nunique() > 1
    weights = collection.load(folder / "model.safetensors").weights
    assert float(weights.sum()) == pytest.approx(1)
    assert weights[0] != weights[1]


def test_a_dry_run_of_equal_shares_says_nothing_of_it():
    assert "at first" not in overview(checked(tiny_config(evolution={"niches": 2})))
