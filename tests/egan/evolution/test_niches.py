"""Niches of any game: M generators that divide a batch, and one discriminator for all of them."""

import copy
from dataclasses import replace

import pandas as pd
import pytest
import torch
from gans import birth, labelled, paired, parts_for, same_bits, tiny_config, two_ways

import mutations
from egan import collection
from egan.collection import testing
from egan.evolution.whole import evolution_search
from egan.losses.discriminator import fake_loss, real_loss
from egan.run import main
from egan.runs.checks import checked
from egan.tasks import Batch
from egan.training.model import stream
from population import RayExecutor
from population.state import pack, unpack

GAMES = [name for name, one in collection.MODELS.items() if one.evolves]
TOYS = {"labelled": labelled, "two ways": two_ways}


def history(parts, generations=4, **options):
    result = evolution_search(parts, seed=0, **options).run(generations)
    table = result.history.drop(columns=["seconds", "run"])
    assert not table["error"].any(), table["error"].iloc[0]
    return table, [pack(one.state) for one in result.population], result


def same_runs(ours, theirs):
    assert ours[0].equals(theirs[0])
    assert all(map(same_bits, ours[1], theirs[1]))


@pytest.mark.parametrize("name", GAMES)
def test_every_game_has_niches(name):
    parts = testing.parts(name, niches=3)
    table, states, result = history(parts, 2)
    assert table["survived"].all()
    assert table["child"].tolist() == [0, 1, 2] * 2
    assert table["batch_size"].tolist() == [3, 3, 2] * 2
    assert table["operator"].tolist() == [*testing.MUTATIONS] * 2
    assert table["parent"][3:].tolist() == [0, 1, 2]
    assert not same_bits(states[0], states[1])
    assert [one.state["updates"] for one in result.population] == [2, 2, 2]
    assert result.environment["updates"] == 2


@pytest.mark.parametrize(("toy", "drawn"), [("labelled", False), ("two ways", True)])
def test_the_same_bits_inline_on_any_workers_and_after_a_break(toy, drawn, ray_session, tmp_path):
    def parts():
        return TOYS[toy](niches=3, random_mutation=drawn)

    whole = history(parts(), 5)
    for workers in (1, 3):
        same_runs(history(parts(), 5, executor=RayExecutor(workers)), whole)
    history(parts(), 3, directory=tmp_path / "run")
    search = evolution_search(parts(), seed=0, directory=tmp_path / "run").resume()
    result = search.run(5)
    again = result.history.drop(columns=["seconds", "run"])
    same_runs((again, [pack(one.state) for one in result.population]), whole)


@pytest.mark.parametrize("name", ["minimax", "relativistic_logistic"])
def test_a_member_takes_a_step_on_its_own_share(name):
    """L_i = M_k(D, G_i(z_i)), with codes, and real samples where they are wanted, of its own."""
    generator, discriminator = paired(labelled(niches=3, mutations=(name,)))
    by_hand = copy.deepcopy(generator.game)
    by_hand.networks |= copy.deepcopy(discriminator.networks)
    one = birth(name, child=1, batch_size=3)
    newborn = generator.bear(pack(generator.state_dict()), one)

    by_hand.rng = stream(one.seeds.own("step"))
    fake = by_hand.fake(3)
    objective = mutations.get(name)
    real_logits = None
    logits = by_hand.logits(fake)
    if objective.needs_real:
        by_hand.rng = stream(one.seeds.own("step", 1))
        real_logits = by_hand.logits(by_hand.draw(3)).detach()
    by_hand.descend(objective.generator(logits, real_logits), "generator")
    weights = unpack(newborn.state)["networks"]["generator"]
    for key, value in by_hand.generator.state_dict().items():
        torch.testing.assert_close(weights[key], value)


def test_members_draw_codes_of_their_own():
    generator, _ = paired(labelled(niches=2, mutations=("minimax",)))
    parent = pack(generator.state_dict())
    one, two = (generator.bear(parent, birth("minimax", child=i, batch_size=4)) for i in (0, 1))
    assert not same_bits(one.state, two.state)
    samples = [unpack(newborn.contribution)["samples"] for newborn in (one, two)]
    assert not torch.equal(*samples)


@pytest.mark.parametrize("steps", [1, 3])
def test_the_discriminator_learns_from_the_union(steps):
    """L_D = -E log D(x) - (1/M) sum_i E log(1 - D(G_i(z_i))), every step on other samples."""
    parts = labelled(niches=3, norm=False, steps=steps)
    generator, home = paired(parts)
    parent = pack(generator.state_dict())
    sizes = [one["batch_size"] for one in parts.strategy.members]
    assert sizes == [3, 3, 2]
    contributions = [
        unpack(generator.bear(parent, birth("minimax", child=i, batch_size=n)).contribution)
        for i, n in enumerate(sizes)
    ]
    assert [len(one["samples"]) for one in contributions] == [steps * n for n in sizes]
    by_hand = copy.deepcopy(home.game)
    for step in range(steps):
        by_hand.rng = stream(home.seeds.own("update", 2 * step + 1))
        real = by_hand.draw()
        fakes = [
            Batch(part["samples"], part["codes"])
            for part in (
                {
                    "samples": one["samples"][step * n : (step + 1) * n],
                    "codes": {k: v[step * n : (step + 1) * n] for k, v in one["codes"].items()},
                }
                for one, n in zip(contributions, sizes, strict=True)
            )
        ]
        fake = sum(len(one) / 8 * fake_loss(by_hand.discriminate(one)) for one in fakes)
        loss = real_loss(by_hand.discriminate(real)) + fake
        by_hand.descend(loss, "discriminator")
    record = home.update(contributions)
    assert record["discriminator_loss"] == pytest.approx(float(loss.detach()), rel=1e-4)
    for ours, theirs in zip(
        home.game.discriminator.parameters(), by_hand.discriminator.parameters(), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_nobody_is_scored_but_who_makes_no_numbers_is_given_up():
    generator, _ = paired(two_ways(niches=2))
    newborn = generator.bear(pack(generator.state_dict()), birth("minimax", batch_size=4))
    assert newborn.scores == {"fitness": 0.0}
    with torch.no_grad():
        next(generator.game.networks["forward"].parameters()).fill_(float("nan"))
    lost = generator.bear(pack(generator.state_dict()), birth("minimax", batch_size=4))
    assert lost.scores["fitness"] != lost.scores["fitness"]


def test_a_lost_niche_goes_on_from_the_next_one():
    parts = two_ways(niches=3)
    search = evolution_search(parts, seed=0)

    class Poison:
        def __getattr__(self, name):
            return lambda *_: None

        def on_generation(self, search, generation):
            if generation.number == 2:
                state = search.population[1].state
                state.buffer.view("f4")[:] = float("nan")

    search.callbacks.append(Poison())
    table = search.run(4).history
    survived = table.groupby("generation")["survived"].apply(list).tolist()
    assert survived == [[True] * 3, [True] * 3, [True, False, True], [True] * 3]
    assert table[table["generation"] == 4]["parent"].tolist() == [0, 2, 2]


def settings(**evolution):
    search = evolution.pop("search", {})
    paper = evolution.pop("settings", {})
    return tiny_config(evolution={"niches": 4, **evolution}, search=search, settings=paper)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_survivors": 2}, "got --evolution.num-survivors 2: all of them survive"),
        ({"selection": "plus"}, "got --evolution.selection plus: nobody is selected"),
        ({"selection": "pareto"}, "got --evolution.selection pareto: nobody is selected"),
        ({"contest_every": 5}, "got --evolution.contest-every 5: there are no contests"),
        ({"bandit": True}, "got --evolution.bandit: there are no contests"),
        ({"reuse_gradient": True}, "got --evolution.reuse-gradient: there is no scored batch"),
        ({"niches": -1}, "--evolution.niches must be 0 or more, but got -1"),
        ({"niches": 17}, "--batch-size must be 17 or more, so that each of 17 niches"),
    ],
)
def test_what_contradicts_niches_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        checked(settings(**changes))


def test_shares_that_a_model_does_not_take_are_refused():
    config = collection.preset("stylegan")
    config = replace(
        config,
        evolve="minimax",
        settings=config.settings.tuned({"batch_size": 16}),
        evolution=replace(config.evolution, niches=3),
    )
    with pytest.raises(ValueError, match="niches 3 gives a member 5 of the 16 samples"):
        checked(config)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("digits --evolution.niches 4 --evolution.num-samples 9", "niches are not scored"),
        ("digits --evolution.niches 4 --evolution.diversity pairwise", "niches are not scored"),
        ("digits --evolution.niches 4 --evolution.fresh-codes", "codes of their own"),
        ("digits --evolution.niches 4 --population 3", "--evolution.niches 3"),
        ("digits --evolution.mixture fitted", "Give --evolution.niches 4"),
        ("gan --evolution.niches 4", "Give --evolve minimax"),
        ("digits --evolution.niches 4 --evolution.contest-every 2", "there are no contests"),
        ("digits --evolution.niches 4 --arithmetic.vectorize", "got --evolution.niches 4"),
    ],
)
def test_one_message_and_status_2(words, expected, capsys, tmp_path):
    assert main([*words.split(), "--output", str(tmp_path)]) == 2
    assert expected in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_says_who_there_is(capsys):
    words = ["gaussians8", "--evolution.niches", "5", "--dry-run", "--executor", "inline"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "5 that divide a batch of 128 (25 or 26 each; minimax, heuristic, least_squares" in said
    assert "00000-gaussians8-niches" in said
    assert main([*words, "--evolution.random-mutation"]) == 0
    assert "least_squares at random)" in capsys.readouterr().out


def test_one_niche_is_a_single_generator():
    parts = parts_for(settings(niches=1))
    table, _, _ = history(parts, 3)
    assert table["operator"].tolist() == ["minimax"] * 3
    assert table["batch_size"].tolist() == [16] * 3


WORDS = (
    *("gaussians8", "--evolution.niches", "3", "--executor", "inline"),
    *("--width", "8", "--discriminator-width", "8", "--batch-size", "16"),
    *("--generations", "4", "--look-every", "2"),
)


@pytest.mark.usefixtures("_few_samples")
def test_a_run_leaves_a_mixture_and_a_report_without_winners(tmp_path, capsys):
    assert main([*WORDS, "--output", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "wins" not in said
    assert "fitness" not in said
    assert "minimax 1, heuristic 1, least squares 1" in said
    folder = tmp_path / "00000-gaussians8-niches"
    assert {"members.png", "samples.png", "interpolation.png", "evolution.gif"} <= {
        path.name for path in (folder / "samples").iterdir()
    }
    report = (folder / "report.html").read_text()
    assert "As the niches go on" in report
    assert "Winning mutations" not in report
    assert pd.read_csv(folder / "metrics.csv")["modes"].notna().all()
    loaded = collection.load(folder / "model.safetensors")
    samples = loaded.sample(7, torch.Generator().manual_seed(0))
    assert samples.shape == (7, 2)
    assert loaded.weights.tolist() == pytest.approx([1 / 3] * 3)


@pytest.mark.usefixtures("_few_samples")
def test_a_run_that_goes_on_is_a_run_without_a_break(tmp_path):
    words = [*WORDS, "--evolution.mixture", "fitted", "--output"]
    assert main([*words, str(tmp_path / "whole")]) == 0
    assert main([*words, str(tmp_path / "broken"), "--generations", "2"]) == 0
    broken, whole = (next((tmp_path / one).iterdir()) for one in ("broken", "whole"))
    assert main(["--resume", str(broken), "--generations", "4"]) == 0
    for name in ("results.csv", "metrics.csv"):
        tables = [pd.read_csv(one / name).drop(columns="seconds") for one in (broken, whole)]
        assert tables[0].equals(tables[1])
    ours, theirs = (collection.load(one / "model.safetensors") for one in (broken, whole))
    assert torch.equal(ours.weights, theirs.weights)
    one, other = (it.samples(20, torch.Generator().manual_seed(0)) for it in (ours, theirs))
    assert torch.equal(one, other)
