"""The pyramid and its inverse, the paper's networks, a game a level, images from small to large."""

import itertools
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from egan import collection
from egan.collection.lapgan.model import Lapgan, joined
from egan.collection.lapgan.networks import (
    DetailDiscriminator,
    DetailGenerator,
    assembled,
    doubled,
    gaussian_pyramid,
    halved,
    laplacian_pyramid,
)
from egan.collection.testing import built, random_images, small, task_of


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def model(shape=(3, 16, 16), **changed):
    settings = small("lapgan").settings.tuned({"batch_size": 4, "levels": 2, **changed})
    made = built(partial(Lapgan, settings=settings, task=task_of(Lapgan, random_images(shape))))
    made.rng = rng()
    made.training(True)
    return made


def images(size=32, seed=0):
    return 2 * torch.rand(5, 3, size, size, generator=rng(seed)) - 1


def weights(network):
    return torch.cat([p.detach().flatten().clone() for p in network.parameters()])


@pytest.mark.parametrize("levels", [0, 1, 2, 3])
def test_the_pyramid_has_an_exact_inverse(levels):
    parts = laplacian_pyramid(images(), levels)
    assert [part.shape[-1] for part in parts] == [32 >> k for k in range(levels + 1)]
    assert (assembled(parts) - images()).abs().max() <= 1e-6
    parts[0] += 0.5
    assert (assembled(parts) - images()).abs().min() > 0.1


def test_halving_blurs_by_binomial_weights():
    image = images(8)[:1, :1]
    taps = np.array([1, 4, 6, 4, 1]) / 16
    padded = np.pad(image[0, 0].double().numpy(), 2, mode="edge")
    expected = [
        [
            (padded[2 * i : 2 * i + 5, 2 * j : 2 * j + 5] * np.outer(taps, taps)).sum()
            for j in range(4)
        ]
        for i in range(4)
    ]
    assert np.allclose(halved(image)[0, 0].numpy(), expected, atol=1e-6)


def test_constants_have_no_details():
    flat = torch.full((1, 1, 16, 16), 0.3)
    *details, smallest = laplacian_pyramid(flat, 2)
    assert all(detail.abs().max() < 1e-6 for detail in details)
    assert torch.allclose(smallest, torch.full((1, 1, 4, 4), 0.3))


def test_what_cannot_be_halved_so_often_is_refused():
    for size, levels in ((16, 3), (28, 3), (8, 2), (8, 10**9)):
        with pytest.raises(ValueError, match=f"--levels {levels} halves images down to 4"):
            gaussian_pyramid(images(size), levels)
    with pytest.raises(ValueError, match="give fewer"):
        model((1, 8, 8))


def test_the_papers_networks():
    s = collection.preset("lapgan:paper").settings
    generator = DetailGenerator(3, noise_channels=s.noise_channels, width=s.width)
    found = [one for one in generator.modules() if isinstance(one, torch.nn.Conv2d)]
    sizes = [(one.in_channels, one.out_channels, one.kernel_size[0]) for one in found]
    assert sizes == [(4, 64, 7), (64, 64, 7), (64, 3, 5)]
    judge = DetailDiscriminator(3, 32, width=s.discriminator_width, dropout=s.dropout)
    found = [one for one in judge.modules() if isinstance(one, torch.nn.Conv2d)]
    sizes = [(one.out_channels, one.kernel_size[0], one.stride[0]) for one in found]
    assert sizes == [(64, 5, 1), (64, 5, 2)]


def test_a_real_sample_has_all_sizes_of_an_image():
    made = model()
    parts = made.parted(made.draw(4).samples)
    made.rng = rng()
    expected = gaussian_pyramid(made.task.data.draw(4, made.rng), 2)
    assert all(torch.equal(one, other) for one, other in zip(parts, expected, strict=True))
    assert torch.equal(joined(parts), joined(expected))


def test_each_level_adds_details_to_what_real_images_have():
    made = model()
    codes = made.codes(4, rng())
    parts = made.parted(made.generate(made.generator, codes))
    sizes = gaussian_pyramid(made.task.data.draw(4, rng()), 2)
    for level in range(2):
        low = doubled(sizes[level + 1])
        network = made.networks[f"generator_level_{level}"]
        expected = low + network(low, codes[f"noise_level_{level}"])
        assert torch.allclose(parts[level], expected, atol=1e-6)
    assert torch.equal(parts[2], made.networks["generator_level_2"](codes["z"]))


def test_losses_are_means_over_levels_that_have_nothing_in_common():
    made = model(dropout=0.0)
    real, fake = made.draw(4), made.fake(4)
    halves = []
    for level in range(3):
        judge = made.networks[f"discriminator_level_{level}"]
        r, f = (judge(made.parted(batch.samples)[level]).double() for batch in (real, fake))
        halves.append(F.softplus(-r).mean() + F.softplus(f).mean())
    loss = made.discriminator_loss(real, fake)
    assert loss.item() == pytest.approx(sum(halves).item() / 3, rel=1e-5)
    gradient = made.gradient(halves[1] / 3, *made.sides.environment, retain_graph=True)
    whole = made.gradient(loss, *made.sides.environment)
    for name, part, one in zip(
        itertools.chain.from_iterable(
            [name] * len(made.parameters(name)) for name in made.sides.environment
        ),
        gradient,
        whole,
        strict=True,
    ):
        assert (part is None) == (name != "discriminator_level_1")
        assert part is None or torch.allclose(part.float(), one, atol=1e-6)


def test_gradient_descent_takes_the_papers_rate_at_every_level():
    plain, descends = model(), model(optimizer="sgd", generator_lr=0.02)
    assert plain.learning_rate("generator_level_0") == plain.settings.generator_lr
    assert descends.learning_rate("generator_level_0") == pytest.approx(0.06)
    before = weights(descends.networks["discriminator_level_0"])
    descends.update()
    assert not torch.equal(weights(descends.networks["discriminator_level_0"]), before)


def test_images_grow_from_the_smallest_size():
    made = model()
    noise = made.noise(3, rng())
    with made.judging():
        largest, middle, smallest = made.grown(noise)
        top = made.networks["generator_level_2_average"].module
        assert torch.equal(smallest, top(noise["z"]))
        for image, below, level in ((middle, smallest, 1), (largest, middle, 0)):
            network = made.networks[f"generator_level_{level}_average"].module
            low = doubled(below)
            assert torch.equal(image, low + network(low, noise[f"noise_level_{level}"]))
        assert torch.equal(made.sample(3, rng()), largest.clamp(-1, 1))
        other = {**noise, "noise_level_0": torch.zeros_like(noise["noise_level_0"])}
        changed = made.grown(other)
    assert torch.equal(changed[1], middle)
    assert not torch.equal(changed[0], largest)


def test_one_level_is_a_plain_game_at_full_size():
    made = model(levels=0)
    assert made.sides == (("generator_level_0",), ("discriminator_level_0",))
    assert made.draw(4).samples.shape == (4, 3 * 16 * 16)
    made.update()
    assert made.sample(2, rng()).shape == (2, 3, 16, 16)


def test_the_dropout_of_discriminators_is_a_live_setting():
    made = model(dropout=0.25)
    made.configure({"dropout": 0.1})
    found = [one.p for one in made.networks["discriminator_level_0"].modules() if hasattr(one, "p")]
    assert found == [0.1]
    with pytest.raises(ValueError, match=r"--dropout must be in \[0, 1\)"):
        model(dropout=1.0)
