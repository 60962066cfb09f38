"""The bound is a bound, and exact where the posterior is."""

import dataclasses
import math
from functools import partial

import numpy as np
import pytest
import torch

from egan import collection
from egan.collection import testing as checks
from egan.collection.vae import VaeSettings
from egan.collection.vae.model import Vae
from egan.collection.vae.networks import linear
from egan.data import load
from egan.data.dataset import Dataset
from egan.losses.variational import gaussian_kl, reparameterise
from population.seeding import preserved_randomness

SIZE, LATENT, STD = 5, 2, 0.5


def pca_data(count=4000):
    """Return x = W z + m + 0.5 noise, and the covariance and mean of x."""
    rng = np.random.default_rng(3)
    loadings, mean = rng.normal(size=(SIZE, LATENT)), rng.normal(size=SIZE)
    noise = STD * rng.normal(size=(count, SIZE))
    samples = rng.normal(size=(count, LATENT)) @ loadings.T + mean + noise
    return Dataset("pca", samples.astype(np.float32)), loadings, mean


def exact(samples, loadings, mean):
    covariance = loadings @ loadings.T + STD**2 * np.eye(SIZE)
    law = torch.distributions.MultivariateNormal(
        torch.from_numpy(mean), torch.from_numpy(covariance)
    )
    return law.log_prob(samples.double())


def linear_vae(data, **changes):
    settings = VaeSettings(network="linear", likelihood="gaussian", latent_dim=LATENT, **changes)
    task = checks.task_of("vae", data)
    return checks.built(partial(Vae, settings=settings, task=task, interval=400))


def test_the_bound_of_the_exact_posterior_is_the_exact_likelihood():
    data, loadings, mean = pca_data(200)
    model = linear_vae(data)
    inner = loadings.T @ loadings / STD**2 + np.eye(LATENT)
    inverse = np.linalg.inv(inner)
    root = np.linalg.eigh(inverse)[1]  # turns z so that the posterior's covariance is diagonal
    loadings = loadings @ root
    inverse = root.T @ inverse @ root
    gain = inverse @ loadings.T / STD**2
    decoder, encoder = model.vae.decoder, model.vae.encoder
    with torch.no_grad():
        decoder.body[0].weight.copy_(torch.from_numpy(loadings))
        decoder.body[0].bias.copy_(torch.from_numpy(mean))
        decoder.log_variance.fill_(2 * math.log(STD))
        encoder.head.weight.zero_()
        encoder.head.weight[:LATENT] = torch.from_numpy(gain)
        encoder.head.bias[:LATENT] = torch.from_numpy(-gain @ mean)
        encoder.head.bias[LATENT:] = torch.from_numpy(np.log(np.diag(inverse)))
        samples = data.real(50)
        bounds = [model.bound(samples, num) for num in (1, 7)]  # all weights are p(x)
    for bound in bounds:
        expected = exact(samples, loadings, mean)
        torch.testing.assert_close(bound.double(), expected, atol=2e-4, rtol=0)


def test_training_closes_the_gap_to_the_exact_likelihood():
    data, loadings, mean = pca_data()
    model = linear_vae(data, lr=1e-2, batch_size=256)
    with preserved_randomness():
        for rate in (2e-2, 2e-2, 1e-2, 3e-3, 1e-3):
            model.configure({"lr": rate})
            model.step()
    samples = data.tensor(np.arange(len(data)))
    with torch.no_grad():
        posterior = model.encode(samples)
        fits = [
            model.log_likelihood(samples, reparameterise(*posterior, rng=model.rng))
            for _ in range(5)
        ]
        bound = torch.stack(fits).mean() - gaussian_kl(*posterior).mean()
    gap = exact(samples, loadings, mean).mean() - bound
    assert -0.02 < gap < 0.05


def test_more_codes_give_a_tighter_bound():
    model = checks.built(checks.tiny("vae"))
    samples = model.task.held_out.real(50)
    with torch.no_grad():
        model.rng.manual_seed(0)
        one, many = model.bound(samples, 1).mean(), model.bound(samples, 50).mean()
        posterior = model.encode(samples)
    assert many > one
    assert posterior.mean.shape == (50, 2)


def test_warm_up_and_weight_scale_the_divergence():
    def state(**changes):
        model = checks.built(checks.tiny("vae"), changes)
        with preserved_randomness():
            model.rng.manual_seed(0)
            model.update()
        return torch.cat([p.flatten() for p in model.vae.parameters()])

    assert torch.equal(state(warm_up=4), state(kl_weight=0.25))
    assert not torch.equal(state(warm_up=4), state())


def test_the_papers_networks():
    settings = dataclasses.replace(collection.preset("vae:paper").settings, batch_size=2)
    task = checks.task_of("vae", checks.random_images((1, 28, 28)))
    model = checks.built(partial(Vae, settings=settings, task=task))
    weights = {k: tuple(v.shape) for k, v in model.vae.named_parameters() if "weight" in k}
    assert set(weights.values()) == {(500, 784), (40, 500), (500, 20), (784, 500)}


def test_the_papers_start_and_prior():
    settings = collection.preset("vae:paper").settings
    task = checks.task_of("vae", checks.random_images((1, 28, 28)))
    model = checks.built(partial(Vae, settings=settings, task=task))
    start = torch.cat([p.flatten() for p in model.vae.encoder.parameters()])
    assert start.std().item() == pytest.approx(0.1, rel=0.01)
    squares = sum(p.square().sum() for p in model.vae.decoder.parameters())
    assert torch.allclose(model.prior(), squares / (2 * len(task.data)))


def test_the_prior_is_descended():
    def size(weight):
        model = checks.built(checks.tiny("vae"), {"prior_weight": weight})
        with preserved_randomness():
            for _ in range(20):
                model.update()
        return float(model.prior().detach())

    assert size(50.0) < size(0.0)


def test_a_hidden_layer_sees_pixels_from_nought_to_one():
    model = checks.built(checks.tiny("vae"), {"network": "mlp"})
    images = model.task.held_out.real(3)
    direct = model.vae.encoder((images + 1) / 2)
    assert torch.equal(model.encode(images).mean, direct.mean)


@pytest.mark.parametrize("network", ["conv", "mlp", "linear"])
def test_decoded_variances(network):
    changes = {"network": network, "likelihood": "gaussian", "variance": "decoded"}
    model = checks.built(checks.tiny("vae"), changes)
    images, codes = model.task.held_out.real(3), torch.randn(3, 2)
    mean, log_variance = model.moments(codes)
    assert mean.shape == log_variance.shape == images.shape
    law = torch.distributions.Normal(mean, (log_variance / 2).exp())
    expected = law.log_prob(images).flatten(1).sum(dim=1)
    torch.testing.assert_close(model.log_likelihood(images, codes), expected)
    assert torch.equal(model.decode(codes), mean)
    assert model.mean(codes).shape == images.shape
    with preserved_randomness():
        model.update()


def test_a_linear_model_has_no_hidden_layer():
    network = linear((1, 4, 4), width=9, latent_dim=3)
    assert sum(p.numel() for p in network.parameters()) == 16 * 6 + 6 + 3 * 16 + 16 + 1


def test_pixels_of_a_bernoulli_are_in_range():
    with pytest.raises(ValueError, match="--likelihood gaussian"):
        checks.built(checks.tiny("vae", load("gaussians8")))


def test_tokens_have_no_such_likelihood():
    data = Dataset("words", np.zeros((8, 5), np.int64), vocabulary=3)
    with pytest.raises(ValueError, match="Vae needs images or clips or points or series"):
        checks.built(checks.tiny("vae", data))


def test_its_density_is_what_the_task_scores():
    model = checks.built(checks.tiny("vae"))
    with model.judging():
        model.rng.manual_seed(0)
        own = model.score()["fitness"]
        task = model.task.score(model, torch.Generator().manual_seed(0))["fitness"]
    assert own == pytest.approx(task, rel=1e-5)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_naive_densities_are_of_its_likelihood(likelihood):
    model = checks.built(checks.tiny("vae"), {"likelihood": likelihood})
    assert model.task.likelihood == likelihood
