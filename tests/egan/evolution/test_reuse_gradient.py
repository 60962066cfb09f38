"""The discriminator's first step from the gradient that scoring has found already."""

import copy

import pytest
import torch
from gans import (
    LabelledGame,
    LabelledSettings,
    birth,
    pair,
    parts_of_toy,
    search_for,
    tiny_config,
)

from egan.config import ArithmeticConfig
from egan.evolution.scoring import SCORED_REALS
from egan.losses.discriminator import fake_loss, r1_penalty, real_loss
from egan.runs.checks import checked
from egan.tasks import Batch
from egan.training.model import stream
from population.state import pack, unpack


def reusing(*, settings=None, evolution=None):
    return checked(
        tiny_config(
            settings={"r1_weight": 0.0} | (settings or {}),
            evolution={"reuse_gradient": True} | (evolution or {}),
        )
    )


@pytest.mark.parametrize("survivors", [1, 2])
@pytest.mark.parametrize("r1_weight", [0.0, 0.1])
def test_the_step_is_that_of_the_loss_on_the_scored_batch(survivors, r1_weight):
    config = reusing(settings={"r1_weight": r1_weight})
    generator, home = pair(config, trained=2)
    parent = pack(generator.state_dict())
    newborns = [generator.bear(parent, birth("heuristic", 3, i)) for i in range(survivors)]
    by_hand = copy.deepcopy(home)
    by_hand.seeds = home.seeds

    network = by_hand.game.discriminator
    real = home.game.task.draw(32, stream(home.seeds.shared("evaluate", SCORED_REALS))).samples
    fakes = [unpack(newborn.contribution)["samples"] for newborn in newborns]
    losses = [fake_loss(network(fake)) for fake in fakes]
    loss = real_loss(network(real)) + torch.stack(losses).mean()
    record = home.update([unpack(newborn.contribution) for newborn in newborns])
    assert record["discriminator_loss"] == pytest.approx(float(loss.detach()), rel=1e-6)
    if r1_weight:
        loss = loss + r1_weight * r1_penalty(
            lambda samples: by_hand.game.logits(Batch(samples)), real
        )
    by_hand.game.optimizers["discriminator"].zero_grad()
    loss.backward()
    by_hand.game.optimizers["discriminator"].step()
    for ours, theirs in zip(home.parameters, by_hand.parameters, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-7)


def test_further_steps_and_a_gradient_penalty_are_as_ever():
    config = reusing(settings={"discriminator_steps": 2, "gradient_penalty_weight": 2.0})
    generator, home = pair(config, trained=1)
    newborn = generator.bear(pack(generator.state_dict()), birth("minimax", 2))
    before = [p.detach().clone() for p in home.parameters]
    assert home.update([unpack(newborn.contribution)])["discriminator_loss"] > 0
    counts = {int(state["step"]) for state in home.game.optimizers["discriminator"].state.values()}
    assert counts == {4}, "two generations of two steps"
    assert all((a != b).any() for a, b in zip(before, home.parameters, strict=True))


def test_a_run_learns_from_it_and_the_option_is_part_of_its_identity():
    def history(config):
        search = search_for(config)
        return search.identity, search.run(6).history.drop(columns="seconds")

    identity, reused = history(reusing())
    other_identity, other = history(tiny_config(settings={"r1_weight": 0.0}))
    assert identity != other_identity
    assert reused.query("generation == 1").equals(other.query("generation == 1"))
    assert not reused["fitness"].equals(other["fitness"])
    assert history(reusing())[1].equals(reused)


@pytest.mark.parametrize("norm", ["batch", "spectral"])
def test_running_statistics_count_the_scored_batches_once(norm):
    config = reusing(settings={"discriminator_norm": norm})
    generator, home = pair(config, trained=1)
    newborn = generator.bear(pack(generator.state_dict()), birth("minimax", 2))
    by_hand = copy.deepcopy(home.game.discriminator)
    with torch.no_grad():
        real = home.game.task.draw(32, stream(home.seeds.shared("evaluate", SCORED_REALS)))
        for samples in (real.samples, unpack(newborn.contribution)["samples"]):
            by_hand(samples)
    home.update([unpack(newborn.contribution)])
    ours, theirs = dict(home.game.discriminator.named_buffers()), dict(by_hand.named_buffers())
    assert ours
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize(
    ("evolution", "message"),
    [
        ({"diversity": "pairwise"}, "got --evolution.diversity pairwise; expected gradient"),
        ({"diversity": "none", "random_mutation": True}, "got --evolution.diversity none"),
    ],
)
def test_settings_that_leave_no_such_gradient_are_refused(evolution, message):
    with pytest.raises(ValueError, match=message):
        reusing(evolution=evolution)


class Hinge(LabelledGame):
    """A game whose discriminator has a loss of its own."""

    def fake_loss(self, fake):
        return torch.relu(1 + self.logits(fake)).mean()


def test_a_discriminator_with_a_loss_of_its_own_is_refused():
    with pytest.raises(ValueError, match="the discriminator of Hinge has a loss of its own"):
        parts_of_toy(Hinge, LabelledSettings(), data="digits", reuse_gradient=True).check(
            ArithmeticConfig()
        )
