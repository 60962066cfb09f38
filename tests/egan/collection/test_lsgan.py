"""The losses against formulas, what they are at the best D, and the paper's networks."""

from functools import partial

import pytest
import torch
from torch import nn
from updates import check_update

from egan import collection
from egan.collection.lsgan import CODES, Lsgan
from egan.collection.testing import built, paper_sizes, random_images, small, task_of
from egan.data import load
from egan.tasks import Batch


def model(shape=(1, 8, 8), **changed):
    settings = small("lsgan").settings.tuned({"width": 4, "discriminator_width": 4, **changed})
    return built(partial(Lsgan, settings=settings, task=task_of(Lsgan, random_images(shape))))


@pytest.fixture
def batches():
    generator = torch.Generator().manual_seed(0)
    return tuple(Batch(torch.rand(6, 1, 8, 8, generator=generator) * 2 - 1) for _ in range(2))


@pytest.mark.parametrize("codes", CODES)
def test_the_losses_are_the_papers(codes, batches):
    one, (a, b, c) = model(codes=codes), CODES[codes]
    real, fake = batches
    r, o = one.discriminator(real.samples), one.discriminator(fake.samples)
    wanted = 0.5 * ((r - b) ** 2).mean() + 0.5 * ((o - a) ** 2).mean()
    assert torch.isclose(one.discriminator_loss(real, fake), wanted)
    [loss] = one.generator_losses(fake, real, [one.objective()])
    assert torch.isclose(loss, 0.5 * ((one.discriminator(fake.samples) - c) ** 2).mean())


def law(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


@pytest.mark.parametrize("codes", CODES)
def test_against_the_best_d_the_pearson_codes_minimise_a_divergence(codes):
    p, q = law(0.5, 0.3, 0.2), law(0.1, 0.2, 0.7)
    a, b, _ = CODES[codes]
    best = (b * p + a * q) / (p + q)
    generator = model(codes=codes).objective().generator
    losses = torch.stack([generator(score[None], None) for score in best])
    both = (p + q) @ losses
    divergence = ((2 * q - (p + q)) ** 2 / (p + q)).sum()
    assert torch.isclose(2 * both, divergence) == (codes == "pearson")


def test_far_samples_are_pulled_where_the_logarithmic_loss_is_flat():
    objective = model().objective()
    logits = torch.tensor([-20.0, 20.0], requires_grad=True)
    objective.generator(logits, None).backward()
    assert logits.grad.abs().min() > 9


def test_codes_change_live(batches):
    one = model()
    before = one.discriminator_loss(*batches)
    one.configure({"codes": "pearson"})
    assert one.discriminator_loss(*batches) != before


def test_the_papers_networks_for_scenes():
    s = collection.preset("lsgan:paper").settings
    paper = built(
        partial(Lsgan, settings=s, task=task_of(Lsgan, random_images((3, 112, 112), count=10)))
    )
    layers = [m for m in paper.generator if isinstance(m, nn.ConvTranspose2d)]
    assert [m.out_channels for m in layers] == [256, 256, 256, 256, 128, 64, 3]
    assert [m.stride[0] for m in layers] == [2, 1, 2, 1, 2, 2, 1]
    first = paper.generator[0]
    assert (first.in_features, first.out_features) == (1024, 7 * 7 * 256)
    assert {m.kernel_size for m in layers} == {(3, 3)}
    down = [m for m in paper.discriminator if isinstance(m, nn.Conv2d)]
    assert {m.kernel_size for m in down} == {(5, 5)}
    assert [m.out_channels for m in down] == [64, 128, 256, 512]
    norms = [m.num_features for m in paper.discriminator if isinstance(m, nn.BatchNorm2d)]
    assert norms == [128, 256, 512]


def test_the_papers_number_of_parameters():
    up = 9 * (4 * 256 * 256 + 256 * 128 + 128 * 64 + 64 * 3) + 4 * 256 + 128 + 64 + 3
    first = 1025 * 7 * 7 * 256
    down = 25 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512) + 64 + 128 + 256 + 512
    assert paper_sizes("lsgan") == {
        "generator": first + up + 2 * (5 * 256 + 128 + 64),
        "discriminator": down + 2 * (128 + 256 + 512) + 512 * 49 + 1,
    }


@pytest.mark.parametrize(("latent", "low"), [("uniform", -1.0), ("normal", -6.0)])
def test_the_law_of_codes(latent, low):
    z = model(latent=latent).codes(2000, torch.Generator().manual_seed(0))["z"]
    assert low <= float(z.min()) < low / 3
    assert abs(float(z.mean())) < 0.05


@pytest.mark.parametrize("size", [8, 28, 32, 64])
def test_the_papers_networks_at_other_sizes(size):
    changed = {"network": "paper", "width": 2, "discriminator_width": 2, "batch_size": 4}
    check_update(few_judged(random_images((1, size, size)), **changed))


def test_points():
    config = collection.preset("lsgan:gaussians8")
    config.check()
    check_update(few_judged(load(config.data.name), settings=config.settings))


def few_judged(dataset, settings=None, **changed):
    settings = settings or small("lsgan").settings.tuned(changed)
    return partial(Lsgan, settings=settings, task=task_of(Lsgan, dataset))
