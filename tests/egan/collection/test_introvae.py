"""IntroVAE: losses, the margin from the warm-up, who is trained by which loss."""

import pytest
import torch

from egan import collection
from egan.collection import testing as checks
from egan.losses.variational import gaussian_kl


@pytest.fixture
def member():
    member = checks.built(checks.tiny("introvae"), {"margin": 0.0, "warm_up": 2})
    member.training(True)
    member.rng.manual_seed(0)
    return member


def run(member, updates):
    for _ in range(updates):
        member.update()
        member.updates += 1


def weights(network):
    return torch.cat([p.detach().flatten() for p in network.parameters()])


def test_the_warm_up_measures_the_margin(member):
    assert member.margin == 0
    run(member, 2)
    measured = float(member.encoder.divergence)
    assert measured > 0
    assert float(member.margin) == pytest.approx(1.5 * measured)
    run(member, 1)
    assert float(member.encoder.divergence) == measured


def test_a_margin_of_ones_own():
    member = checks.built(checks.tiny("introvae"), {"margin": 7.0, "warm_up": 0})
    assert float(member.margin) == 7.0
    with pytest.raises(ValueError, match="--margin 0 takes"):
        checks.built(checks.tiny("introvae"), {"margin": 0.0})


def test_losses_are_the_papers(member):
    member.encoder.divergence.fill_(4.0)
    images = member.draw().samples
    made = images.flip(0), -images
    posterior = member.encode(images)
    real, *energies = (gaussian_kl(*member.encode(x)) for x in (images, *made))
    error = 0.5 * (made[0] - images).square().flatten(1).sum(1).mean()
    s = member.settings
    hinges = sum((6.0 - energy).clamp(min=0).mean() for energy in energies)
    expected = real.mean() + s.adversarial_weight * hinges + s.reconstruction_weight * error
    assert torch.allclose(member.encoder_loss(images, posterior, made), expected)
    fooled = s.adversarial_weight * sum(energy.mean() for energy in energies)
    assert torch.allclose(
        member.decoder_loss(images, made), fooled + s.reconstruction_weight * error
    )


def test_the_encoder_does_not_learn_through_the_samples_that_it_rejects(member):
    images = member.draw().samples
    made = tuple(x.clone().requires_grad_() for x in (images, images))
    posterior = member.encode(images)
    member.encoder.divergence.fill_(100.0)
    member.configure({"reconstruction_weight": 0.0})
    loss = member.encoder_loss(images, posterior, made)
    assert torch.autograd.grad(loss, made, allow_unused=True)[1] is None


def test_a_loss_trains_one_network(member):
    run(member, 2)
    before = {name: weights(one) for name, one in member.networks.items()}
    member.configure({"encoder_lr": 1e-30})
    run(member, 1)
    assert torch.allclose(weights(member.encoder), before["encoder"], atol=1e-12)
    assert not torch.equal(weights(member.decoder), before["decoder"])


def test_the_decoder_may_weigh_what_it_makes_otherwise(member):
    images = member.draw().samples
    made = images.flip(0), -images
    member.configure({"reconstruction_weight": 0.0})
    alone = member.decoder_loss(images, made)
    member.configure({"reconstruction_weight": 0.0, "generator_adversarial_weight": 0.5})
    assert torch.allclose(member.decoder_loss(images, made), 2 * alone)


def test_the_papers_layers():
    settings = collection.preset("introvae:paper").settings
    assert settings.reconstruction_weight * 0.5 * 4 == 0.05
    images = checks.random_images((3, 16, 16))
    changes = {"network": "paper", "margin": 7.0, "warm_up": 0}
    member = checks.built(checks.tiny("introvae", images), changes)
    kinds = [type(layer).__name__ for layer in member.encoder.layers]
    block = ["PostBlock", "AvgPool2d"]
    first = ["Conv2d", "BatchNorm2d", "LeakyReLU", "AvgPool2d"]
    assert kinds == [*first, *block, "PostBlock", "Flatten", "Linear"]
    kinds = [type(layer).__name__ for layer in member.decoder.layers]
    block = ["PostBlock", "Upsample"]
    assert kinds == ["Linear", "Unflatten", "ReLU", *block, *block, "PostBlock", "Conv2d"]
    shapes = [p.shape for p in member.decoder.layers[3].parameters()]
    assert shapes == [(8, 8, 3, 3), (8,), (8,), (8, 8, 3, 3), (8,), (8,)]
    with torch.no_grad():
        member.decoder.layers[-1].bias.fill_(9.0)
    made = member.sample(3, torch.Generator().manual_seed(0))
    assert made.shape == (3, 3, 16, 16)
    assert made.max() == 1


@pytest.mark.parametrize("size", [8, 28, 32])
def test_shapes(size):
    member = checks.built(checks.tiny("introvae", checks.random_images((3, size, size))))
    images = member.draw().samples
    mean, log_variance = member.encode(images)
    assert mean.shape == log_variance.shape == (8, 2)
    assert member.energy(images).shape == (8,)
    assert member.reconstruct(images).shape == images.shape
