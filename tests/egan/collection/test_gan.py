"""The plain game: what either player minimises, and which units it has."""

from functools import partial

import collection_checks as checks
import numpy as np
import pytest
import torch

import mutations
from egan.collection.gan import Gan, Maxout
from population.seeding import preserved_randomness


def test_the_losses_are_those_of_the_paper():
    gan = checks.built(checks.tiny("gan"), {"dropout": 0.0, "generator_loss": "minimax"})
    gan.random.manual_seed(0)
    real, fake = gan.draw(32), gan.fake(32)
    reals, fakes = gan.logits(real).double().sigmoid(), gan.logits(fake).double().sigmoid()
    value = reals.log().mean() + (1 - fakes).log().mean()
    torch.testing.assert_close(
        gan.discriminator_loss(real, fake).double(), -value, rtol=1e-5, atol=0
    )
    minimax = gan.generator_loss(fake, real, gan.objective()).double()
    torch.testing.assert_close(minimax, 0.5 * (1 - fakes).log().mean(), rtol=1e-5, atol=0)


def test_each_player_moves_by_its_own_loss_alone():
    gan = checks.built(checks.tiny("gan"))
    before = {name: _weights(network) for name, network in gan.networks.items()}
    gan.random.manual_seed(0)
    gan.train_discriminator(gan.draw(), gan.fake(8))
    assert torch.equal(_weights(gan.generator), before["generator"])
    assert not torch.equal(_weights(gan.discriminator), before["discriminator"])
    middle = _weights(gan.discriminator)
    fake = gan.fake(8)
    gan.train_generator(gan.generator_loss(fake, gan.draw(), mutations.get("heuristic")))
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


def test_maxout_takes_the_largest_piece_of_each_unit():
    hidden = torch.tensor([[1.0, 5.0, 2.0, -3.0, -1.0, -2.0]])
    assert Maxout(3)(hidden).tolist() == [[5.0, -1.0]]


def test_points_are_made_too():
    build = checks.tiny("gan", checks.load_data("gaussians8"))
    checks.check_samples("gan", build)


@pytest.mark.parametrize(("latent", "low"), [("uniform", -1.0), ("normal", -6.0)])
def test_codes_have_the_law_that_is_asked_for(latent, low):
    z = checks.built(checks.tiny("gan"), {"latent": latent}).codes(5000, torch.Generator())["z"]
    assert low <= float(z.min()) < low / 3
    assert abs(float(z.mean())) < 0.03


def test_a_live_gan_takes_over_rates_and_dropout():
    gan = checks.built(checks.tiny("gan"))
    gan.configure({"generator_lr": 0.5, "beta1": 0.25, "dropout": 0.125, "ema_decay": 0.75})
    group = gan.optimizers["generator"].param_groups[0]
    assert (group["lr"], group["betas"][0]) == (0.5, 0.25)
    assert gan.averaging.decay == 0.75
    shares = {m.p for m in gan.discriminator.modules() if isinstance(m, torch.nn.Dropout)}
    assert shares == {0.125}


def test_momentum_is_the_papers_optimiser():
    settings = checks.small("gan").settings.tuned({"optimizer": "sgd", "beta1": 0.7})
    data = checks.random_images((1, 8, 8))
    gan = checks.built(partial(Gan, settings=settings, task=checks.task(data)))
    assert gan.optimizers["generator"].param_groups[0]["momentum"] == 0.7
    assert np.isfinite(gan.evaluate()["fitness"])
