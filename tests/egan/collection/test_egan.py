"""E-GAN's game: its codes, what D sees, and what its preset of the paper's is."""

import dataclasses

import pytest
import torch
from gans import parts_for, tiny_config

from egan import collection
from egan.config import EvolutionConfig
from egan.losses.discriminator import fake_loss, real_loss
from egan.tasks import Batch


def game(**changed):
    return parts_for(tiny_config(settings=changed)).build({})


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("latent", ["normal", "uniform"])
def test_codes_follow_the_law_that_is_asked_for(latent):
    z = game(latent=latent, latent_dim=3).codes(400, seeded())["z"]
    normal, unit = (draw(400, 3, generator=seeded()) for draw in (torch.randn, torch.rand))
    assert torch.equal(z, normal if latent == "normal" else 2 * unit - 1)


@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_the_discriminator_sees_scaled_samples(scale):
    one = game(input_scale=scale)
    real, fake = (Batch(torch.randn(5, 2, generator=seeded(i))) for i in range(2))
    seen = [one.discriminator(scale * batch.samples) for batch in (real, fake)]
    assert not torch.equal(seen[0], one.discriminator(3.0 * real.samples))
    assert torch.equal(one.logits(real), seen[0])
    assert torch.equal(one.real_loss(real), real_loss(seen[0]))
    assert torch.equal(one.fake_loss(fake), fake_loss(seen[1]))


def test_r1_is_the_slope_in_the_samples_before_they_are_scaled():
    one = game(input_scale=4.0, r1_weight=0.75)
    samples = torch.randn(5, 2, generator=seeded(), requires_grad=True)
    [slope] = torch.autograd.grad(one.discriminator(4.0 * samples).sum(), samples)
    expected = 0.75 * 0.5 * slope.square().sum(dim=1).mean()
    torch.testing.assert_close(one.real_penalty(Batch(samples.detach())), expected)


def test_penalties_without_weight_are_none():
    one = game(r1_weight=0.0, gradient_penalty_weight=0.0)
    batch = Batch(torch.zeros(4, 2))
    assert one.real_penalty(batch) is one.penalty(batch, batch) is None


def test_the_paper_preset():
    """The rate, betas, batch and steps of D in the listing; the rest of the authors' CIFAR-10."""
    config = collection.preset("egan:paper")
    s, e, data = config.settings, config.evolution, config.data
    assert (data.name, data.image_size, config.generations) == ("cifar10", 32, 100_000)
    assert config.mutations == ("minimax", "heuristic", "least_squares")
    assert (s.generator_lr, s.discriminator_lr, s.beta1, s.beta2) == (2e-4, 2e-4, 0.5, 0.99)
    assert (s.batch_size, s.discriminator_steps, s.ema_decay) == (16, 2, 0.0)
    assert (s.network, s.width, s.discriminator_width) == ("dcgan", 128, 128)
    assert (s.generator_norm, s.discriminator_norm) == ("none", "batch")
    assert (s.generator_init, s.discriminator_init) == ("normal", "normal")
    assert (s.latent, s.latent_dim, s.input_scale) == ("uniform", 100, 1.0)
    assert (s.r1_weight, s.gradient_penalty_weight) == (0.0, 0.0)
    assert (e.num_survivors, e.selection, e.fresh_codes) == (1, "comma", True)
    assert (e.diversity, e.diversity_weight, e.num_samples) == ("gradient", 0.004, 256)
    known = {"diversity_weight", "num_samples", "fresh_codes", "diversity_cap"}
    given, default = dataclasses.asdict(e), dataclasses.asdict(EvolutionConfig())
    assert {name for name, value in given.items() if value != default[name]} <= known
