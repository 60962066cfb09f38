"""Features in which samples are compared with real data: of a classifier trained on that data.

The classifier is cached on disk, in the folder `$EGAN_CACHE` or `~/.cache/egan`, under a checksum
of the data; a damaged file is trained anew, and a folder that cannot be written to is done without.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError

from egan.data.dataset import Array, Dataset
from egan.data.kinds import Images
from egan.data.splits import split
from egan.data.store import chunks
from egan.files import cache_folder
from egan.judging import classifier
from egan.judging.channels import READER, PerChannel, averaged
from egan.judging.extractors import Extractor, load_extractor

VERSION = 2
NUM_REFERENCE = 1000
BATCH = 256
ACCURACY, CHECKSUM = "accuracy", "checksum"

logger = logging.getLogger(__name__)

WEAK = 0.6
"""The share that a classifier must tell rightly for its features to be trusted."""


class Features:
    """Maps samples to features, and where there are labels to classes.

    Args:
        embed: Samples (N, *shape) -> features (N, F).
        classify: Images (N, C, H, W) -> logits (N, K), or None without labels.
        accuracy: On held-out data, of telling the classes or (without labels) the quarter turns;
            None where nothing was trained.
        read: Images (N, C, H, W) -> modes (N,), or None where there are none to count.
        num_modes: How many modes there are.
    """

    def __init__(
        self,
        embed: Extractor,
        *,
        classify: Extractor | None = None,
        accuracy: float | None = None,
        read: Extractor | None = None,
        num_modes: int = 0,
    ) -> None:
        self.accuracy = accuracy
        self.num_modes = num_modes
        self._read = read
        self._embed = embed
        self._classify = classify
        self._reference: tuple[Dataset, Array] | None = None

    def features(self, images: torch.Tensor) -> Array:
        """Map images (N, C, H, W) in [-1, 1], or points (N, D), to features (N, F).

        Raises:
            ValueError: If an extractor of the user's returns another shape.
        """
        features = _batched(self._embed, images)
        if features.ndim != 2 or len(features) != len(images):
            raise ValueError(
                f"a feature extractor must map (N, C, H, W) to (N, F), but for N={len(images)} "
                f"it returned {features.shape}. Flatten its result, a row for each image."
            )
        return features

    @property
    def caveat(self) -> str:
        """What to bear in mind of distances in these features; empty where nothing is amiss."""
        if self.accuracy is None or self.accuracy >= WEAK:
            return ""
        return f"in weak features: the classifier is {self.accuracy:.0%} right"

    @property
    def classifies(self) -> bool:
        """Whether there are labels, so that classes are told."""
        return self._classify is not None

    def classes(self, images: torch.Tensor) -> Array | None:
        """Tell the classes (N,) of images (N, C, H, W) in [-1, 1]; None without labels."""
        if self._classify is None:
            return None
        classes: Array = _batched(self._classify, images).argmax(axis=1)
        return classes

    def modes(self, images: torch.Tensor) -> Array:
        """Tell the modes (N,) of images, from 0 to `num_modes` - 1."""
        assert self._read is not None, "nothing to count"
        return _batched(self._read, images)

    def probabilities(self, images: torch.Tensor) -> Array | None:
        """Return the probabilities of the classes (N, K) in float64; None without labels."""
        if self._classify is None:
            return None
        logits = torch.from_numpy(_batched(self._classify, images)).double()
        probabilities: Array = logits.softmax(dim=1).numpy()
        return probabilities

    def reference(self, dataset: Dataset) -> Array:
        """Return the features of up to 1,000 real examples, computed once."""
        if self._reference is None or self._reference[0] is not dataset:
            self._reference = (dataset, self.features(dataset.real(NUM_REFERENCE)))
        return self._reference[1]


def extractor(
    dataset: Dataset,
    *,
    cache: Path | None = None,
    spec: str | Extractor | None = None,
    test: Dataset | None = None,
    recipe: classifier.Recipe = classifier.DEFAULT,
) -> Features:
    """Return the features that samples of `dataset` are judged by.

    Points, and other kinds but images, are their own features (tokens as one-hot codes). For images
    a classifier is trained, or read from `cache`; for stacked images one of the single ones.

    Args:
        dataset: The real data.
        cache: The folder of trained classifiers; `$EGAN_CACHE` or `~/.cache/egan` by default.
        spec: An extractor of one's own, see `egan.judging.extractors`; classes still come from the
            classifier.
        test: What the classifier's accuracy is measured on; by default, a fifth of `dataset`, which
            it does not learn from then.
        recipe: How the classifier is trained.

    Raises:
        ValueError: If `spec` names nothing that can be had.
    """
    custom = None if spec is None else _guarded(load_extractor(spec), spec)
    if dataset.singles is not None:
        return _of_channels(dataset, dataset.singles, cache or cache_folder(), custom)
    images = isinstance(dataset.kind, Images)
    labelled = images and classifier.has_classes(dataset)
    if not images or (custom is not None and not labelled):
        return Features(custom or dataset.kind.flat)
    network, accuracy = _trained(dataset, cache or cache_folder(), test=test, recipe=recipe)
    classify = network if labelled else None
    return Features(custom or network.embed, classify=classify, accuracy=accuracy)


def network_of(
    dataset: Dataset, *, recipe: classifier.Recipe, cache: Path | None = None
) -> classifier.Classifier:
    """Return a classifier of images, frozen, through which gradients pass: `embed(images)`.

    Args:
        dataset: Images with classes, of which a fifth is not learned from.
        recipe: How it is trained; a seed of its own makes it another than what judges.
        cache: The folder of trained classifiers; `$EGAN_CACHE` or `~/.cache/egan` by default.
    """
    return _trained(dataset, cache or cache_folder(), test=None, recipe=recipe)[0]


def _of_channels(
    dataset: Dataset, singles: Dataset, cache: Path, custom: Extractor | None
) -> Features:
    """Return features, and modes, of images whose channels are single ones."""
    known, test = (averaged(split(singles, part)) for part in ("train", "test"))
    network, accuracy = _trained(known, cache, test=test, recipe=READER)
    channels = PerChannel(network)
    return Features(
        custom or channels.embed,
        accuracy=accuracy,
        read=channels.modes,
        num_modes=singles.num_classes ** dataset.shape[0],
    )


def _guarded(function: Extractor, spec: str | Extractor) -> Extractor:
    """Return an extractor of the user's that raises ValueError, and returns numbers in rows."""

    def features(samples: torch.Tensor) -> torch.Tensor:
        try:
            found = torch.as_tensor(function(samples))
            finite = bool(torch.isfinite(found).all())
        except Exception as error:
            raise ValueError(
                f"the feature extractor {spec!r} raised {type(error).__name__} for samples of "
                f"shape {tuple(samples.shape)}: {error}. It must map them to (N, F) numbers."
            ) from error
        if found.ndim != 2 or len(found) != len(samples):
            raise ValueError(
                f"a feature extractor must map (N, C, H, W) to (N, F), but for N={len(samples)} "
                f"it returned {tuple(found.shape)}. Flatten its result, a row for each image."
            )
        if not finite:
            raise ValueError(
                f"the feature extractor {spec!r} returned NaN or infinity for samples in [-1, 1]."
            )
        return found

    return features


@torch.no_grad()
def _batched(function: Extractor, samples: torch.Tensor) -> Array:
    """Apply `function` to a few hundred samples at a time, with one thread: (N, ...)."""
    with classifier.one_thread():
        parts = [torch.as_tensor(function(part)).cpu() for part in torch.split(samples, BATCH)]
    result: Array = torch.cat(parts).numpy()
    return result


def _trained(
    dataset: Dataset, cache: Path, *, test: Dataset | None, recipe: classifier.Recipe
) -> tuple[classifier.Classifier, float]:
    path = cache / f"features-{_digest(dataset, test, recipe)}.safetensors"
    found = _read(path, dataset)
    if found is not None:
        return found
    network, accuracy = classifier.train(dataset, test=test, recipe=recipe)
    logger.info("trained the feature classifier: accuracy %.3f on held-out data", accuracy)
    _write(path, network, accuracy)
    return network, accuracy


def _digest(dataset: Dataset, test: Dataset | None, recipe: classifier.Recipe) -> str:
    """Checksum all that the trained network and its accuracy depend on."""
    digest = hashlib.sha256(f"{VERSION} {torch.__version__} {recipe}".encode())
    for part in (dataset, *([] if test is None else [test])):
        digest.update(f" {part.samples.shape} {part.labels is not None}".encode())
        for chunk in chunks(part.samples):
            digest.update(chunk)
        if part.labels is not None:
            digest.update(part.labels.data)
    return digest.hexdigest()[:32]


def _read(path: Path, dataset: Dataset) -> tuple[classifier.Classifier, float] | None:
    """Read a cached network, or return None where there is none that can be trusted."""
    try:
        tensors = safetensors.torch.load(path.read_bytes())
        checksum = tensors.pop(CHECKSUM)
        if not torch.equal(checksum, _checksum(tensors)):
            raise ValueError("its checksum is wrong")
        accuracy = float(tensors.pop(ACCURACY))
        with classifier.own_random(0):
            network = classifier.build(dataset)
        network.load_state_dict(tensors)
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        logger.warning("the cached features %s are damaged and made anew: %s", path, error)
        return None
    return network.eval().requires_grad_(False), accuracy


def _write(path: Path, network: classifier.Classifier, accuracy: float) -> None:
    """Write a network by way of a temporary file, so that nobody reads half of one."""
    tensors = {**network.state_dict(), ACCURACY: torch.tensor(accuracy, dtype=torch.float64)}
    content = safetensors.torch.save(tensors | {CHECKSUM: _checksum(tensors)})
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            temporary = Path(file.name)
            file.write(content)
        temporary.replace(path)
    except OSError as error:
        logger.warning("the features are not cached, since %s cannot be written: %s", path, error)
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _checksum(tensors: dict[str, torch.Tensor]) -> torch.Tensor:
    """Return the SHA-256 of named tensors, as 32 bytes."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].numpy().tobytes())
    return torch.tensor(list(digest.digest()), dtype=torch.uint8)
