import dataclasses
import logging

import numpy as np
import pytest
import torch

from egan.data import load
from egan.data.dataset import Dataset
from egan.files import cache_folder
from egan.judging import classifier
from egan.judging.extractors import load_extractor
from egan.judging.features import Features, extractor


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture(scope="module")
def shared_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(classifier, "MIN_STEPS", 12)
    monkeypatch.setattr(classifier, "MAX_STEPS", 12)


def stripes(count=40, size=8, labelled=True):
    """Make images with bright rows (class 0) or bright columns (class 1)."""
    samples = np.zeros((count, 1, size, size), dtype=np.uint8)
    samples[::2, :, ::2] = 255
    samples[1::2, :, :, ::2] = 255
    return Dataset("stripes", samples, np.arange(count) % 2 if labelled else None)


def same(first, second):
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_digits_are_told_apart_and_the_cache_gives_the_same(digits, shared_cache):
    trained = extractor(digits, cache=shared_cache)
    assert trained.accuracy >= 0.97
    images = digits.real(300)
    assert (trained.classes(images) == digits.labels[digits.spread(300)]).mean() >= 0.97
    cached = extractor(digits, cache=shared_cache)
    assert cached.accuracy == trained.accuracy
    features = trained.features(images)
    assert features.shape == (300, classifier.NUM_FEATURES)
    assert np.array_equal(features, cached.features(images))
    assert np.square(features).mean() == pytest.approx(1.0, abs=0.1)


def test_held_out_examples_are_not_trained_on(monkeypatch):
    seen = []
    monkeypatch.setattr(classifier, "_fit", lambda n, d, indices, g, **_: seen.extend(indices))
    monkeypatch.setattr(
        classifier, "_accuracy", lambda n, d, indices, g: seen.extend(indices) or 1.0
    )
    classifier.train(stripes())
    assert sorted(seen) == list(range(40))


def test_training_is_deterministic_and_leaves_no_trace(quick):
    data = stripes()
    torch.manual_seed(7)
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    first, accuracy = classifier.train(data)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    torch.manual_seed(99)
    with torch.no_grad():
        second, again = classifier.train(data)
    torch.set_rng_state(state)
    assert same(first, second)
    assert accuracy == again


def test_unlabelled_images_are_learnt_by_their_turns(monkeypatch):
    monkeypatch.setattr(classifier, "MIN_STEPS", 60)
    data = stripes(labelled=False)
    ramp = np.linspace(0, 255, 8).astype(np.uint8)
    data = Dataset("ramps", np.broadcast_to(ramp, data.samples.shape).copy())
    network, accuracy = classifier.train(data)
    assert accuracy == 1.0
    turned = data.tensor([0]).rot90(1, (2, 3))
    assert network(turned).argmax().item() == 1


def test_unlabelled_images_have_features_and_no_classes(quick, tmp_path):
    judged = extractor(stripes(labelled=False), cache=tmp_path)
    assert judged.classes(torch.zeros(2, 1, 8, 8)) is None
    assert judged.features(torch.zeros(2, 1, 8, 8)).shape == (2, classifier.NUM_FEATURES)


@pytest.mark.parametrize("size", [8, 16, 64, 256])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_size_is_embedded(size, channels):
    network = classifier.Classifier((channels, size, size), num_classes=3)
    images = torch.zeros(2, channels, size, size)
    assert network(images).shape == (2, 3)
    assert network.embed(images).shape == (2, classifier.NUM_FEATURES)


def test_points_are_their_own_features(tmp_path):
    data = load("gaussians8")
    judged = extractor(data, cache=tmp_path)
    points = data.real(5)
    assert np.array_equal(judged.features(points), points.numpy())
    assert judged.classes(points) is None
    assert judged.accuracy is None
    assert not list(tmp_path.iterdir())


def test_another_data_set_has_another_file(quick, tmp_path):
    data = stripes()
    other = Dataset("other", data.samples, 1 - data.labels)
    for dataset in (data, other, dataclasses.replace(data, labels=None), data):
        extractor(dataset, cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 3


def test_another_recipe_or_test_set_has_another_file(quick, tmp_path):
    data = stripes()
    for recipe in (classifier.DEFAULT, classifier.Recipe(seed=2)):
        for test in (None, stripes(12), stripes(20)):
            extractor(data, cache=tmp_path, recipe=recipe, test=test)
    assert len(list(tmp_path.iterdir())) == 6


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "foreign"])
def test_a_damaged_cache_is_made_anew(quick, tmp_path, caplog, damage):
    data = stripes()
    expected = extractor(data, cache=tmp_path).features(data.real(4))
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(
        {
            "truncated": whole[:-7],
            "flipped": whole[:-400] + bytes([whole[-400] ^ 1]) + whole[-399:],
            "empty": b"",
            "foreign": b"hello" * 100,
        }[damage]
    )
    with caplog.at_level(logging.WARNING):
        assert np.array_equal(extractor(data, cache=tmp_path).features(data.real(4)), expected)
    assert "damaged" in caplog.text
    assert file.read_bytes() == whole
    assert list(tmp_path.iterdir()) == [file]


def test_an_unwritable_cache_is_done_without(quick, tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    judged = extractor(stripes(), cache=tmp_path / "file" / "cache")
    assert judged.features(torch.zeros(1, 1, 8, 8)).shape == (1, classifier.NUM_FEATURES)
    assert "not cached" in caplog.text


def test_the_cache_lies_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("EGAN_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("EGAN_CACHE")
    assert cache_folder().parts[-2:] == (".cache", "egan")


def mean_colour(images):
    return images.mean(dim=(2, 3))


def test_an_extractor_of_ones_own(tmp_path):
    data = stripes(labelled=False)
    judged = extractor(data, cache=tmp_path, spec=mean_colour)
    assert judged.features(data.real(6)) == pytest.approx(np.zeros((6, 1)))
    assert not list(tmp_path.iterdir())
    assert load_extractor("torch:flatten") is torch.flatten


def test_an_extractor_of_ones_own_keeps_the_classes(quick, tmp_path):
    judged = extractor(stripes(), cache=tmp_path, spec=mean_colour)
    assert judged.features(torch.zeros(3, 1, 8, 8)).shape == (3, 1)
    assert judged.classes(torch.zeros(3, 1, 8, 8)).shape == (3,)


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("torch", "a feature extractor is named 'module:function'"),
        ("no_such_module:f", "cannot be imported: ModuleNotFoundError: No module named"),
        ("torch:flattn", "no function 'flattn'; expected flatten"),
        ("torch:__version__", "no function '__version__'"),
    ],
)
def test_a_wrong_extractor_is_named(spec, text):
    with pytest.raises(ValueError, match=text):
        load_extractor(spec)


def test_features_of_a_wrong_shape_are_named():
    with pytest.raises(ValueError, match=r"returned \(4, 1, 2, 2\)"):
        Features(lambda images: images).features(torch.zeros(4, 1, 2, 2))


def test_reference_is_computed_once():
    calls = []
    judged = Features(lambda x: calls.append(len(x)) or x.flatten(1))
    data, other = stripes(), stripes()
    for dataset in (data, data, other):
        assert judged.reference(dataset).shape == (40, 64)
    assert len(calls) == 2
