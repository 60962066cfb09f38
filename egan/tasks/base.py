"""What a model is for: what it learns from, how it is judged and shown. Never the model itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

if TYPE_CHECKING:
    from PIL import Image

    from egan.data.dataset import Dataset
    from egan.data.kind import Kind
    from egan.judging.features import Features

Codes = dict[str, Tensor]
"""What samples are made from or belong to, a row each: "z", "labels", "c" ..."""

Draw = Callable[[torch.Generator], "Image.Image"]
"""Draws a picture; the generator is the same at every look, so that codes stay fixed."""

Scores = dict[str, float]


@dataclass(frozen=True)
class Batch:
    """Samples, real or generated, with what belongs to them.

    Attributes:
        samples: (N, *shape), images in [-1, 1].
        codes: Of real samples their "labels" (N,) and annotations, where the data have any; of
            generated ones the codes that they were made from.
    """

    samples: Tensor
    codes: Codes = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def labels(self) -> Tensor:
        """The classes (N,)."""
        return self.codes["labels"]

    def to(self, device: torch.device | str) -> Batch:
        """Return the batch on a device."""
        return Batch(self.samples.to(device), moved(self.codes, device))


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What the data must have.

    Attributes:
        labels: Whether there must be two classes or more.
        kinds: The kinds of samples that will do; all where it is empty.
        annotations: What must be known of each sample, by name.
        either: Of what one must be known at least.
        mend: Which data have that, a sentence, where there are annotations.
    """

    labels: bool = False
    kinds: tuple[type[Kind], ...] = ()
    annotations: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    mend: str = ""

    @property
    def _example(self) -> str:
        example = self.kinds[0].example
        return f", such as --data.name {example}" if example else ""

    def check(self, data: Dataset, *, who: str) -> None:
        """See that the data have it.

        Raises:
            ValueError: They have not; the message says who needs what.
        """
        if self.kinds and not isinstance(data.kind, self.kinds):
            names = " or ".join(kind.name for kind in self.kinds)
            raise ValueError(
                f"{who} needs {names}, but {data.name} has samples of shape {data.shape} "
                f"({data.kind.name}). {self.mend or f'Give {names}{self._example}.'}"
            )
        for either in (*((name,) for name in self.annotations), self.either):
            if either and not set(either) & set(data.annotations):
                wanted = " or ".join(map(repr, either))
                raise ValueError(
                    f"{who} needs data with {wanted} for each sample, but {data.name} has "
                    f"{', '.join(data.annotations) or 'no annotations'}. {self.mend}".rstrip()
                )
        if self.labels and data.num_classes < 2:
            raise ValueError(
                f"{who} needs data with classes, but {data.name} has no labels. Give labelled data "
                "(a folder with a subfolder for each class, digits, mnist, cifar10, a .npz file "
                "with labels), or take a model that needs none."
            )


@dataclass(frozen=True, kw_only=True)
class Asks:
    """What asking a model for samples takes, beside how many.

    Attributes:
        classes: Whether they can be of classes that are named.
        inputs: Whether each is made from an image that is given.
        captions: Whether they can be of captions that are given.
        poses: Whether the yaw is asked for that such an image is turned to.
        ages: Whether the classes are ages that such an image is brought to.
        codes: What belongs to a sample and is kept with it, by name.
    """

    classes: bool = False
    inputs: bool = False
    captions: bool = False
    poses: bool = False
    ages: bool = False
    codes: tuple[str, ...] = ()


class Task(ABC):
    """What a model learns from, is judged by, and shows.

    A paper names its task's class; a run makes one and hands it to every member.

    Args:
        data: What is trained on; samples are compared with it too.
        held_out: What likelihoods and accuracies are measured on.
        features: What samples are compared in: of a fixed reference, never of the model.

    Attributes:
        needs: What the data must have.
        asks: What asking a model for samples takes.
        leading: The measures that lead a report, in their order.
        num_judged: How many samples are scored.
    """

    needs: ClassVar[Needs] = Needs()
    asks: ClassVar[Asks] = Asks()
    leading: ClassVar[tuple[str, ...]] = ()
    num_judged: int = 1000

    def __init__(self, data: Dataset, held_out: Dataset, features: Features) -> None:
        self.data = data
        self.held_out = held_out
        self.features = features

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of what a model makes: that of a sample."""
        return self.data.shape

    @property
    def source_shape(self) -> tuple[int, ...]:
        """The shape of an image that a sample is made from, where `asks` says that one is."""
        return self.data.shape

    @classmethod
    def compared(cls, data: Dataset) -> Dataset:
        """Return what samples are compared with, which features are learned from: the data."""
        return data

    def draw(self, count: int, rng: torch.Generator) -> Batch:
        """Draw real samples (count, *shape) independently, with labels where there are any."""
        return draw(self.data, count, rng)

    @property
    def meaning(self) -> str:
        """What `score` calls fitness, as a sentence goes on after "Fitness is"."""
        return "the first of the task's scores"

    @abstractmethod
    def score(self, model: Any, rng: torch.Generator) -> Scores:
        """Return scores, ``fitness`` among them; higher is better, never by the model itself."""

    def look(self, model: Any, rng: torch.Generator) -> Scores:
        """Return what is written to `metrics.csv` at a look; by default the model's scores."""
        del rng  # the model has its own
        scores: Scores = model.score()
        return scores

    def make(self, model: Any, count: int, rng: torch.Generator, *, given: Codes) -> Batch:
        """Make samples (count, *shape) on the CPU, with what belongs to them.

        Args:
            model: What makes them.
            count: How many.
            rng: Where all draws come from.
            given: What was asked for beside their number, see `asks`: "labels" (count,) of classes,
                "captions" (count, T), "source" (count, *source_shape) to make them from, "yaw"
                (count,) in degrees to turn them to.

        Raises:
            ValueError: The model makes no samples.
        """
        del given
        return Batch(model.samples(count, rng))

    def film(self, made: Batch) -> list[Image.Image]:
        """Draw samples that go on in time as the frames of a film.

        Raises:
            ValueError: They do not.
        """
        del made
        raise ValueError(f"{self.data.kind.name} make no film; leave out --output NAME.gif.")

    @abstractmethod
    def pictures(self, model: Any) -> dict[str, Draw]:
        """Return what draws the pictures, by file name; the first one is drawn at every look."""

    def baselines(self) -> Mapping[str, Scores]:
        """Return what scores are worth: those of naive models, by the name of each."""
        return {}


def draw(data: Dataset, count: int, rng: torch.Generator) -> Batch:
    """Draw samples (count, *shape) independently, with their labels where there are any."""
    if data.labels is None:
        return Batch(data.draw(count, rng))
    chosen = torch.randint(len(data), (count,), generator=rng).numpy()
    return Batch(data.tensor(chosen), {"labels": torch.from_numpy(data.labels[chosen])})


def draw_labels(data: Dataset, count: int, rng: torch.Generator) -> Tensor:
    """Draw labels (count,) as the data have them, on the CPU.

    Raises:
        ValueError: The data have none.
    """
    if data.labels is None:
        raise ValueError(f"{data.name} has no labels to draw; give labelled data.")
    chosen = torch.randint(len(data), (count,), generator=rng).numpy()
    return torch.from_numpy(data.labels[chosen])


def moved(codes: Codes, device: torch.device | str) -> Codes:
    """Return codes on a device."""
    return {name: code.to(device) for name, code in codes.items()}
