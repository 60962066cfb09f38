"""The paper's networks and rules, the features of D, and walks and sums of codes."""

from functools import partial

import pytest
import torch
from torch import nn
from updates import check_update

from egan import collection
from egan.collection.dcgan import Dcgan
from egan.collection.testing import built, paper_sizes, random_images, small, task_of
from egan.networks.halvings import map_sizes

PAPER = (3, 64, 64)


def model(shape=(1, 8, 8), **changed):
    settings = small("dcgan").settings.tuned(changed)
    return built(partial(Dcgan, settings=settings, task=task_of(Dcgan, random_images(shape))))


def num_parameters(network):
    return sum(p.numel() for p in network.parameters())


def noted(seen, codes):
    """Stand in for samples, and note the codes."""
    seen.append(codes["z"])
    return torch.zeros(len(codes["z"]), 1, 8, 8)


def of_kind(network, kind):
    return [module for module in network.modules() if isinstance(module, kind)]


@pytest.mark.parametrize(
    ("size", "sizes"), [(8, (2, 2)), (16, (4, 2)), (28, (7, 2)), (32, (4, 3)), (64, (4, 4))]
)
def test_maps_are_doubled_from_2_4_or_7_pixels(size, sizes):
    assert map_sizes((3, size, size)) == sizes
    shapes = [
        m.shape[-1]
        for m in model((3, size, size)).discriminator.maps(torch.zeros(1, 3, size, size))
    ]
    assert shapes[-1] == sizes[0]
    assert len(shapes) == sizes[1]


def test_the_papers_networks():
    s = collection.preset("dcgan:paper").settings
    paper = built(partial(Dcgan, settings=s, task=task_of(Dcgan, random_images(PAPER, count=10))))
    up, down = of_kind(paper.generator, nn.ConvTranspose2d), of_kind(paper.discriminator, nn.Conv2d)
    assert [layer.in_channels for layer in up] == [1024, 512, 256, 128]
    assert [layer.out_channels for layer in down] == [128, 256, 512, 1024]
    assert {layer.kernel_size for layer in up + down} == {(5, 5)}
    assert {layer.stride for layer in up + down} == {(2, 2)}
    first = paper.generator.layers[0]
    assert (first.in_features, first.out_features) == (100, 1024 * 4 * 4)
    assert (s.batch_size, s.generator_lr, s.discriminator_lr, s.beta1) == (128, 2e-4, 2e-4, 0.5)


def test_the_papers_number_of_parameters():
    kernels = [1024 * 512, 512 * 256, 256 * 128, 128 * 3]
    weights = 25 * sum(kernels)
    generator = 101 * 1024 * 16 + weights + (512 + 256 + 128 + 3) + 2 * (1024 + 512 + 256 + 128)
    biases = 128 + 256 + 512 + 1024
    discriminator = weights + biases + 2 * (256 + 512 + 1024) + 1024 * 16 + 1
    assert paper_sizes("dcgan") == {"generator": generator, "discriminator": discriminator}


def test_the_rules():
    one = model((1, 32, 32))
    kinds = (nn.ConvTranspose2d, nn.BatchNorm2d, nn.ReLU, nn.Tanh, nn.Linear)
    up = [type(layer) for layer in one.generator.layers if isinstance(layer, kinds)]
    block = [nn.BatchNorm2d, nn.ReLU, nn.ConvTranspose2d]
    assert up == [nn.Linear, *block * 3, nn.Tanh]
    down = [type(layer) for part in one.discriminator.blocks for layer in part]
    assert down == [nn.Conv2d, nn.LeakyReLU, *[nn.Conv2d, nn.BatchNorm2d, nn.LeakyReLU] * 2]
    assert len(of_kind(one.discriminator, nn.Linear)) == 1


def test_initial_weights_are_normal_with_deviation_0_02():
    one = model((1, 32, 32))
    for layer in of_kind(one.generator, nn.ConvTranspose2d) + of_kind(one.generator, nn.Linear):
        assert float(layer.weight.detach().std()) == pytest.approx(0.02, rel=0.25)
        assert not layer.bias.any()


def test_rules_can_be_broken():
    one = model((1, 8, 8), halving="pooling", batch_norm=False, slope=0.0)
    assert of_kind(one.discriminator, nn.MaxPool2d)
    assert not of_kind(one.discriminator, nn.BatchNorm2d)
    assert {layer.stride for layer in of_kind(one.discriminator, nn.Conv2d)} == {(1, 1)}
    leaky = of_kind(one.discriminator, nn.LeakyReLU)[0]
    assert leaky(torch.tensor([-1.0, 2.0])).tolist() == [0.0, 2.0]
    count = [
        sum(p.numel() for p in m.discriminator.parameters()) for m in (one, model(batch_norm=False))
    ]
    assert count[0] == count[1]


@pytest.mark.parametrize("kernel_size", [4, 5])
@pytest.mark.parametrize("halving", ["stride", "pooling"])
@pytest.mark.parametrize("size", [8, 28, 32])
def test_every_form_makes_and_sees_images(kernel_size, halving, size):
    settings = {"kernel_size": kernel_size, "halving": halving, "batch_size": 4}
    check_update(_builder(size, settings))


def _builder(size, changed):
    settings = small("dcgan").settings.tuned(changed)
    return partial(Dcgan, settings=settings, task=task_of(Dcgan, random_images((1, size, size))))


@pytest.mark.parametrize("wrong", [{"kernel_size": 3}, {"slope": 1.5}])
def test_settings_out_of_range(wrong):
    with pytest.raises(ValueError, match=f"--{next(iter(wrong)).replace('_', '-')} must be"):
        small("dcgan").settings.tuned(wrong)


def test_slopes_change_live():
    one = model()
    one.configure({"slope": 0.05})
    assert {m.negative_slope for m in of_kind(one.discriminator, nn.LeakyReLU)} == {0.05}


def test_codes_are_uniform_or_normal():
    uniform = model().codes(500, torch.Generator().manual_seed(0))["z"]
    normal = model(latent="normal").codes(500, torch.Generator().manual_seed(0))["z"]
    assert float(uniform.abs().max()) <= 1 < float(normal.abs().max())
    assert float(uniform.var()) == pytest.approx(1 / 3, abs=0.03)


def test_features_are_every_map_pooled_to_4x4():
    one = model((1, 32, 32), discriminator_width=2)
    features = one.features(torch.randn(3, 1, 32, 32))
    assert features.shape == (3, (2 + 4 + 8) * 16)
    maps = one.discriminator.maps(torch.ones(1, 1, 32, 32))
    assert torch.equal(one.features(torch.ones(1, 1, 32, 32))[0, -128:], maps[-1].flatten())
    assert model(discriminator_width=2).features(torch.zeros(1, 1, 8, 8)).shape == (
        1,
        2 * 16 + 4 * 4,
    )


def test_a_walk_goes_from_one_code_to_the_other(monkeypatch):
    one, seen = model(), []
    monkeypatch.setattr(
        one, "made", lambda codes: seen.append(codes["z"]) or torch.zeros(100, 1, 8, 8)
    )
    one.show_walks(torch.Generator().manual_seed(0))
    z = one.codes(20, torch.Generator().manual_seed(0))["z"]
    walks = seen[0].reshape(10, 10, -1)
    assert torch.allclose(walks[:, 0], z[:10])
    assert torch.allclose(walks[:, -1], z[10:])


def test_sums_of_codes(monkeypatch):
    one, seen = model(), []
    classes = torch.tensor([0, 1, 1, 2] * 50).numpy()
    monkeypatch.setattr(one.task.features, "classes", lambda _: classes)
    monkeypatch.setattr(
        one, "made", lambda codes: seen.append(codes["z"]) or torch.zeros(len(codes["z"]), 1, 8, 8)
    )
    one.show_sums(torch.Generator().manual_seed(0))
    z = one.codes(200, torch.Generator().manual_seed(0))["z"]
    means = [z[torch.as_tensor(classes) == label][:3].mean(dim=0) for label in (1, 0, 2)]
    rows = seen[-1].reshape(4, 4, -1)
    assert torch.allclose(rows[:3, 3], torch.stack(means))
    assert torch.allclose(rows[3, 0], means[0] - means[1] + means[2])
