"""The losses against formulas, both constraints, both papers' networks."""

from functools import partial

import pytest
import torch
from torch import nn
from updates import check_update

from egan import collection
from egan.collection.testing import built, paper_sizes, random_images, small, task_of
from egan.collection.wgan.model import Wgan
from egan.data import load
from egan.networks.blocks import WEIGHTED
from egan.networks.residual import ResidualBlock
from egan.tasks import Batch
from population.seeding import preserved_randomness

TINY = {"width": 2, "discriminator_width": 2, "batch_size": 4, "latent_dim": 4}


def model(dataset=None, **changed):
    settings = small("wgan").settings.tuned({**TINY, **changed})
    return built(
        partial(Wgan, settings=settings, task=task_of(Wgan, dataset or random_images((1, 8, 8))))
    )


@pytest.fixture
def batches():
    generator = torch.Generator().manual_seed(0)
    return tuple(Batch(torch.rand(6, 1, 8, 8, generator=generator) * 2 - 1) for _ in range(2))


def test_the_gap_is_the_critics_loss_and_the_generator_raises_its_score(batches):
    one, (real, fake) = model(constraint="clip"), batches
    f, g = one.discriminator(real.samples).mean(), one.discriminator(fake.samples).mean()
    assert torch.isclose(one.discriminator_loss(real, fake), g - f)
    assert torch.isclose(one.generator_losses(fake, real, [one.objective()])[0], -g)


def test_the_penalty_is_of_the_slope_on_the_line_between():
    """f(x) = 3 x has slope 3 everywhere, so the penalty is λ (3 − 1)²."""
    one = model(load("bimodal"), network="mlp", generator_norm="none", penalty_weight=10.0)
    one.networks["discriminator"] = nn.Sequential(nn.Linear(1, 1), nn.Flatten(0))
    nn.init.constant_(one.discriminator[0].weight, 3.0)
    real, fake = (Batch(torch.full((4, 1), at)) for at in (1.0, 0.5))
    assert float(one.discriminator_loss(real, fake).detach()) == pytest.approx(10 * 4 - 3 * 0.5)
    one.configure({"penalty_weight": 1.0})
    assert float(one.discriminator_loss(real, fake).detach()) == pytest.approx(4 - 3 * 0.5)


def test_weights_are_clipped_after_each_step(batches):
    one = model(constraint="clip", clip=0.003)
    one.train_discriminator(*batches)
    largest = max(float(p.detach().abs().max()) for p in one.discriminator.parameters())
    assert largest == pytest.approx(0.003)
    one.configure({"clip": 0.001})
    one.train_discriminator(*batches)
    assert max(float(p.detach().abs().max()) for p in one.discriminator.parameters()) < 0.0011


def test_the_penalty_clips_nothing(batches):
    one = model(discriminator_lr=1.0, clip=0.003)
    one.train_discriminator(*batches)
    assert max(float(p.detach().abs().max()) for p in one.discriminator.parameters()) > 0.1


def test_the_optimisers():
    clipped, penalised = model(constraint="clip"), model()
    assert all(isinstance(o, torch.optim.RMSprop) for o in clipped.optimizers.values())
    assert all(isinstance(o, torch.optim.Adam) for o in penalised.optimizers.values())
    clipped.configure({"generator_lr": 0.5, "discriminator_lr": 0.25})
    rates = {name: o.param_groups[0]["lr"] for name, o in clipped.optimizers.items()}
    assert rates == {"generator": 0.5, "discriminator": 0.25}


def test_the_critic_learns_the_distance_of_two_points():
    """Data at 0.4 and samples at 0: W = 0.4, which a critic of slope 1 reaches."""
    one = model(
        load("bimodal"), network="mlp", discriminator_width=16, generator_norm="none",
        penalty_weight=10.0,
    )  # fmt: skip
    real, fake = (Batch(torch.full((16, 1), at)) for at in (0.4, 0.0))
    for lr in (0.01, 0.001):
        one.configure({"discriminator_lr": lr})
        for _ in range(150):
            one.train_discriminator(real, fake)
    gap = one.discriminator(real.samples).mean() - one.discriminator(fake.samples).mean()
    assert float(gap.detach()) == pytest.approx(0.4, rel=0.05)


def test_the_gap_on_held_out_data_is_in_the_table():
    one = model()
    one.task.num_judged = 60
    with one.judging():
        assert "critic_gap" in one.look()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"clip": 0.0}, "--clip must be above 0"), ({"critic_norm": "batch"}, "--critic-norm batch")],
)
def test_what_makes_no_sense(wrong, says):
    with pytest.raises(ValueError, match=says):
        small("wgan").settings.tuned(wrong)


def paper(name, shape):
    config = collection.preset(f"wgan:{name}")
    config.check()
    return built(
        partial(Wgan, settings=config.settings, task=task_of(Wgan, random_images(shape, count=10)))
    )


def test_the_papers_settings():
    s = collection.preset("wgan:paper").settings
    assert (s.constraint, s.clip, s.discriminator_steps, s.batch_size) == ("clip", 0.01, 5, 64)
    assert (s.generator_lr, s.discriminator_lr) == (5e-5, 5e-5)
    assert (s.init, s.burst_steps) == ("normal", 100)
    s = collection.preset("wgan:paper_gp").settings
    assert (s.constraint, s.penalty_weight, s.discriminator_steps) == ("penalty", 10.0, 5)
    assert (s.beta1, s.beta2, s.batch_size) == (0.0, 0.9, 64)
    assert (s.generator_batches, s.dequantise, s.decay_updates) == (2, True, 100_000)
    assert s.init == "glorot"


def test_the_critic_takes_many_steps_at_first_and_now_and_then():
    one, seen = model(burst_steps=7, discriminator_steps=2), []
    for at in (0, 24, 25, 499, 500, 501):
        one.updates = at
        seen.append(one.critic_steps)
    assert seen == [7, 7, 2, 2, 7, 2]
    assert model(discriminator_steps=2).critic_steps == 2


def test_a_step_of_the_generator_has_its_own_number_of_samples(monkeypatch):
    one, sizes = model(generator_batches=3), []
    losses = one.generator_losses
    monkeypatch.setattr(
        one, "generator_losses", lambda fake, *a: (sizes.append(len(fake)), losses(fake, *a))[1]
    )
    with preserved_randomness():
        one.update()
    assert sizes == [12]


def test_greys_are_blurred_within_their_share():
    """Grey g of 256 becomes uniform in [2 g / 256 - 1, 2 (g + 1) / 256 - 1)."""
    data = random_images((1, 8, 8))
    plain, blurred = model(data), model(data, dequantise=True)
    plain.rng.manual_seed(0)
    blurred.rng.manual_seed(0)
    greys = (plain.draw(24).samples + 1) * 127.5
    places = (blurred.draw(24).samples + 1) * 128 - greys
    assert -1e-4 < float(places.min()) < 0.01
    assert 0.99 < float(places.max()) < 1 + 1e-4
    assert float(places.mean()) == pytest.approx(0.5, abs=0.02)


def test_rates_fall_to_zero_on_a_line():
    one, rates = model(decay_updates=4, generator_lr=0.4), []
    with preserved_randomness():
        for at in range(6):
            one.updates = at
            one.update()
            rates.append(one.optimizers["generator"].param_groups[0]["lr"])
    assert rates == pytest.approx([0.4, 0.3, 0.2, 0.1, 0.0, 0.0])


def test_initial_weights_of_the_papers():
    normal = model(init="normal", width=32, discriminator_width=32)
    for network in (normal.generator, normal.discriminator):
        weights = [m for m in network.modules() if isinstance(m, WEIGHTED)]
        drawn = torch.cat([m.weight.detach().flatten() for m in weights])
        assert float(drawn.std()) == pytest.approx(0.02, rel=0.05)
    residual = model(init="glorot", network="residual", width=32, discriminator_width=32)
    block = residual.discriminator[1]
    for layer, gain in ((block.conv1, 4), (block.skip, 2)):
        fans = 2 * 32 * layer.kernel_size[0] ** 2
        assert float(layer.weight.detach().var()) == pytest.approx(gain / fans, rel=0.1)
        assert not layer.bias.any()


def test_the_papers_dcgan():
    up = 16 * (512 * 256 + 256 * 128 + 128 * 64 + 64 * 3)
    widths = 256 + 128 + 64
    first = 101 * 512 * 16
    assert paper_sizes("wgan") == {
        "generator": first + up + widths + 3 + 2 * (512 + widths),
        "discriminator": up + 64 + 128 + 256 + 512 + 2 * (128 + 256 + 512) + 512 * 16 + 1,
    }


def test_the_papers_residual_networks():
    one = paper("paper_gp", (3, 32, 32))
    up = [m.resample for m in one.generator if isinstance(m, ResidualBlock)]
    down = [m.resample for m in one.discriminator if isinstance(m, ResidualBlock)]
    assert up == ["up"] * 3
    assert down == ["down", "down", "none", "none"]
    assert not any(isinstance(m, nn.BatchNorm2d) for m in one.discriminator.modules())
    assert one.generator(torch.zeros(2, 128)).shape == (2, 3, 32, 32)
    assert one.discriminator(torch.zeros(2, 3, 32, 32)).shape == (2,)


@pytest.mark.parametrize("size", [8, 28, 32])
@pytest.mark.parametrize("constraint", ["clip", "penalty"])
def test_residual_networks_at_other_sizes(size, constraint):
    changed = {**TINY, "network": "residual", "constraint": constraint}
    check_update(few_judged(random_images((1, size, size)), small("wgan"), **changed))


def test_points():
    config = collection.preset("wgan:gaussians25")
    config.check()
    check_update(few_judged(load(config.data.name), config))


def test_clipping_trains_from_its_preset():
    config = collection.preset("wgan:clip")
    config.check()
    check_update(few_judged(random_images((1, 8, 8)), config, **TINY))


def few_judged(dataset, config, **changed):
    return partial(Wgan, settings=config.settings.tuned(changed), task=task_of(Wgan, dataset))
