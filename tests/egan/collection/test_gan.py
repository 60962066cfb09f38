"""The plain game: what either player minimises, and when it moves."""

import pytest
import torch
from updates import check_update

import mutations
from egan.collection import testing as checks
from egan.data import load
from population.seeding import preserved_randomness


def test_the_losses_are_those_of_the_paper():
    gan = checks.built(checks.tiny("gan"), {"dropout": 0.0, "generator_loss": "minimax"})
    gan.rng.manual_seed(0)
    real, fake = gan.draw(32), gan.fake(32)
    reals, fakes = gan.logits(real).double().sigmoid(), gan.logits(fake).double().sigmoid()
    value = reals.log().mean() + (1 - fakes).log().mean()
    torch.testing.assert_close(
        gan.discriminator_loss(real, fake).double(), -value, rtol=1e-5, atol=0
    )
    minimax = gan.generator_losses(fake, real, [gan.objective()])[0].double()
    torch.testing.assert_close(minimax, 0.5 * (1 - fakes).log().mean(), rtol=1e-5, atol=0)


def test_each_player_moves_by_its_own_loss_alone():
    gan = checks.built(checks.tiny("gan"))
    before = {name: _weights(network) for name, network in gan.networks.items()}
    gan.rng.manual_seed(0)
    gan.train_discriminator(gan.draw(), gan.fake(8))
    assert torch.equal(_weights(gan.generator), before["generator"])
    assert not torch.equal(_weights(gan.discriminator), before["discriminator"])
    middle = _weights(gan.discriminator)
    fake = gan.fake(8)
    [loss] = gan.generator_losses(fake, gan.draw(), [mutations.get("heuristic")])
    gan.train_generator(loss)
    assert torch.equal(_weights(gan.discriminator), middle)
    assert not torch.equal(_weights(gan.generator), before["generator"])
    assert not torch.equal(_weights(gan.average), before["average"])


def _weights(network):
    return torch.cat([p.detach().flatten().clone() for p in network.parameters()])


@pytest.mark.parametrize("steps", [1, 3])
def test_the_discriminator_takes_its_steps(steps, monkeypatch):
    gan = checks.built(checks.tiny("gan"), {"discriminator_steps": steps})
    seen = []
    train = gan.train_discriminator
    monkeypatch.setattr(gan, "train_discriminator", lambda *a: (seen.append(a), train(*a))[1])
    with preserved_randomness():
        gan.update()
    assert len(seen) == steps
    assert len({float(fake.samples.sum()) for _, fake in seen}) == steps


def test_points_are_made_too():
    build = checks.tiny("gan", load("gaussians8"))
    check_update(build)
