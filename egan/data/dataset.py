"""A data set in memory: numpy arrays only, so that Ray maps it into every worker without a copy."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from egan.data.kind import Kind
from egan.data.kinds import Pixels, kind_of
from egan.data.spelling import Spelling
from egan.data.store import chunks

if TYPE_CHECKING:
    import torch

    from egan.data.encodings import Encodings

Array = npt.NDArray[Any]
MODES = "modes"
DOMAIN = "domain"
"""An annotation: which of two domains a sample is of, see `egan.data.domains`."""
CAPTIONS = "captions"
"""An annotation: tokens (N, K, T) of K captions of each sample, see `egan.data.wording`."""
IDENTITY, YAW = "identity", "yaw"
"""Annotations: whom or what an image shows (N,), and by how many degrees it is turned (N,)."""
LANDMARKS, VISIBLE, FIELD = "landmarks", "visible", "field"
"""Annotations: places (N, M, 2) in [-1, 1], which of them are seen, and points of each pixel."""


class Process(Protocol):
    """Something that draws fresh points for ever, instead of a finite set."""

    def points(self, n: int, rng: np.random.Generator) -> Array:
        """Draw (n, D) float32 points."""


class Oracle(Protocol):
    """Something that knows how likely sequences are."""

    def log_probability(self, tokens: Array) -> Array:
        """Return log p of sequences (N, T), in nats, (N,)."""


@dataclass(frozen=True, eq=False)
class Mixture:
    """Round Gaussians: x = centre_k + std * noise, k uniform or by weight.

    Attributes:
        centres: A (K, 2) float32 array.
        std: The standard deviation of every component, along each axis.
        weights: How likely each component is (K,), their sum 1; None where all are alike.
    """

    centres: Array
    std: float
    weights: Array | None = None

    def points(self, n: int, rng: np.random.Generator) -> Array:
        """Draw (n, 2) float32 points."""
        if self.weights is None:
            which = rng.integers(len(self.centres), size=n)
        else:
            which = rng.choice(len(self.centres), size=n, p=self.weights)
        noise = rng.standard_normal((n, self.centres.shape[1]), dtype=np.float32)
        points: Array = self.centres[which] + np.float32(self.std) * noise
        return points


@dataclass(frozen=True, eq=False)
class Dataset:
    """Examples to learn from. The arrays are read-only: workers share one copy of them.

    Attributes:
        name: The name in `egan.data.NAMES`.
        samples: Images as (N, C, H, W) uint8, points as (N, D) float32, or another kind, see
            `egan.data.kinds`; or what stands for an array, see `egan.data.store`. Where `mixture`
            or `process` draws fresh points, a fixed draw to judge against.
        labels: (N,) int64 classes from 0, or None.
        mixture: The mixture that points are drawn from, or None.
        notes: Sentences for the log, such as the files that were skipped.
        process: Another source of fresh points, or None.
        annotations: What else is known of each sample, by name: arrays (N, ...), such as a mask.
        test: The indices of the samples that are kept for tests, where the data set says which;
            see `egan.data.splits`.
        vocabulary: How many tokens there are, where the samples are tokens.
        class_names: What the classes are called, by number, such as their folders; empty where
            they have numbers alone.
        singles: The grey images that are stacked as the channels of each sample, or None.
        simulator: What the samples happened in, by its id, see `egan.simulators`; empty for none.
        oracle: What knows the probability of each sequence of tokens, or None.
        spelling: How tokens are written, or None for their numbers.
        wording: How the tokens of the annotation "captions" are written, where there is one.
        encodings: What a text encoder of the user's makes of captions, or None.
        kind: What the samples are: worked out from their shape and type.

    Raises:
        ValueError: If the arrays have another shape or type, a token is not of the vocabulary, or
            has no word, or `test` has no indices of samples.
    """

    name: str
    samples: Array
    labels: Array | None = None
    mixture: Mixture | None = None
    notes: tuple[str, ...] = ()
    process: Process | None = None
    annotations: Mapping[str, Array] = field(default_factory=dict)
    test: Array | None = None
    vocabulary: int | None = None
    class_names: tuple[str, ...] = ()
    singles: Dataset | None = None
    simulator: str = ""
    oracle: Oracle | None = None
    spelling: Spelling | None = None
    wording: Spelling | None = None
    encodings: Encodings | None = None
    kind: Kind = field(init=False)

    def __post_init__(self) -> None:
        kind = kind_of(self.samples, name=self.name, vocabulary=self.vocabulary)
        object.__setattr__(self, "kind", kind)
        if self.labels is not None and self.labels.shape != self.samples.shape[:1]:
            raise ValueError(
                f"labels of {self.name} must be ({len(self.samples)},), one for each sample, "
                f"but got {self.labels.shape}"
            )
        if self.class_names and len(self.class_names) < self.num_classes:
            raise ValueError(
                f"class_names of {self.name} must name each of {self.num_classes} classes, but got "
                f"{len(self.class_names)}"
            )
        for name, values in self.annotations.items():
            if len(values) != len(self.samples):
                raise ValueError(
                    f"annotation {name!r} of {self.name} must have a row for each of "
                    f"{len(self.samples)} samples, but got {len(values)}"
                )
        if self.spelling is not None and len(self.spelling.words) != self.vocabulary:
            raise ValueError(
                f"words of {self.name} must be {self.vocabulary}, one for each token, but got "
                f"{len(self.spelling.words)}"
            )
        if CAPTIONS in self.annotations:
            _check_captions(self.annotations[CAPTIONS], self.wording, name=self.name)
        if self.test is not None:
            _check_test(self.test, len(self.samples), name=self.name)
        if isinstance(self.samples, np.ndarray):  # else they are mapped
            object.__setattr__(self, "samples", _read_only(self.samples))
        if self.labels is not None:
            object.__setattr__(self, "labels", _read_only(self.labels.astype(np.int64, copy=False)))
        known = {name: _read_only(values) for name, values in self.annotations.items()}
        object.__setattr__(self, "annotations", known)

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def is_here(self) -> bool:
        """Whether there are samples, rather than their shape alone."""
        return True

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample: (C, H, W), (2,), or what the kind has."""
        return tuple(self.samples.shape[1:])

    @property
    def image_size(self) -> int | None:
        """Height and width of images and clips; None for other kinds."""
        return self.shape[-1] if isinstance(self.kind, Pixels) else None

    @property
    def channels(self) -> int | None:
        """1 for grey, 3 for colour; None for what is no image or clip."""
        return self.shape[-3] if isinstance(self.kind, Pixels) else None

    @property
    def num_classes(self) -> int:
        """The number of classes; 0 without labels."""
        return 0 if self.labels is None else int(self.labels.max()) + 1

    @property
    def classes(self) -> tuple[str, ...]:
        """What each class is called: its folder's name, or else its number."""
        return self.class_names or tuple(map(str, range(self.num_classes)))

    @property
    def totals(self) -> dict[str, int]:
        """Of how many a measure counts some: "classes", and "modes" of a mixture or a stack."""
        found = {"classes": self.num_classes} if self.num_classes > 1 else {}
        if self.mixture is not None:
            found[MODES] = len(self.mixture.centres)
        if self.singles is not None:
            found[MODES] = self.singles.num_classes ** self.shape[0]
        return found

    def fingerprint(self) -> str:
        """Return a checksum of the samples: a resumed run must learn from the same ones.

        Annotations and codes of captions belong to it: they are learned from too.
        """
        digest = hashlib.sha256(f"{self.name} {self.samples.shape}".encode())
        codes = () if self.encodings is None else (self.encodings.codes,)
        for values in (self.samples, *self.annotations.values(), *codes):
            for chunk in chunks(values):
                digest.update(chunk)
        return digest.hexdigest()[:16]

    def draw(self, n: int, generator: torch.Generator) -> torch.Tensor:
        """Draw `n` samples independently: a (n, *shape) tensor, as `tensor` gives it.

        A finite set is drawn from uniformly, with replacement.
        """
        import torch

        process = self.mixture or self.process
        if process is not None:
            seed = int(torch.randint(2**63 - 1, (), generator=generator))
            drawn = torch.from_numpy(process.points(n, np.random.default_rng(seed)))
            return self.kind.decode(drawn)
        return self.tensor(torch.randint(len(self), (n,), generator=generator).numpy())

    def tensor(self, indices: npt.ArrayLike) -> torch.Tensor:
        """Return the samples at `indices` (n,) as a (n, *shape) tensor.

        float32, images and clips in [-1, 1]; tokens are int64.
        """
        import torch

        # Indexing with an array copies, so the tensor never sees the shared, read-only memory.
        # Copied flat, so that strides do not depend on how the data came: a convolution of one
        # channel looks at that channel's stride to choose its algorithm.
        copied = self.samples[np.asarray(indices, dtype=np.int64)]
        return self.kind.decode(torch.from_numpy(copied.ravel().reshape(copied.shape)))

    def real(self, n: int) -> torch.Tensor:
        """Return min(n, N) samples spread evenly over the set, the same at every call."""
        return self.tensor(self.spread(n))

    def spread(self, n: int) -> Array:
        """Return the indices of min(n, N) samples spread evenly over the set."""
        count = min(n, len(self))
        return np.arange(count, dtype=np.int64) * len(self) // max(count, 1)


class Absent(Dataset):
    """Stands in for data that are not there: shape, labels and annotations, but no samples."""

    @property
    def is_here(self) -> bool:
        """Whether there are samples: no."""
        return False

    def draw(self, n: int, generator: torch.Generator) -> torch.Tensor:  # noqa: ARG002
        """Refuse."""
        raise self.refusal()

    def tensor(self, indices: npt.ArrayLike) -> torch.Tensor:  # noqa: ARG002
        """Refuse."""
        raise self.refusal()

    def refusal(self) -> ValueError:
        """Return the error of all that needs the data."""
        return ValueError(
            f"this needs the data, but the model was loaded without them. Load it with its data, "
            f"collection.load(path, task=egan.collection.api.task_of(config, data.load("
            f"{self.name!r}), features)); `sample` and most pictures need none."
        )


def _check_test(test: Array, count: int, *, name: str) -> None:
    whole = test.ndim == 1 and test.dtype.kind in "iu"
    if not whole or not len(test) or test.min() < 0 or test.max() >= count:
        raise ValueError(
            f"test of {name} must be indices of its {count} samples, whole numbers from 0 to "
            f"{count - 1}, but got {test!r}"
        )


def _check_captions(captions: Array, wording: Spelling | None, *, name: str) -> None:
    count = 0 if wording is None else len(wording.words)
    if captions.ndim != 3 or 0 in captions.shape or captions.dtype.kind not in "iu" or not count:
        raise ValueError(
            f"captions of {name} must be integers (N, K, T) with wording=..., but got "
            f"{captions.shape} {captions.dtype} and {count} words"
        )
    if captions.min() < 0 or captions.max() >= count:
        raise ValueError(
            f"captions of {name} must be tokens from 0 to {count - 1}, but got {captions.min()} to "
            f"{captions.max()}"
        )


def _read_only(array: Array) -> Array:
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view
