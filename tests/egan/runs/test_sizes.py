"""Parameters counted from settings, beside those of the networks themselves."""

import pytest

from egan import networks
from egan.networks.sizes import discriminator_size, generator_size

SHAPES = [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 64, 64), (2,)]
CASES = [(name, shape) for name in networks.NAMES for shape in SHAPES if name == "mlp" or shape[1:]]


def _count(network):
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("norm", networks.GENERATOR_NORMS)
@pytest.mark.parametrize(("name", "shape"), CASES)
def test_a_generator_has_as_many_as_are_counted(name, shape, norm):
    settings = {"latent_dim": 7, "width": 6, "depth": None, "norm": norm}
    expected = _count(networks.generator(name, shape, **settings))
    assert generator_size(name, shape, **settings) == expected


@pytest.mark.parametrize("norm", networks.DISCRIMINATOR_NORMS)
@pytest.mark.parametrize(("name", "shape"), CASES)
def test_a_discriminator_has_as_many_as_are_counted(name, shape, norm):
    settings = {"width": 6, "depth": 2 if name == "mlp" else None, "norm": norm}
    expected = _count(networks.discriminator(name, shape, **settings))
    assert discriminator_size(name, shape, **settings) == expected


def test_other_networks_are_of_unknown_size():
    assert generator_size("other", (2,), latent_dim=2, width=2, depth=None, norm="none") is None
