"""`collection.train`: the bits of a run of the command line, in Python."""

import dataclasses
import shutil

import numpy as np
import pytest
import torch

from egan import collection
from egan import data as data_sets
from egan.collection import api
from egan.collection.testing import features_of
from egan.run import main
from egan.runs import preparation

TINY = {
    "gaussians8": {"width": 8, "discriminator_width": 8, "batch_size": 8},
    "gan": {"width": 8, "discriminator_width": 8, "batch_size": 8, "latent_dim": 4},
    "vae": {"width": 4, "batch_size": 8, "latent_dim": 2},
    "cgan": {"width": 4, "discriminator_width": 4, "batch_size": 8, "latent_dim": 4},
}


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    """Judge by features that cost nothing."""
    for module in (api, preparation):
        monkeypatch.setattr(module, "features_of", lambda _, data: features_of(data))
    monkeypatch.setattr("egan.tasks.Task.num_judged", 60)


def flags(settings):
    return [word for k, v in settings.items() for word in (f"--{k.replace('_', '-')}", str(v))]


def from_a_run(output, *words):
    """Return the model that a run of the command line leaves."""
    assert main([*words, "--seed", "3", "--executor", "inline", "--output", str(output)]) == 0
    [directory] = output.iterdir()
    model = collection.load(directory / "model.safetensors")
    shutil.rmtree(output)
    return model


def same_weights(one, other):
    assert list(one.networks) == list(other.networks)
    for name, network in one.networks.items():
        weights = other.networks[name].state_dict()
        assert all(torch.equal(value, weights[key]) for key, value in network.state_dict().items())


@pytest.mark.parametrize("name", ["gan", "vae", "cgan"])
def test_a_model_is_that_of_the_command_line(name, tmp_path):
    interval = collection.preset(name).search.interval
    words = [name, *flags(TINY[name]), "--rounds", "2", "--interval", str(interval)]
    expected = from_a_run(tmp_path / "run", *words)
    model = collection.train(name, updates=2 * interval, seed=3, **TINY[name])
    same_weights(model, expected)
    samples = [one.samples(5, torch.Generator().manual_seed(1)) for one in (model, expected)]
    assert torch.equal(*samples)


def test_the_last_round_may_be_shorter():
    interval = collection.preset("gan").search.interval
    model = collection.train("gan", updates=interval + 3, **TINY["gan"])
    assert model.updates == interval + 3


def test_data_seed_and_settings_count():
    digits = data_sets.load("digits")
    first, again, other = (
        collection.train("gan", digits, updates=3, seed=seed, **TINY["gan"]) for seed in (0, 0, 1)
    )
    same_weights(first, again)
    with pytest.raises(AssertionError):
        same_weights(first, other)
    assert first.settings.latent_dim == 4
    half = dataclasses.replace(
        digits, samples=digits.samples[::2], labels=digits.labels[::2], test=None
    )
    with pytest.raises(AssertionError):
        same_weights(first, collection.train("gan", half, updates=3, seed=0, **TINY["gan"]))


def test_what_evolves_by_default_is_evolved():
    models = [
        collection.train("gaussians8", updates=7, seed=seed, **TINY["gaussians8"])
        for seed in (0, 0, 1)
    ]
    assert models[0].updates == 7
    same_weights(models[0], models[1])
    with pytest.raises(AssertionError):
        same_weights(models[0], models[2])
    assert models[0].samples(5, torch.Generator().manual_seed(0)).shape == (5, 2)


def test_a_trained_model_is_ready_and_the_random_state_untouched():
    before = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    model = collection.train("gan", updates=2, **TINY["gan"])
    assert torch.equal(before[0], torch.random.get_rng_state())
    assert (before[1] == np.random.get_state()[1]).all()
    assert not any(network.training for network in model.networks.values())
    assert "fitness" in model.score()


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("vea", {}, "did you mean 'vae'"),
        ("gan:papr", {}, "did you mean 'paper'"),
        ("gan", {"latent_dmi": 3}, "did you mean 'latent_dim'"),
        ("gan", {"latent_dim": 0}, "--latent-dim must be 1 or more"),
    ],
)
def test_a_mistake_is_named(name, settings, message):
    with pytest.raises(ValueError, match=message):
        collection.train(name, updates=1, **settings)
