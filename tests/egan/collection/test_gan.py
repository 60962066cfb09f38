"""The plain game: what either player minimises, and when it moves."""

from functools import partial

import pytest
import torch
from updates import check_update

import mutations
from egan import collection
from egan.collection import testing as checks
from egan.collection.gan import Gan
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


@pytest.mark.parametrize("name", ["gan", "cgan"])
@pytest.mark.parametrize(("optimizer", "factor"), [("sgd", 1.0), ("adam", 0.5)])
def test_a_factor_stands_where_it_has_no_effect_alone(name, optimizer, factor):
    settings = checks.small(name).settings.tuned({"optimizer": optimizer})
    data = checks.random_images((1, 8, 8))
    kind = collection.paper(name)
    game = checks.built(partial(kind, settings=settings, task=checks.task_of(kind, data)))
    logits = torch.tensor([-2.0, 0.5, 3.0])
    wanted = -factor * logits.sigmoid().log().mean()
    torch.testing.assert_close(game.objective().generator(logits, None), wanted)
    assert game.objective().formula.startswith("-1/2" if factor == 0.5 else "-E")


def test_by_gradient_descent_either_player_follows_its_whole_loss():
    """The paper's algorithm 1: one rate for the ascent of V and for G's descent."""
    changed = {"optimizer": "sgd", "beta1": 0.0, "dropout": 0.0, "generator_lr": 0.25}
    settings, data = checks.small("gan").settings.tuned(changed), checks.random_images((1, 8, 8))
    gan = checks.built(partial(Gan, settings=settings, task=checks.task_of(Gan, data)))
    gan.rng.manual_seed(0)
    fake, real = gan.fake(8), gan.draw(8)
    loss = -gan.logits(fake).sigmoid().log().mean()
    gradient = gan.gradient(loss, "generator", retain_graph=True)
    wanted = _weights(gan.generator) - 0.25 * torch.cat([part.flatten() for part in gradient])
    gan.train_generator(gan.generator_losses(fake, real, [gan.objective()])[0])
    torch.testing.assert_close(_weights(gan.generator), wanted)


def test_initial_weights_of_the_paper():
    ranges = {"generator_range": 0.05, "discriminator_range": 0.005}
    settings = checks.small("gan").settings.tuned(ranges)
    data = checks.random_images((1, 8, 8))
    gan = checks.built(partial(Gan, settings=settings, task=checks.task_of(Gan, data)))
    for network, limit in ((gan.generator, 0.05), (gan.discriminator, 0.005)):
        weights = [m for m in network.modules() if isinstance(m, torch.nn.Linear)]
        largest = max(float(m.weight.detach().abs().max()) for m in weights)
        assert 0.9 * limit < largest <= limit
        assert all(not m.bias.any() for m in weights)


def test_a_share_of_the_input_is_left_out_in_training_alone():
    gan = checks.built(checks.tiny("gan"), {"input_dropout": 0.5})
    real = gan.draw(8).samples
    left = gan.discriminator.input_dropout(real)
    assert 0.3 < float((left == 0).float().mean()) < 0.7
    gan.configure({"input_dropout": 0.25})
    assert gan.discriminator.input_dropout.share == 0.25
    assert all(m.p == 0.3 for m in gan.discriminator.modules() if isinstance(m, torch.nn.Dropout))
    with gan.judging():
        assert torch.equal(gan.discriminator.input_dropout(real), real)


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
