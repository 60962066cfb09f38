"""Without hidden layers an autoencoder finds principal components, no more and no less."""

from functools import partial

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from egan.collection import testing as checks
from egan.collection.autoencoder import Autoencoder, AutoencoderSettings
from egan.data import load
from egan.data.dataset import Dataset
from egan.tasks.reconstruction import compare, principal
from population.seeding import preserved_randomness

SIZE, CODE = 6, 2


def data(count=200):
    rng = np.random.default_rng(0)
    points = rng.normal(size=(count, SIZE)) @ rng.normal(size=(SIZE, SIZE)) + rng.normal(size=SIZE)
    return Dataset("correlated", points.astype(np.float32))


def autoencoder(dataset, **changes):
    settings = AutoencoderSettings(latent_dim=CODE, **changes)
    task = checks.task_of("autoencoder", dataset)
    return checks.built(partial(Autoencoder, settings=settings, task=task))


def descend_far(network, loss):
    optimizer = torch.optim.LBFGS(
        network.parameters(), max_iter=400, tolerance_grad=1e-12, tolerance_change=1e-15
    )

    def closure():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    optimizer.step(closure)
    return float(loss().detach())


@pytest.mark.parametrize("tied", [False, True])
def test_a_linear_one_equals_principal_components(tied):
    model = autoencoder(data(), depth=0, tied=tied)
    network, rows = model.network.double(), data().real(200).double()
    components = PCA(CODE).fit(rows.numpy())
    least = ((components.inverse_transform(components.transform(rows)) - rows.numpy()) ** 2).mean()

    def loss():
        return model.loss(network.decode(network.encode(rows)), rows)

    with preserved_randomness():
        reached = descend_far(network, loss)
    assert reached == pytest.approx(least, rel=1e-6)
    plane = network.decode(torch.eye(CODE, dtype=torch.float64)) - network.decode(
        torch.zeros(1, CODE, dtype=torch.float64)
    )
    within = plane @ torch.from_numpy(components.components_).T  # nothing of it is left outside
    torch.testing.assert_close(within.norm(dim=1), plane.norm(dim=1), rtol=1e-4, atol=0)


def test_the_components_beside_it_are_as_many():
    model = autoencoder(data())
    assert model.task.code_dim == CODE
    rows = data().real(200)
    middle = rows.mean(dim=0)
    _, _, directions = torch.linalg.svd(rows - middle, full_matrices=False)
    kept = directions[:CODE]
    expected = (rows - middle) @ kept.T @ kept + middle
    torch.testing.assert_close(principal(rows, rows, CODE), expected, rtol=1e-4, atol=1e-4)
    found = model.task.baselines()["principal components"]
    assert found == pytest.approx(compare(expected, rows), rel=1e-4)
    assert principal(rows[:1], rows, CODE).shape == rows.shape  # one sample has no direction


def test_fitness_is_the_error_of_held_out_samples():
    model = checks.built(checks.tiny("autoencoder"))
    samples = model.task.held_out.real(checks.FEW)
    with model.judging():
        error = float((model.reconstruct(samples) - samples).square().mean())
        assert model.score() == {"fitness": -error, "reconstruction_error": error}
        assert model.look()["reconstruction_error"] == error


def test_a_tied_decoder_has_the_encoders_matrices():
    model = autoencoder(data(), width=4, depth=2, tied=True)
    shapes = {name: tuple(p.shape) for name, p in model.network.named_parameters()}
    assert shapes["decoder.2.bias"] == (SIZE,)
    assert not [name for name in shapes if name.startswith("decoder") and "weight" in name]
    first = model.network.encoder[0].weight
    codes = torch.ones(3, CODE)
    told = model.network.decode(codes)
    with torch.no_grad():
        first.add_(1.0)
    assert not torch.equal(model.network.decode(codes), told)


@pytest.mark.parametrize(("name", "nothing"), [("digits", -1.0), ("gaussians8", 0.0)])
def test_noise_hides_a_share_of_the_numbers(name, nothing):
    settings = AutoencoderSettings(noise=0.3)
    task = checks.task_of("autoencoder", load(name))
    model = checks.built(partial(Autoencoder, settings=settings, task=task))
    samples = torch.full((2000, *model.shape), 0.5)
    model.rng.manual_seed(0)
    hidden = model.corrupted(samples) == nothing
    assert float(hidden.float().mean()) == pytest.approx(0.3, abs=0.02)


def test_the_cross_entropy_is_of_pixels():
    model = checks.built(checks.tiny("autoencoder"), {"loss": "bernoulli"})
    rows = torch.tensor([[-1.0, 1.0]])
    even = model.loss(torch.zeros(1, 2), rows)
    assert float(even) == pytest.approx(np.log(2))
    assert model.decode(torch.zeros(3, 2)).abs().max() <= 1
    with pytest.raises(ValueError, match="--loss squared"):
        checks.built(checks.tiny("autoencoder", load("gaussians8")), {"loss": "bernoulli"})


def test_a_share_of_all_is_refused():
    with pytest.raises(ValueError, match="--noise must be a share"):
        AutoencoderSettings(noise=1.0).check()
