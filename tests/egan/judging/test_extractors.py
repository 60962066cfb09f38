"""Extractors by name: TorchScript files, Inception, and what cannot be had."""

import pickle
import sys
import types

import numpy as np
import pytest
import torch
from torch import nn

import fitness
from egan.data.dataset import Dataset
from egan.judging.extractors import Scripted, colour_levels, is_file, load_extractor
from egan.judging.features import extractor

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")


class Plain(nn.Module):
    """Takes images in [-1, 1], of any number of channels."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3 * 8 * 8, 5)

    def forward(self, images):
        return self.layer(images.flatten(1))


class Published(nn.Module):
    """Asks for what StyleGAN's network does: RGB of bytes, and a word for features."""

    def forward(self, images, return_features: bool = False):
        if not return_features:
            return images.float().mean((2, 3)).softmax(1)
        return images.float().mean((2, 3))


def scripted(network, path):
    torch.manual_seed(0)
    torch.jit.script(network).save(str(path))
    return path


@pytest.fixture
def plain(tmp_path):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = Plain()
    return network, scripted(network, tmp_path / "plain.pt")


def images(count=30, *, channels=3, seed=0):
    return torch.rand(count, channels, 8, 8, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_a_script_gives_what_the_network_gave(plain):
    network, path = plain
    loaded = load_extractor(str(path))
    with torch.no_grad():
        assert torch.equal(loaded(images()), network(images()))


def test_a_published_script_gets_bytes_of_three_channels(tmp_path):
    loaded = load_extractor(str(scripted(Published(), tmp_path / "published.pt")))
    grey = torch.full((40, 1, 4, 4), -1.0)
    grey[1] = 1.0
    found = loaded(grey)
    assert found[0].tolist() == [0.0] * 3
    assert found[1].tolist() == [255.0] * 3
    assert found.shape == (40, 3)


def test_levels_are_the_nearest():
    values = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0]).view(1, 1, 1, 5)
    assert colour_levels(values)[0, 2, 0].tolist() == [0, 0, 128, 255, 255]


def test_a_script_goes_to_another_process_without_its_file(plain):
    network, path = plain
    travelled = pickle.dumps(Scripted(path))
    path.unlink()
    with torch.no_grad():
        assert torch.equal(pickle.loads(travelled)(images()), network(images()))


def test_distances_are_taken_in_it(plain):
    network, path = plain
    pixels = np.random.default_rng(0).integers(0, 256, (40, 3, 8, 8), np.uint8)
    data = Dataset("noise", pixels)
    features = extractor(data, spec=str(path))
    with torch.no_grad():
        assert features.reference(data) == pytest.approx(network(data.real(40)).numpy())
    assert features.accuracy is None


def test_the_distance_is_that_of_torchmetrics(plain):
    fid = pytest.importorskip("torchmetrics.image.fid", reason="torchmetrics is not installed")
    network, _ = plain

    class Doubles(nn.Module):
        num_features = 5

        def forward(self, pixels):
            return network(pixels.float() / 127.5 - 1)

    metric = fid.FrechetInceptionDistance(Doubles(), input_img_size=(3, 8, 8)).set_dtype(
        torch.float64
    )
    sets = [colour_levels(images(60, seed=seed)) for seed in (0, 1)]
    for pixels, real in zip(sets, (True, False), strict=True):
        metric.update(pixels, real=real)
    with torch.no_grad():
        ours = [network(pixels.float() / 127.5 - 1) for pixels in sets]
    expected = float(metric.compute())
    assert fitness.frechet_distance(*ours) == pytest.approx(expected, rel=1e-6)


def test_the_distance_is_that_of_torch_fidelity():
    try:
        from torch_fidelity import metric_fid
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"torch-fidelity cannot be imported here: {error}")
    sets = [torch.rand(60, 7, dtype=torch.float64) for _ in range(2)]
    statistics = [metric_fid.fid_features_to_statistics(one) for one in sets]
    found = metric_fid.fid_statistics_to_metric(*statistics, verbose=False)
    expected = found["frechet_inception_distance"]
    assert fitness.frechet_distance(*sets) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("content", [b"", b"no zip", None])
def test_what_is_no_script_is_told(content, tmp_path):
    path = tmp_path / "a.pt"
    if content is None:
        torch.save({"weight": torch.zeros(2)}, path)
    else:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a.pt is no TorchScript file: .* Save one by torch.jit"):
        load_extractor(str(path))


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ValueError, match="nowhere.pt cannot be read: No such file"):
        load_extractor(str(tmp_path / "nowhere.pt"))


@pytest.mark.parametrize("spec", ["inceptoin", "a.module:", "x.onnx"])
def test_other_words_are_told(spec):
    with pytest.raises(ValueError, match=r"TorchScript file that ends in \.pt, or inception"):
        load_extractor(spec)


def test_files_are_told_from_functions():
    assert is_file("~/inception-2015-12-05.pt")
    assert not is_file("my.module:function")
    assert not is_file("inception")


class Library(types.ModuleType):
    """Stands in for torch-fidelity's module."""

    URL_INCEPTION_V3 = "https://example.org/weights.pth"

    def __init__(self, error=None):
        super().__init__("feature_extractor_inceptionv3")
        self.error = error

    def FeatureExtractorInceptionV3(  # noqa: N802 - the library's name
        self, name, features, *, feature_extractor_weights_path
    ):
        assert (name, features) == ("inception-v3-compat", ["2048"])
        if self.error:
            raise self.error
        return Network()


class Network(nn.Module):
    def forward(self, pixels):
        assert pixels.dtype == torch.uint8
        return (pixels.float().mean((2, 3)),)


def library(monkeypatch, error=None):
    package = types.ModuleType("torch_fidelity")
    package.feature_extractor_inceptionv3 = Library(error)
    monkeypatch.setitem(sys.modules, "torch_fidelity", package)


def test_inception_is_asked_for_its_last_pooling(monkeypatch):
    library(monkeypatch)
    found = load_extractor("inception")(torch.ones(40, 1, 4, 4))
    assert found.tolist() == [[255.0] * 3] * 40


def test_weights_that_cannot_be_fetched_are_told(monkeypatch):
    library(monkeypatch, OSError("<urlopen error Name or service not known>"))
    with pytest.raises(ValueError, match=r"weights of the Inception network cannot be had") as told:
        load_extractor("inception")
    assert "https://example.org/weights.pth" in str(told.value)
    assert "--features inception-2015-12-05.pt" in str(told.value)


def test_a_missing_library_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    with pytest.raises(ValueError, match=r"needs torch-fidelity.*pip install 'egan\[inception\]'"):
        load_extractor("inception")
