import copy
import subprocess
import sys

import pytest
import torch
from torch import nn

from egan.networks import (
    DISCRIMINATOR_NORMS,
    DISCRIMINATORS,
    GENERATOR_NORMS,
    GENERATORS,
    INITS,
    NAMES,
    discriminator,
    generator,
)

SHAPES = {"dcgan": [(1, 8, 8), (3, 16, 16), (1, 32, 32)], "mlp": [(2,), (1, 8, 8)]}
CASES = [(name, shape) for name in NAMES for shape in SHAPES[name]]


def weights(network):
    return [m.weight for m in network.modules() if isinstance(m, nn.Linear | nn.Conv2d)]


def test_both_tables_have_the_same_names():
    assert tuple(DISCRIMINATORS) == NAMES == tuple(GENERATORS)


@pytest.mark.parametrize("norm", GENERATOR_NORMS)
@pytest.mark.parametrize(("name", "shape"), CASES)
def test_generator_shapes_range_and_one_step(name, shape, norm):
    torch.manual_seed(0)
    network = generator(name, shape, latent_dim=5, width=4, norm=norm)
    samples = network(torch.randn(6, 5))
    assert samples.shape == (6, *shape)
    assert len(shape) == 1 or samples.abs().max() <= 1.0
    before = [p.clone() for p in network.parameters()]
    samples.square().mean().backward()
    torch.optim.SGD(network.parameters(), 1.0).step()
    assert any(not torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))
    assert all(p.grad is not None for p in network.parameters())


@pytest.mark.parametrize("norm", DISCRIMINATOR_NORMS)
@pytest.mark.parametrize(("name", "shape"), CASES)
def test_discriminator_shapes_one_step_copy_and_state_round_trip(name, shape, norm):
    torch.manual_seed(0)
    network = discriminator(name, shape, width=4, norm=norm)
    samples = torch.randn(6, *shape)
    logits = network(samples)
    assert logits.shape == (6,)
    logits.mean().backward()
    assert all(p.grad is not None for p in network.parameters())
    other = discriminator(name, shape, width=4, norm=norm)
    other.load_state_dict(network.state_dict())
    twin = copy.deepcopy(network)
    assert torch.equal(network.eval()(samples), other.eval()(samples))
    assert torch.equal(network(samples), twin.eval()(samples))


@pytest.mark.parametrize("init", INITS)
@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_weights(name, init):
    def build(seed):
        torch.manual_seed(seed)
        return generator(name, (1, 8, 8), latent_dim=3, width=4, init=init).state_dict()

    first, again, other = build(1), build(1), build(2)
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


def test_dcgan_has_the_layers_of_the_paper_on_cifar10():
    network = generator("dcgan", (3, 32, 32), latent_dim=100, width=128, init="normal")
    shapes = [tuple(m.weight.shape) for m in network.modules() if hasattr(m, "weight")]
    assert shapes == [
        (512 * 16, 100),
        (512, 256, 4, 4),
        (256, 128, 4, 4),
        (128, 3, 4, 4),
    ]
    network = discriminator("dcgan", (3, 32, 32), width=128, norm="batch", init="normal")
    kinds = [type(m).__name__ for m in network]
    assert kinds == ["Conv2d", "LeakyReLU"] + ["Conv2d", "BatchNorm2d", "LeakyReLU"] * 2 + [
        "Logits"
    ]
    assert [m.out_channels for m in network if isinstance(m, nn.Conv2d)] == [128, 256, 512]


def test_mlp_has_the_layers_of_the_paper_on_points():
    network = discriminator("mlp", (2,), width=512, norm="batch")
    kinds = [type(m).__name__ for m in network]
    hidden = ["Linear", "LeakyReLU", "Linear", "BatchNorm1d", "LeakyReLU", "Linear", "LeakyReLU"]
    assert kinds == ["Flatten", *hidden, "Logits"]


def test_dcgan_width_doubles_up_to_eight_times():
    network = discriminator("dcgan", (1, 256, 256), width=2)
    convolutions = [m.out_channels for m in network if isinstance(m, nn.Conv2d)]
    assert convolutions == [2, 4, 8, 16, 16, 16]
    assert network(torch.zeros(1, 1, 256, 256)).shape == (1,)


def test_dcgan_generator_norm_sits_before_every_relu():
    network = generator("dcgan", (1, 16, 16), latent_dim=3, width=4, norm="batch")
    kinds = [type(m).__name__ for m in network.rest]
    block = ["BatchNorm2d", "ReLU", "ConvTranspose2d"]
    assert kinds == ["Unflatten", *block, *block, "Tanh"]


def test_normal_init_is_n_0_002_with_zero_biases():
    torch.manual_seed(0)
    network = discriminator("dcgan", (3, 32, 32), width=64, norm="batch", init="normal")
    for weight in weights(network):
        assert weight.std().item() == pytest.approx(0.02, rel=0.1)
    assert all(not p.any() for n, p in network.named_parameters() if n.endswith("bias"))
    scales = torch.cat([m.weight for m in network if isinstance(m, nn.BatchNorm2d)])
    assert scales.mean().item() == pytest.approx(1.0, abs=0.01)


def test_orthogonal_init_is_orthogonal():
    torch.manual_seed(0)
    network = generator("mlp", (2,), latent_dim=4, width=8, init="orthogonal")
    square = weights(network)[1]
    torch.testing.assert_close(square @ square.T, torch.eye(8))


def test_spectral_norm_bounds_the_largest_singular_value():
    torch.manual_seed(0)
    network = discriminator("mlp", (2,), width=16, norm="spectral", init="orthogonal")
    for _ in range(30):
        network(torch.randn(4, 2))
    for weight in weights(network.eval()):
        assert torch.linalg.matrix_norm(weight.detach(), ord=2).item() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: generator("dcgn", (1, 8, 8), latent_dim=2, width=2), "'dcgan'"),
        (lambda: discriminator("mpl", (2,), width=2), "'mlp'"),
        (lambda: generator("mlp", (2,), latent_dim=0, width=2), "latent_dim must be 1 or more"),
        (lambda: generator("mlp", (2,), latent_dim=2, width=-1), "width must be 1 or more"),
        (lambda: discriminator("mlp", (2,), width=2, norm="bach"), "'batch'"),
        (lambda: generator("mlp", (2,), latent_dim=2, width=2, norm="spectral"), "none, batch"),
        (lambda: discriminator("mlp", (2,), width=2, init="norml"), "'normal'"),
        (lambda: discriminator("dcgan", (2,), width=2), r"got \(2,\)"),
        (lambda: discriminator("dcgan", (1, 30, 30), width=2), "--data.image-size"),
        (lambda: discriminator("dcgan", (1, 8, 8), width=2, depth=3), "follows from the image"),
    ],
)
def test_wrong_settings_say_what_to_do(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_importing_the_tables_loads_no_torch():
    code = "import sys, egan.networks; assert not {'torch', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
