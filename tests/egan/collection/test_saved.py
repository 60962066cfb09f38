"""A trained model as a file: what is loaded makes what the saved one made, without the data."""

import dataclasses
import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from egan import collection, weights_file
from egan.collection.api import build, task_class
from egan.collection.api import task_of as task_of_run
from egan.collection.saved import FORMAT, save
from egan.collection.testing import features_of, small, task_of
from egan.config import to_dict
from egan.data import load as load_data
from egan.training.model import Model
from population.seeding import preserved_randomness

SAMPLING = [one for one in collection.MODELS if collection.paper(one).sample is not Model.sample]
FROM_NOISE = [name for name in SAMPLING if not task_class(name).asks.inputs]

OF_DATA = {
    ("vae", "reconstructions"),
    ("vae", "interpolations"),
    ("began", "reconstructions"),
    ("introvae", "reconstructions"),
    ("introvae", "interpolations"),
    ("dcgan", "arithmetic"),
    ("autoencoder", "reconstructions"),
    ("rbm", "chains"),
    ("pixelcnn", "completions"),
}
"""Pictures that show data, or need a classifier of them."""


@pytest.fixture
def config():
    before = collection.preset("gaussians8")
    changes = {"width": 8, "discriminator_width": 8, "generator_norm": "batch", "latent": "uniform"}
    return dataclasses.replace(before, settings=before.settings.tuned(changes))


@pytest.fixture
def model(config):
    """Return a model that has seen a few batches."""
    return trained("gaussians8", config)


def trained(name, config):
    data = config.data
    dataset = load_data(data.name, image_size=data.image_size, channels=data.channels)
    model = build(config, task_of(collection.named(name)[0], dataset))
    with preserved_randomness():
        model.training(True)
        model.rng.manual_seed(0)
        model.update()
    model.training(False)
    return model


def saved(model, config, path, *, steps=12):
    save(path / "model.safetensors", model, config, steps=steps)
    return path / "model.safetensors"


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_a_model_comes_back_with_its_settings(model, config, tmp_path):
    path = saved(model, config, tmp_path)
    loaded = collection.load(path)
    assert loaded.settings == config.settings
    assert loaded.shape == (2,)
    assert not any(network.training for network in loaded.networks.values())
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    assert metadata["steps"] == "12"
    assert json.loads(metadata["config"]) == json.loads(json.dumps(to_dict(config)))
    for name, network in model.networks.items():
        for key, value in network.state_dict().items():
            assert torch.equal(value, loaded.networks[name].state_dict()[key])
    codes = torch.rand(5, config.settings.latent_dim)
    assert torch.equal(loaded.average(codes), model.average(codes))


@pytest.mark.parametrize("name", FROM_NOISE)
def test_it_makes_the_samples_of_the_model_that_was_saved(name, tmp_path):
    config = small(name)
    model = trained(name, config)
    with model.judging():
        expected = model.samples(9, rng())
    loaded = collection.load(saved(model, config, tmp_path))
    assert torch.equal(loaded.samples(9, rng()), expected)
    assert torch.equal(loaded.samples(9, rng()), expected)
    assert not torch.equal(loaded.samples(9, rng(1)), expected)


@pytest.mark.parametrize("name", FROM_NOISE)
def test_it_draws_without_data_or_says_that_it_needs_them(name, tmp_path):
    config = small(name)
    loaded = collection.load(saved(trained(name, config), config, tmp_path))
    assert not loaded.sample(3, rng()).requires_grad
    for picture, draw in loaded.pictures().items():
        if (name, picture) in OF_DATA:
            with pytest.raises(ValueError, match="this needs the data"):
                draw(rng())
        else:
            assert draw(rng()).width > 0
    with pytest.raises(ValueError, match="this needs the data"):
        loaded.score()
    with loaded.judging():
        pass
    assert not any(network.training for network in loaded.networks.values())


@pytest.mark.parametrize("name", sorted({*SAMPLING} - {*FROM_NOISE}))
def test_what_is_made_of_an_image_is_made_without_the_data(name, tmp_path):
    config = small(name)
    model = trained(name, config)
    given = {"source": 2 * torch.rand(4, *model.task.source_shape, generator=rng()) - 1}
    loaded = collection.load(saved(model, config, tmp_path))
    expected, again = (one.task.make(one, 4, rng(), given=given).samples for one in (model, loaded))
    assert torch.equal(again, expected)
    if name == "age_cgan":  # makes images of nothing too
        assert loaded.sample(3, rng()).shape == (3, *model.shape)
    else:
        with pytest.raises(ValueError, match="this needs the data"):
            loaded.sample(3, rng())
    with pytest.raises(ValueError, match="this needs the data"):
        loaded.score()


def test_points_are_drawn_without_data(model, config, tmp_path):
    loaded = collection.load(saved(model, config, tmp_path))
    assert loaded.pictures()["samples"](rng()).width > 0


def test_a_model_that_was_just_trained_samples_without_gradients(model):
    assert model.average.training is False
    assert not model.sample(3, rng()).requires_grad


def test_what_makes_no_samples_comes_back_too(tmp_path):
    config = small("capsnet")
    model = trained("capsnet", config)
    loaded = collection.load(saved(model, config, tmp_path))
    images = model.task.data.real(5)
    with torch.no_grad():
        assert torch.equal(loaded.classify(images), model.classify(images))


def test_settings_that_a_search_found_are_kept(model, config, tmp_path):
    tuned = model.settings.tuned({"input_scale": 2.0, "generator_lr": 0.125})
    model.settings = tuned
    assert collection.load(saved(model, config, tmp_path)).settings == tuned


def test_with_the_data_it_is_judged_as_before(model, config, tmp_path):
    dataset = load_data("gaussians8")
    task = task_of_run(config, dataset, features_of(dataset))
    loaded = collection.load(saved(model, config, tmp_path), task=task)
    model.task = task
    for one in (model, loaded):
        one.rng = rng(3)
    with model.judging(), loaded.judging():
        assert loaded.score() == model.score()


def test_loading_leaves_the_random_state_alone(model, config, tmp_path):
    path = saved(model, config, tmp_path)
    before = torch.random.get_rng_state()
    collection.load(path)
    assert torch.equal(before, torch.random.get_rng_state())


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match="cannot be read"):
        collection.load(tmp_path / "missing.safetensors")
    (tmp_path / "text").write_text("no tensors")
    with pytest.raises(ValueError, match="cannot be read"):
        collection.load(tmp_path / "text")
    save_file({"a": torch.zeros(1)}, tmp_path / "other")
    with pytest.raises(ValueError, match="of a run"):
        collection.load(tmp_path / "other")


def test_weights_that_do_not_fit_are_refused(model, config, tmp_path):
    wider = dataclasses.replace(config, settings=config.settings.tuned({"width": 9}))
    model.settings = wider.settings
    with pytest.raises(ValueError, match="does not fit together"):
        collection.load(saved(model, wider, tmp_path))


def test_the_names_of_classes_are_kept(tmp_path):
    config = small("cgan")
    names = tuple(f"digit {i}" for i in range(10))
    dataset = dataclasses.replace(load_data("digits"), class_names=names)
    model = build(config, task_of("cgan", dataset))
    assert collection.load(saved(model, config, tmp_path)).task.data.classes == names


def test_words_are_kept(tmp_path):
    (tmp_path / "lines.txt").write_text("a b\nb a c\nc c\na\n")
    config = small("seqgan")
    dataset = load_data("text", path=tmp_path / "lines.txt")
    model = build(config, task_of("seqgan", dataset))
    loaded = collection.load(saved(model, config, tmp_path))
    assert loaded.task.data.spelling == dataset.spelling
    assert loaded.task.data.kind == dataset.kind
    with loaded.judging(), model.judging():
        assert torch.equal(loaded.samples(9, rng()), model.samples(9, rng()))


def test_what_was_trained_on_a_gpu_is_loaded_without_one(model, config, tmp_path):
    trained_there = dataclasses.replace(config, device="cuda")
    loaded = collection.load(saved(model, trained_there, tmp_path))
    assert loaded.device.type == "cpu"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("shape", [2**25], "more than 16,777,216 numbers"),
        ("spelling", {"words": []}, "'separator' is missing"),
        ("spelling", {"words": ["a"], "separator": ""}, "one for each token"),
        ("spelling", {"words": ["a\nb"] * 4, "separator": ""}, "printable"),
        ("vocabulary", 10**12, "one for each token"),
    ],
)
def test_edited_descriptions_are_told(name, value, told, tmp_path):
    (tmp_path / "lines.txt").write_text("a b\nb a c\nc c\na\n")
    config = small("seqgan")
    model = build(config, task_of("seqgan", load_data("text", path=tmp_path / "lines.txt")))
    path = saved(model, config, tmp_path)
    tensors, metadata = weights_file.read(path, file_format=FORMAT, what="a model")
    described = {**json.loads(metadata["data"]), name: value}
    weights_file.write(path, tensors, {**metadata, "data": json.dumps(described)})
    with pytest.raises(ValueError, match=f"does not fit together: .*{told}"):
        collection.load(path)
