"""f-GAN: both players follow the chosen divergence, one after the other or at once."""

import dataclasses

import pytest
import torch

from egan import collection
from egan.collection import testing as checks
from egan.collection.fgan.model import Fgan
from egan.collection.fgan.networks import Bounded
from egan.data import load
from egan.losses.discriminator import discriminator_loss
from egan.losses.divergences import F_DIVERGENCES
from egan.tasks import Batch

NAMES = list(F_DIVERGENCES)


def built(**changed):
    member = checks.built(checks.tiny("fgan"), changed)
    member.training(True)
    member.rng.manual_seed(0)
    return member


def on_line(**changed):
    settings = collection.preset("fgan:line").settings
    settings = dataclasses.replace(settings, discriminator_width=8, batch_size=16, **changed)
    task = checks.task_of(Fgan, load("bimodal"))
    task.num_judged = 1000
    member = checks.built(lambda h: Fgan(h, settings=settings, task=task))
    member.rng.manual_seed(0)
    return member


@pytest.mark.parametrize("name", NAMES)
def test_the_players_losses_are_the_two_sides_of_the_bound(name):
    member, f = built(divergence=name, heuristic=False), F_DIVERGENCES[name]
    real, fake = member.draw(), member.fake(8)
    on_real, on_fake = member.logits(real), member.logits(fake)
    value = f.activation(on_real).mean() - f.conjugate(f.activation(on_fake)).mean()
    torch.testing.assert_close(member.discriminator_loss(real, fake), -value)
    [loss] = member.generator_losses(fake, real, [member.objective()])
    rest = f.activation(on_real).mean()
    torch.testing.assert_close(loss + rest, value)


@pytest.mark.parametrize("name", NAMES)
def test_the_heuristic_raises_the_output_on_samples(name):
    member = built(divergence=name, heuristic=True)
    fake = member.fake(8)
    [loss] = member.generator_losses(fake, member.draw(), [member.objective()])
    expected = -F_DIVERGENCES[name].activation(member.logits(fake)).mean()
    torch.testing.assert_close(loss, expected)


def test_the_gan_divergence_is_the_logistic_game():
    member = built(divergence="gan")
    real, fake = member.draw(), member.fake(8)
    expected = discriminator_loss(member.logits(real), member.logits(fake))
    torch.testing.assert_close(member.discriminator_loss(real, fake), expected)


@pytest.mark.parametrize("name", NAMES)
def test_every_divergence_trains_on_points_and_stays_finite(name):
    member = on_line(divergence=name)
    for _ in range(3):
        member.update()
    assert all(p.isfinite().all() for p in member.generator.parameters())


def test_at_once_both_gradients_are_taken_before_either_moves():
    one, two = built(simultaneous=True), built(simultaneous=True)
    fake, real = one.fake(8), one.draw()
    [loss] = one.generator_losses(fake, real, [one.objective()])
    wanted = torch.autograd.grad(loss, list(one.generator.parameters()))
    two.update()
    for gradient, parameter in zip(wanted, two.generator.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


def test_one_after_the_other_the_generator_meets_the_moved_function():
    one, two = built(simultaneous=True), built()
    one.update()
    two.update()
    pairs = zip(one.generator.parameters(), two.generator.parameters(), strict=True)
    assert any(not torch.equal(a, b) for a, b in pairs)


def test_the_output_is_bounded_with_slope_one_at_nought():
    values = torch.tensor([-1e6, -1e-3, 0.0, 1e-3, 1e6])
    bounded = Bounded(5.0)(values)
    torch.testing.assert_close(bounded, torch.tensor([-5.0, -1e-3, 0.0, 1e-3, 5.0]))
    member = built()
    member.configure({"bound": 0.01})
    assert member.logits(member.draw()).abs().max() <= 0.01


def test_the_linear_generator_is_a_gaussian_of_its_mean_and_deviation():
    member = on_line()
    layer = member.average.map
    with torch.no_grad():
        layer.weight.fill_(0.3)
        layer.bias.fill_(-2.0)
        made = member.samples(4000, torch.Generator().manual_seed(0))
    assert made.mean() == pytest.approx(-2, abs=0.02)
    assert made.std() == pytest.approx(0.3, abs=0.01)


def test_the_estimate_is_the_bound_on_samples():
    member = on_line(divergence="pearson")
    with member.judging():
        member.rng.manual_seed(3)
        estimate = member.estimate()
        member.rng.manual_seed(3)
        real = member.logits(Batch(member.task.data.draw(1000, member.rng)))
        fake = member.logits(member.fake(1000))
    assert estimate == pytest.approx(float(real.mean() - (fake**2 / 4 + fake).mean()), rel=1e-5)


def test_a_linear_generator_makes_no_images():
    settings = dataclasses.replace(collection.preset("fgan").settings, network="linear")
    task = checks.task_of(Fgan, checks.random_images((1, 8, 8)))
    with pytest.raises(ValueError, match="--network linear is for points"):
        Fgan({}, settings=settings, task=task)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"bound": 0.0}, "--bound must be above 0"),
        ({"simultaneous": True, "discriminator_steps": 2}, "--discriminator-steps 2 has no place"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changed, text):
    with pytest.raises(ValueError, match=text):
        collection.preset("fgan").settings.tuned(changed)


def test_the_papers_networks_for_mnist():
    sizes = checks.paper_sizes("fgan")
    assert sizes["generator"] == 101 * 1200 + 1201 * 1200 + 4 * 1200 + 1201 * 784
    assert sizes["discriminator"] == 785 * 240 + 241 * 240 + 241


def test_the_papers_networks_start_as_published():
    settings = dataclasses.replace(
        collection.preset("fgan:paper").settings, width=8, discriminator_width=8, latent_dim=4
    )
    member = checks.built(
        lambda h: Fgan(h, settings=settings, task=checks.task_of(Fgan, load("digits")))
    )
    for network, scale in ((member.generator, 0.05), (member.discriminator, 0.005)):
        layers = [one for one in network.modules() if isinstance(one, torch.nn.Linear)]
        assert len(layers) == 3
        for layer in layers:
            assert 0.5 * scale < layer.weight.abs().max() <= scale
            assert not layer.bias.any()
    units = {type(one) for one in member.discriminator.modules()}
    assert torch.nn.ELU in units
    assert torch.nn.LeakyReLU not in units
    codes = member.codes(1000, torch.Generator().manual_seed(0))["z"]
    assert 0.99 < codes.max() <= 1
    assert -1 <= codes.min() < -0.99
    assert not settings.ema_decay
