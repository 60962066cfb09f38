"""What every model of the collection is: networks and optimisers that take updates on data."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn

from egan.config.settings import Settings
from egan.training.gradients import set_gradients
from population.member import Hyperparameters, Member
from population.state import State

if TYPE_CHECKING:
    from PIL import Image

    from egan.config.collection import CollectionConfig
    from egan.data.dataset import Dataset
    from egan.judging.features import Features

Codes = dict[str, Tensor]
"""What samples are made from or belong to, a row each: "z", "labels", "c" ..."""

Draw = Callable[[torch.Generator], "Image.Image"]
"""Draws a picture; the generator is the same at every look, so that codes stay fixed."""


@dataclass(frozen=True)
class Batch:
    """Samples, real or generated, with what belongs to them.

    Attributes:
        samples: (N, *shape), images in [-1, 1].
        codes: Of real samples their "labels" (N,), where the data have any; of generated ones the
            codes that they were made from.
    """

    samples: Tensor
    codes: Codes = field(default_factory=dict)

    @property
    def labels(self) -> Tensor:
        """The classes (N,)."""
        return self.codes["labels"]


@dataclass(frozen=True, eq=False)
class Task:
    """What a model learns from and is judged by.

    Attributes:
        data: What is trained on; samples are compared with it too.
        held_out: What likelihoods and accuracies are measured on.
        features: What samples are compared in: of a fixed reference, never of the model.
        interval: Updates in a step of the engine.
        device: Where the networks live; every draw is made on the CPU.
    """

    data: Dataset
    held_out: Dataset
    features: Features
    interval: int = 100
    device: str = "cpu"


class Model(Member):
    """Networks and optimisers with a name each, and an update that is repeated.

    A subclass defines ``build`` and ``update``, usually ``evaluate`` and ``pictures``, and its
    tables. States, hyperparameters, devices and random streams are handled here.

    Args:
        hyperparameters: Settings to change, by name.
        settings: The model's own settings; of the class that ``settings`` is annotated with.
        task: The data, and what judges.

    Attributes:
        settings: The settings with the current hyperparameters.
        shape: The shape of a sample.
        num_classes: Of the data; 0 without labels.
        networks: What training changes, by name.
        optimizers: By the name of the network that they train; see `optimizer_options`.
        random: The stream of the coming draws, on the CPU; new in every step and evaluation.
        updates: How many updates there were so far.

    Raises:
        ValueError: A setting is wrong, or the networks do not fit the data.
    """

    presets: ClassVar[Mapping[str, Callable[[], CollectionConfig]]]
    """Settings of whole runs by name: "small", the default, and "paper" at least."""
    space: ClassVar[Mapping[str, str]]
    """What a search varies if it is not told, spelt as on the command line."""
    tiny: ClassVar[Mapping[str, Any]] = {}
    """Changes to the small preset's settings with which a test takes no time."""
    paper_classes: ClassVar[int] = 10
    """How many classes the paper's data have."""
    paper_parameters: ClassVar[Mapping[str, float]] = {}
    """Millions of parameters by network, where the paper or its authors' code states them."""
    evolves: ClassVar[bool] = False
    """Whether its generator can evolve in its discriminator."""
    needs_labels: ClassVar[bool] = False
    """Whether the data must have classes."""
    needs_images: ClassVar[bool] = False
    """Whether the data must be images, not points."""

    settings: Settings

    def __init__(self, hyperparameters: Hyperparameters, *, settings: Settings, task: Task) -> None:
        self.given = settings
        self.settings = settings.tuned(hyperparameters)
        self.task = task
        self.shape = task.data.shape
        self.num_classes = task.data.num_classes
        self.device = torch.device(task.device)
        self.random = torch.Generator()
        self.updates = 0
        self._check_data()
        self.networks: dict[str, nn.Module] = {
            name: network.to(self.device) for name, network in self.build().items()
        }
        self.optimizers = {
            name: self.optimizer(self.networks[name], **options)
            for name, options in self.optimizer_options().items()
        }

    def _check_data(self) -> None:
        name = type(self).__name__
        if self.needs_labels and self.num_classes < 2:
            raise ValueError(
                f"{name} needs data with classes, but {self.task.data.name} has no labels. Give "
                "labelled data (a folder with a subfolder for each class, digits, mnist, cifar10, "
                "a .npz file with labels), or take a model that needs none."
            )
        if self.needs_images and len(self.shape) != 3:
            raise ValueError(
                f"{name} needs images, but {self.task.data.name} has samples of shape "
                f"{self.shape}. Give images, such as --data.name digits."
            )

    @abstractmethod
    def build(self) -> dict[str, nn.Module]:
        """Build the networks, with weights from torch's global stream, which is seeded."""

    @abstractmethod
    def update(self) -> None:
        """Train once, on batches from `draw` with random numbers from ``self.random``."""

    def optimizer_options(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the optimisers' options by network, from the current settings.

        They are applied again after every change of hyperparameters.
        """
        return {}

    def optimizer(self, network: nn.Module, **options: Any) -> torch.optim.Optimizer:
        """Build the optimiser of a network: Adam, unless a model overrides it."""
        return torch.optim.Adam(network.parameters(), fused=True, **options)

    def configure(self, hyperparameters: Hyperparameters) -> None:
        """Apply hyperparameters to the live model.

        Raises:
            ValueError: There is no such setting, or it is out of its range.
        """
        self.settings = self.given.tuned(hyperparameters)
        self.apply_options()

    def apply_options(self) -> None:
        """Give the optimisers their options; call it in `update` where a rate decays."""
        for name, options in self.optimizer_options().items():
            for group in self.optimizers[name].param_groups:
                group.update(options)

    def step(self, operator: str | None = None) -> None:  # noqa: ARG002 - training has none
        """Take ``task.interval`` updates."""
        self.random = stream(self.seeds.own("step"))
        self.training(True)
        for _ in range(self.task.interval):
            self.update()
            self.updates += 1

    def training(self, mode: bool) -> None:
        """Set all networks to training or evaluation mode."""
        for network in self.networks.values():
            network.train(mode)

    def draw(self, count: int | None = None) -> Batch:
        """Draw real samples, `batch_size` by default, with their labels where there are any."""
        return draw(self.task.data, count or self.settings.batch_size, self.random, self.device)

    def descend(self, name: str, loss: Tensor) -> None:
        """Take a step of a network's optimiser, on its own parameters alone."""
        optimizer = self.optimizers[name]
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
        set_gradients(parameters, gradients)
        optimizer.step()

    def evaluate(self) -> dict[str, float]:
        """Score the model with `score`, in evaluation mode, on numbers that siblings share."""
        self.random = stream(self.seeds.shared("evaluate"))
        with self.judging():
            return self.score()

    @contextmanager
    def judging(self) -> Iterator[None]:
        """Switch to evaluation mode, without gradients, for a while."""
        self.training(False)
        try:
            with torch.no_grad():
                yield
        finally:
            self.training(True)

    @abstractmethod
    def score(self) -> dict[str, float]:
        """Return scores, ``fitness`` among them; higher is better, never by the model itself."""

    def look(self) -> dict[str, float]:
        """Return what is written to `metrics.csv` at a look; by default `score`."""
        return self.score()

    @abstractmethod
    def pictures(self) -> dict[str, Draw]:
        """Return what draws the pictures, by file name; the first one is drawn at every look."""

    def state_dict(self) -> State:
        """Return weights, running statistics, optimisers' states and the number of updates."""
        return self.part(self.networks)

    def part(self, names: Any) -> State:
        """Return the state of some networks and their optimisers."""
        optimizers = {name: one for name, one in self.optimizers.items() if name in names}
        return {
            "updates": self.updates,
            "networks": {name: self.networks[name].state_dict() for name in names},
            "optimizers": {name: one.state_dict() for name, one in optimizers.items()},
        }

    def load_state_dict(self, state: State) -> None:
        """Take over a state made by :meth:`state_dict`, or the part of one."""
        self.updates = state["updates"]
        for name, weights in state["networks"].items():
            self.networks[name].load_state_dict(weights)
        for name, moments in state["optimizers"].items():
            self.optimizers[name].load_state_dict(moments)


def stream(seed: int) -> torch.Generator:
    """Return a generator on the CPU, where every draw is made, whatever the device."""
    return torch.Generator().manual_seed(seed)


def draw(
    data: Dataset, count: int, generator: torch.Generator, device: torch.device | str = "cpu"
) -> Batch:
    """Draw samples (count, *shape) independently, with their labels where there are any."""
    if data.labels is None:
        return Batch(data.draw(count, generator).to(device))
    chosen = torch.randint(len(data), (count,), generator=generator).numpy()
    labels = torch.from_numpy(data.labels[chosen])
    return Batch(data.tensor(chosen).to(device), {"labels": labels.to(device)})


def draw_labels(data: Dataset, count: int, generator: torch.Generator) -> Tensor:
    """Draw labels (count,) as the data have them, on the CPU.

    Raises:
        ValueError: The data have none.
    """
    if data.labels is None:
        raise ValueError(f"{data.name} has no labels to draw; give labelled data.")
    chosen = torch.randint(len(data), (count,), generator=generator).numpy()
    return torch.from_numpy(data.labels[chosen])


def moved(codes: Codes, device: torch.device | str) -> Codes:
    """Return codes on a device."""
    return {name: code.to(device) for name, code in codes.items()}
