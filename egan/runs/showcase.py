"""What a run of the collection shows and saves: a model outside the search, with a state loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from egan.collection import load, weights_file
from egan.data.splits import split
from egan.judging.classifier import one_thread
from egan.training.model import Model, Task, stream
from population.seeding import SHARED, Seeds, preserved_randomness, seed_everything

if TYPE_CHECKING:
    from PIL import Image

    from egan.config.collection import CollectionConfig
    from egan.data.dataset import Dataset
    from egan.judging.features import Features
    from population.member import Hyperparameters
    from population.state import State

NUM_SHOWN, ROW = 100, 10
NUM_REAL_POINTS = 2500
SHOWN, JUDGED = 1, 2
FORMAT = "egan-model-1"


class Showcase:
    """A model in the random start of the run, until a state is loaded.

    Args:
        config: The run's settings; its seed gives the codes of the pictures.
        data: The data, whole.
        features: What samples are judged by.

    Raises:
        ValueError: The model's settings are wrong, or its networks do not fit the data.
    """

    def __init__(self, config: CollectionConfig, *, data: Dataset, features: Features) -> None:
        self.config = config
        self.task = task_of(config, data, features)
        self.dataset = self.task.data
        self.kind = load(config.model)
        self.model = self._built({})
        self._names: tuple[str, ...] = ()

    def _built(self, hyperparameters: Hyperparameters) -> Model:
        with preserved_randomness():
            seed_everything(Seeds(self.config.seed, 0, 0).own("build"))
            return self.kind(hyperparameters, settings=self.config.settings, task=self.task)

    def load(self, state: State, hyperparameters: Hyperparameters | None = None) -> None:
        """Take over the state of a member, in a model of its shape."""
        if hyperparameters:
            self.model = self._built(hyperparameters)
        self.model.load_state_dict(state)

    def columns(self, features: Features) -> tuple[str, ...]:  # noqa: ARG002 - the task has them
        """Return the names of the scores, as far as they are known."""
        return self._names

    def scores(self, features: Features) -> dict[str, float]:  # noqa: ARG002 - the task has them
        """Return the scores of a look, on the same random numbers each time."""
        self.model.random = self._stream(JUDGED)
        with one_thread(), self.model.judging():
            scores = self.model.look()
        self._names = tuple(scores)
        return scores

    def picture(self) -> Image.Image:
        """Draw the model's main picture."""
        return next(iter(self.finals().values()))()

    def finals(self) -> dict[str, Callable[[], Image.Image]]:
        """Return what draws all of the model's pictures, by file name."""
        return {name: partial(self._draw, name) for name in self.model.pictures()}

    def _draw(self, name: str) -> Image.Image:
        with one_thread(), self.model.judging(), preserved_randomness():
            generator = self._stream(SHOWN)
            seed_everything(generator.initial_seed())
            return self.model.pictures()[name](generator)

    def _stream(self, part: int) -> Any:
        return stream(Seeds(self.config.seed, 0, SHARED).own("evaluate", part))

    def real_picture(self) -> Image.Image:
        """Show data."""
        from egan.reporting.pictures import histogram_picture, image_grid, scatter_picture

        if self.dataset.is_image:
            return image_grid(self.dataset.real(NUM_SHOWN).numpy(), columns=ROW)
        draw = histogram_picture if self.dataset.shape == (1,) else scatter_picture
        return draw(self.dataset.real(NUM_REAL_POINTS).numpy())

    def save(self, directory: Path, *, generation: int) -> None:
        """Write the networks as `model.safetensors`, with what is needed to build them again."""
        from egan.config import to_dict

        config = to_dict(self.config)
        config["settings"] = to_dict(self.model.settings)
        metadata = {"format": FORMAT, "config": json.dumps(config), "generation": str(generation)}
        tensors = {
            f"{name}/{key}": tensor
            for name, network in self.model.networks.items()
            for key, tensor in network.state_dict().items()
        }
        weights_file.write(directory / "model.safetensors", tensors, metadata)


def task_of(config: CollectionConfig, data: Dataset, features: Features) -> Task:
    """Return what the members of a run learn from and are judged by.

    The data's test part (`egan.data.splits`) is left out altogether, for a final verdict; of the
    rest a part is held out to judge members by.
    """
    train = split(data, "train")
    return Task(
        data=split(train, "train"),
        held_out=split(train, "test"),
        features=features,
        interval=1 if config.evolves else config.search.interval,
        device=config.device,
    )


def load_model(path: str | Path, *, task: Task | None = None) -> Model:
    """Read a `model.safetensors`, in evaluation mode; it runs no code of the file's.

    Args:
        path: The file, as a run leaves it.
        task: The data; by default those that the run learned from are loaded again.

    Raises:
        ValueError: The file is missing, damaged, or not one of ours, or the data cannot be read.
    """
    from egan.config.collection import CollectionConfig
    from egan.config.file import from_dict

    tensors, metadata = weights_file.read(
        path, file_format=FORMAT, what="the model.safetensors of a run of the collection"
    )
    config = from_dict(json.loads(metadata["config"]), source=str(path))
    assert isinstance(config, CollectionConfig)
    with preserved_randomness():
        model = load(config.model)({}, settings=config.settings, task=task or _loaded(config))
    for name, network in model.networks.items():
        prefix = f"{name}/"
        weights = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
        network.load_state_dict(weights)
    model.training(False)
    return model


def _loaded(config: CollectionConfig) -> Task:
    from egan.judging.features import extractor
    from egan.runs.preparation import load_data

    data = load_data(config)
    return task_of(config, data, extractor(split(data, "train"), spec=config.features))
