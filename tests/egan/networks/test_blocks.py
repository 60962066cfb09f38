import pytest
import torch
from torch import nn

from egan import networks
from egan.networks.blocks import (
    GaussianNoise,
    Trunk,
    constrain,
    finished,
    initialise,
    orthogonal_penalty,
)

CASES = [("dcgan", (1, 8, 8)), ("dcgan", (3, 28, 28)), ("mlp", (2,)), ("mlp", (1, 8, 8))]


@pytest.mark.parametrize("norm", networks.DISCRIMINATOR_NORMS)
@pytest.mark.parametrize(("name", "shape"), CASES)
def test_a_trunk_is_a_discriminator_without_its_last_layer(name, shape, norm):
    torch.manual_seed(0)
    trunk = networks.trunk(name, shape, width=4, norm=norm)
    discriminator = networks.discriminator(name, shape, width=4, norm=norm)
    trunk.layers.load_state_dict(discriminator[:-1].state_dict())
    samples = torch.randn(6, *shape)
    features = trunk.eval()(samples)
    assert features.shape == (6, trunk.num_features)
    assert torch.equal(features, discriminator.eval()[:-1](samples).flatten(1))
    assert discriminator[-1].linear.in_features == trunk.num_features


def test_a_trunk_has_the_weights_it_was_asked_for():
    torch.manual_seed(0)
    trunk = networks.trunk("dcgan", (3, 32, 32), width=32, norm="batch", init="normal")
    assert trunk.layers[0].weight.std().item() == pytest.approx(0.02, rel=0.1)
    assert not trunk.layers[0].bias.any()
    with pytest.raises(ValueError, match="'batch'"):
        networks.trunk("mlp", (2,), width=4, norm="bach")


def test_noise_in_training_mode_only():
    torch.manual_seed(0)
    noise, hidden = GaussianNoise(0.5), torch.ones(4000, 2)
    noised = noise(hidden)
    assert (noised - hidden).std().item() == pytest.approx(0.5, rel=0.05)
    assert (noised - hidden).mean().item() == pytest.approx(0, abs=0.03)
    torch.manual_seed(0)
    assert torch.equal(noise(hidden), noised)
    assert torch.equal(noise.eval()(hidden), hidden)


@pytest.mark.parametrize("init", networks.INITS)
def test_embeddings_are_drawn_and_norms_without_weights_left_alone(init):
    network = nn.ModuleList([nn.Embedding(4, 8), nn.BatchNorm2d(3, affine=False)])
    before = network[0].weight.detach().clone()
    initialise(network, init)
    weight = network[0].weight.detach()
    assert torch.equal(weight, before) == (init == "default")
    if init == "normal":
        assert weight.std().item() == pytest.approx(0.02, rel=0.4)
    if init == "orthogonal":
        torch.testing.assert_close(weight @ weight.T, torch.eye(4))


@pytest.mark.parametrize(
    "layer", [nn.Linear(6, 9), nn.Conv2d(3, 5, 3), nn.Embedding(7, 4)], ids=lambda x: str(x)[:5]
)
def test_the_largest_singular_value_is_one_within_a_percent_after_50_iterations(layer):
    torch.manual_seed(0)
    nn.init.normal_(layer.weight)
    constrain(layer)
    for _ in range(50):
        _ = layer.weight
    largest = torch.linalg.matrix_norm(layer.eval().weight.detach().flatten(1), ord=2)
    assert largest.item() == pytest.approx(1, abs=0.01)


def test_finished_is_initialised_and_constrained():
    plain = finished(nn.Linear(3, 3), norm="batch", init="orthogonal")
    torch.testing.assert_close(plain.weight @ plain.weight.T, torch.eye(3))
    assert set(dict(plain.named_parameters())) == {"weight", "bias"}
    spectral = finished(nn.Linear(3, 3), norm="spectral", init="default")
    assert "parametrizations.weight.original" in dict(spectral.named_parameters())


def test_orthogonal_filters_of_any_length_cost_nothing():
    torch.manual_seed(0)
    layer = nn.Conv2d(2, 6, 3)
    nn.init.orthogonal_(layer.weight)
    with torch.no_grad():
        layer.weight *= torch.arange(1.0, 7.0)[:, None, None, None]
    assert orthogonal_penalty(layer).item() < 1e-8
    with torch.no_grad():
        layer.weight[1] = layer.weight[0]
    assert orthogonal_penalty(layer).item() == pytest.approx(2, rel=1e-5)


def test_the_orthogonal_penalty_is_the_papers_formula_over_all_layers():
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Linear(5, 4),
        nn.Embedding(3, 4),
        nn.ConvTranspose2d(3, 6, 2),
        nn.BatchNorm2d(6),
        nn.Linear(3, 8),
    ).double()
    expected = 0.0
    for weight in (
        network[0].weight,
        network[2].weight.transpose(0, 1).flatten(1),
        network[4].weight,
    ):
        gram = weight @ weight.T
        expected += ((gram * (1 - torch.eye(len(gram)))) ** 2).sum()
    penalty = orthogonal_penalty(network)
    torch.testing.assert_close(penalty, expected, rtol=1e-12, atol=0)
    penalty.backward()
    assert network[0].weight.grad.abs().sum() > 0
    assert network[1].weight.grad is None


def test_the_orthogonal_penalty_looks_at_the_weight_that_is_trained():
    torch.manual_seed(0)
    layer = nn.Linear(4, 4)
    expected = orthogonal_penalty(layer)
    constrain(layer)
    before = {name: buffer.clone() for name, buffer in layer.named_buffers()}
    assert torch.equal(orthogonal_penalty(layer), expected)
    assert all(torch.equal(before[name], buffer) for name, buffer in layer.named_buffers())


def test_a_network_without_layers_cannot_be_made_orthogonal():
    with pytest.raises(ValueError, match="Embedding has no linear"):
        orthogonal_penalty(nn.Embedding(2, 3))


def test_a_trunk_flattens():
    trunk = Trunk([nn.Conv2d(1, 2, 3)], num_features=18)
    assert trunk(torch.zeros(4, 1, 5, 5)).shape == (4, 18)


def test_shapes_alone_have_the_tensors_of_a_constrained_network():
    def build():
        convolutions = nn.Conv2d(3, 8, 3), nn.ConvTranspose2d(8, 4, 3)
        network = nn.Sequential(*convolutions, nn.Linear(5, 6), nn.Embedding(3, 4))
        constrain(network)
        return network

    with torch.device("meta"):
        shapes = build().state_dict()
    found = {name: tensor.shape for name, tensor in build().state_dict().items()}
    assert {name: tensor.shape for name, tensor in shapes.items()} == found
    assert all(tensor.is_meta for tensor in shapes.values())
