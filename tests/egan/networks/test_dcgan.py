import pytest
import torch
from torch import nn

from egan.networks.dcgan import discriminator, generator, trunk


def channels(network):
    return [m.out_channels for m in network.modules() if isinstance(m, nn.Conv2d)]


@pytest.mark.parametrize(
    ("size", "base", "smallest", "doublings"),
    [(8, None, 4, 1), (8, 2, 2, 2), (28, None, 7, 2), (32, None, 4, 3), (24, None, 6, 2),
     (64, None, 4, 4), (20, 5, 5, 2), (16, 1, 1, 4)],
)  # fmt: skip
def test_images_are_doubled_from_the_smallest_map(size, base, smallest, doublings):
    network = generator((2, size, size), latent_dim=3, width=2, base=base)
    assert network.rest[0](network.first(torch.zeros(1, 3))).shape[2:] == (smallest, smallest)
    assert sum(isinstance(m, nn.ConvTranspose2d) for m in network.rest) == doublings
    images = network(torch.randn(5, 3))
    assert images.shape == (5, 2, size, size)
    judge = discriminator((2, size, size), width=2, base=base)
    assert judge[:-1](images).shape[2:] == (smallest, smallest)
    assert judge(images).shape == (5,)
    body = trunk((2, size, size), width=2, base=base)
    assert body(images).shape == (5, body.num_features)


def test_the_papers_networks_at_64_pixels():
    network = generator((3, 64, 64), latent_dim=100, width=128, norm="batch", init="normal")
    widths = [network.rest[0].unflattened_size[0]]
    widths += [m.out_channels for m in network.rest if isinstance(m, nn.ConvTranspose2d)]
    assert widths == [1024, 512, 256, 128, 3]
    assert channels(discriminator((3, 64, 64), width=128)) == [128, 256, 512, 1024]


def test_the_slope_of_the_leaky_units():
    network = discriminator((1, 16, 16), width=2, slope=0.05)
    assert {m.negative_slope for m in network if isinstance(m, nn.LeakyReLU)} == {0.05}


@pytest.mark.parametrize(
    ("shape", "base"),
    [((1, 30, 30), None), ((1, 512, 512), None), ((1, 4, 4), None), ((1, 28, 32), None),
     ((1, 25, 25), None), ((1, 32, 32), 3), ((1, 32, 32), 32), ((1, 32, 32), 8), ((2,), None),
     ((1, 8, 8), 0)],
)  # fmt: skip
@pytest.mark.parametrize("build", [discriminator, trunk, generator])
def test_sizes_that_cannot_be_made(build, shape, base):
    options = {"latent_dim": 2} if build is generator else {}
    with pytest.raises(ValueError, match="the dcgan networks make images") as error:
        build(shape, width=2, base=base, **options)
    assert (f"base={base}" in str(error.value)) == (base is not None)
