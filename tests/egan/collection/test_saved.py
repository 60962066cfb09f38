import dataclasses

import pytest
import torch
from egan.presets import PRESETS
from safetensors.torch import save_file

from egan.collection.saved import load_generator, save_generator
from egan.evolution.generator import build_network


@pytest.fixture
def config():
    before = PRESETS["gaussians8"]()
    generator = dataclasses.replace(before.generator, width=8, norm="batch", latent="uniform")
    return dataclasses.replace(before, generator=generator)


def test_a_generator_comes_back_with_its_settings(config, tmp_path):
    network = build_network(config, (2,))
    network(torch.randn(16, config.generator.latent_dim))
    path = tmp_path / "generator.safetensors"
    save_generator(path, network.state_dict(), config=config, shape=(2,), generation=12)
    loaded = load_generator(path)
    assert loaded.config == config
    assert (loaded.shape, loaded.generation) == ((2,), 12)
    codes = torch.rand(5, config.generator.latent_dim)
    torch.testing.assert_close(loaded.network(codes), network.eval()(codes), rtol=0, atol=0)


def test_samples_follow_from_the_seed(config, tmp_path):
    path = tmp_path / "generator.safetensors"
    weights = build_network(config, (2,)).state_dict()
    save_generator(path, weights, config=config, shape=(2,), generation=1)
    loaded = load_generator(path)
    assert loaded.sample(7).shape == (7, 2)
    assert torch.equal(loaded.sample(7, seed=1), loaded.sample(7, seed=1))
    assert not torch.equal(loaded.sample(7, seed=1), loaded.sample(7, seed=2))


def test_loading_leaves_the_random_state_alone(config, tmp_path):
    path = tmp_path / "generator.safetensors"
    weights = build_network(config, (2,)).state_dict()
    save_generator(path, weights, config=config, shape=(2,), generation=1)
    before = torch.random.get_rng_state()
    load_generator(path)
    assert torch.equal(before, torch.random.get_rng_state())


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match="cannot be read"):
        load_generator(tmp_path / "missing.safetensors")
    (tmp_path / "text").write_text("no tensors")
    with pytest.raises(ValueError, match="cannot be read"):
        load_generator(tmp_path / "text")
    save_file({"a": torch.zeros(1)}, tmp_path / "other")
    with pytest.raises(ValueError, match="of a run"):
        load_generator(tmp_path / "other")
