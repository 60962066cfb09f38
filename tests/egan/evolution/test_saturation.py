"""Where D wins, quality alone ranks: the children that fool nobody have the highest diversity."""

import math

import numpy as np
import pytest
import torch
from gans import THREE, litter, pair, parts_for, search_for, tiny_config

from population import Evolution, InlineExecutor, RayExecutor
from population.state import pack
from population.strategy import Child, Offspring

CAP, GAMMA = 3.0, 0.1


def settled(rows, **options):
    """Return the children of (quality, diversity, saturated), as the search would tell them."""
    strategy = Evolution(THREE, unless=("saturated", "quality"), **options)
    children = [
        Child(
            offspring=Offspring(parent=0, operator=THREE[i % 3]),
            index=i,
            scores={
                "fitness": q + GAMMA * d,
                "quality": q,
                "diversity": d,
                "saturated": float(saturated),
            },
        )
        for i, (q, d, saturated) in enumerate(rows)
    ]
    told = strategy.settle(children)
    return [child.scores for child in told], strategy.tell(told)


def test_the_capped_child_of_lower_quality_does_not_win():
    rows = [(2e-4, 2.9, False), (1e-4, CAP, True), (1.5e-4, 2.8, False)]
    assert rows[1][0] + GAMMA * rows[1][1] > rows[0][0] + GAMMA * rows[0][1], "it would have"
    scores, chosen = settled(rows)
    assert chosen == [0]
    assert [one["fitness"] for one in scores] == [2e-4, 1e-4, 1.5e-4]
    assert [one["diversity"] for one in scores] == [2.9, CAP, 2.8], "as it was measured"


def test_where_none_is_saturated_diversity_counts():
    rows = [(0.2, -1.0, False), (0.1, 2.5, False), (0.15, 0.0, False)]
    scores, chosen = settled(rows)
    assert chosen == [1]
    assert [one["fitness"] for one in scores] == [q + GAMMA * d for q, d, _ in rows]


@pytest.mark.parametrize("options", [{"mu": 2}, {"mu": 2, "objectives": ("quality", "diversity")}])
def test_all_that_compete_are_ranked_by_one_rule(options):
    rows = [(0.1, CAP, True), (0.4, 0.0, False), (0.3, 2.0, False), (0.2, 2.9, False)]
    assert settled(rows, **options)[1] == [1, 2]


def test_a_child_that_is_not_finite_never_wins():
    rows = [(0.9, -math.inf, False), (0.8, math.nan, False), (0.1, CAP, True)]
    scores, chosen = settled(rows)
    assert chosen == [2]
    assert not np.isfinite([scores[0]["fitness"], scores[1]["fitness"]]).any()


def test_without_a_cap_a_norm_of_0_leaves_quality_alone():
    rows = [(0.1, math.inf, True), (0.3, 80.0, False), (0.2, 90.0, False)]
    assert settled(rows)[1] == [1]


# ------------------------------------------------------------------------ with E-GAN's own members


def certain(config):
    """Return a member in a D that rejects its samples for certain, and is at ease with the data."""
    generator, discriminator = pair(config)
    with torch.no_grad():
        last = discriminator.game.discriminator[-1].linear
        last.weight.mul_(10.0)
        last.bias.fill_(-12.0)
    discriminator._real_gradient = [torch.zeros_like(p) for p in discriminator.parameters]
    return generator


def litter_in(config):
    """Return the strategy of a run, and the children of a parent that D has won against."""
    generator, strategy = certain(config), parts_for(config).strategy
    newborns = list(generator.reproduce(pack(generator.state_dict()), litter(THREE)))
    return strategy, [
        Child(offspring=Offspring(parent=0, operator=name), index=i, scores=newborn.scores)
        for i, (name, newborn) in enumerate(zip(THREE, newborns, strict=True))
    ]


@pytest.mark.parametrize("vectorize", [False, True])
@pytest.mark.parametrize("evolution", [{}, {"selection": "pareto"}])
def test_the_winner_in_a_saturated_discriminator_is_the_child_of_higher_quality(
    evolution, vectorize
):
    def born(cap):
        config = tiny_config(
            settings={"generator_lr": 0.2},  # children that differ
            evolution={**evolution, "diversity_cap": cap},
            arithmetic={"vectorize": vectorize},
        )
        return litter_in(config)

    diversities = [child.scores["diversity"] for child in born(math.inf)[1]]
    strategy, children = born((min(diversities) + max(diversities)) / 2)
    assert 0 < sum(child.scores["saturated"] for child in children) < 3
    qualities = [child.scores["quality"] for child in children]
    alone = [child.scores["fitness"] for child in children]
    assert np.argmax(alone) != np.argmax(qualities), "the worse child would have won"
    assert strategy.tell(strategy.settle(children)) == [int(np.argmax(qualities))]


RARE = {"contest_every": 3}
LOW = 1.45
"""A cap that this tiny game reaches now and then."""


def table(executor=None, *, generations=12, cap=LOW, **changes):
    evolution = {"num_survivors": 2, "diversity_cap": cap, **changes.pop("evolution", {})}
    search = search_for(tiny_config(evolution=evolution, **changes), executor=executor)
    return search.run(generations).history.drop(columns="seconds")


@pytest.mark.parametrize("evolution", [{}, {"selection": "plus"}, RARE])
def test_what_is_recorded_is_what_ranked(evolution):
    """The rule holds generation by generation, and the best fitness survives in each."""
    rows = table(generations=40, evolution=evolution)
    flagged = rows.groupby("generation")["saturated"].transform("max") > 0
    assert 0 < flagged.sum() < len(rows)
    whole = rows["quality"] + GAMMA * rows["diversity"]
    np.testing.assert_array_equal(rows["fitness"], np.where(flagged, rows["quality"], whole))
    ranks = rows.groupby("generation")["fitness"].rank(ascending=False, method="first")
    assert (rows["survived"] == (ranks <= 2)).all()


@pytest.mark.parametrize("evolution", [{}, RARE])
def test_the_same_bits_inline_and_on_ray(ray_session, evolution):
    inline = table(InlineExecutor(), evolution=evolution)
    assert inline["saturated"].any()
    assert inline.equals(table(RayExecutor(2), evolution=evolution))


def test_a_cap_that_is_not_reached_changes_nothing():
    far, never = table(cap=50.0), table(cap=math.inf)
    assert not far["saturated"].any()
    assert far.equals(never)


def test_a_run_without_a_cap_is_resumed(tmp_path):
    config = tiny_config(evolution={"diversity_cap": math.inf})
    whole = search_for(config).run(6).history
    search_for(config, directory=tmp_path / "run").run(3)
    resumed = search_for(config, directory=tmp_path / "run").resume().run(6).history
    times = ["seconds", "run"]
    assert resumed.drop(columns=times).equals(whole.drop(columns=times))
