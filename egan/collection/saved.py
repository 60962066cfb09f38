"""A trained model as one file, `model.safetensors`: it holds numbers and text, so it runs no code.

Of niches it is their mixture: networks of every member, and the weights that they are drawn by.

model = collection.load("runs/00003-vae/model.safetensors")
samples = model.sample(64, torch.Generator().manual_seed(0))
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from egan import collection, weights_file
from egan.collection.api import build
from egan.config import to_dict
from egan.config.file import from_dict
from egan.data.dataset import CAPTIONS, Absent
from egan.data.encodings import Encodings
from egan.data.spelling import Spelling

if TYPE_CHECKING:
    from torch import Tensor

    from egan.config import RunConfig
    from egan.data.dataset import Dataset
    from egan.judging.features import Features
    from egan.tasks import Task
    from egan.training.model import Model

FORMAT = "egan-model-3"
WHAT = "the model.safetensors of a run"
_MISFITS = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
)
LABELS = "labels"
"""The data's labels in their order: which ones a random stream draws depends on it."""
ENCODED, CODES = "captions encoded", "codes of captions"
"""Captions, and what a text encoder has made of them. No file names that: it is run only where the
command line names it."""
MOST_CLASSES = 2**20
MOST_NUMBERS = 2**24
"""Of a sample, such as 16 images of 512x512 in colour: more would fill the memory."""


def save(path: Path, model: Model, config: RunConfig, *, steps: int) -> None:
    """Write a model's networks atomically, with what is needed to build them again.

    Args:
        path: The file.
        model: What is saved.
        config: The settings of its run.
        steps: How many updates, or generations, it was trained for.
    """
    settings = {**to_dict(config), "settings": to_dict(model.settings)}
    metadata = {
        "format": FORMAT,
        "config": json.dumps(settings),
        "data": json.dumps(_described(model.task.data)),
        "steps": str(steps),
    }
    tensors = {
        f"{name}/{key}": tensor
        for name, network in model.networks.items()
        for key, tensor in network.state_dict().items()
    }
    known = model.task.data
    if known.labels is not None:
        tensors[LABELS] = torch.tensor(known.labels)
    if CAPTIONS in known.annotations:  # as labels: which ones are drawn depends on their order
        tensors[CAPTIONS] = torch.tensor(known.annotations[CAPTIONS])
    if known.encodings is not None:
        tensors[ENCODED] = torch.tensor(known.encodings.captions)
        tensors[CODES] = torch.tensor(known.encodings.codes)
    weights_file.write(path, tensors, metadata)


def load(
    path: str | Path, *, task: Task | None = None, device: Literal["cpu", "cuda"] = "cpu"
) -> Model:
    """Read a `model.safetensors`, in evaluation mode.

    It makes samples at once, and pictures that show no data. Scores and the other pictures say that
    they need the data: give a ``task`` then, as `egan.collection.api.task_of` makes it.

    Args:
        path: The file, as a run leaves it.
        task: The data; by default something of their shape stands in for them.
        device: Where the networks live, wherever they were trained.

    Raises:
        ValueError: The file is missing, damaged, or not one of ours.
    """
    tensors, metadata = weights_file.read(path, file_format=FORMAT, what=WHAT)
    try:
        config = from_dict(json.loads(metadata["config"]), collection.preset, source=str(path))
        config = replace(config, device=device)
        data = {name: tensors.pop(name, None) for name in (LABELS, CAPTIONS, ENCODED, CODES)}
        described = json.loads(metadata["data"])
        task = task or stand_in(config, described, data)
        if config.evolution.niches > len(tensors):
            raise ValueError(f"it has not the weights of {config.evolution.niches} niches")
        _check_sizes(config, task, tensors)
        model = build(config, task)
        for name, network in model.networks.items():
            prefix = f"{name}/"
            weights = {
                k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)
            }
            network.load_state_dict(weights)
    except _MISFITS as error:
        lacks = f"{error} is missing" if isinstance(error, KeyError) else str(error).rstrip(".")
        raise ValueError(f"{path} does not fit together: {lacks}. Give {WHAT}.") from error
    for network in model.networks.values():
        network.eval().requires_grad_(False)
    return model


def _described(data: Dataset) -> dict[str, Any]:
    """Return what of the data a model is built for."""
    annotations = {k: [list(v.shape[1:]), str(v.dtype)] for k, v in data.annotations.items()}
    return {
        "name": data.name,
        "shape": list(data.shape),
        "dtype": str(data.samples.dtype),
        "vocabulary": data.vocabulary,
        "simulator": data.simulator,
        "spelling": None if data.spelling is None else asdict(data.spelling),
        "wording": None if data.wording is None else asdict(data.wording),
        "class_names": list(data.class_names),
        "annotations": annotations,
    }


def _check_sizes(config: RunConfig, task: Task, tensors: Mapping[str, Tensor]) -> None:
    """See that the networks are as large as the tensors, before they are given any memory."""
    nowhere: Any = "meta"
    with torch.device(nowhere):
        model = build(replace(config, device=nowhere), task)
    wanted = {
        f"{name}/{key}": tensor.shape
        for name, network in model.networks.items()
        for key, tensor in network.state_dict().items()
    }
    for key in sorted({*wanted, *tensors}):
        got = tensors[key].shape if key in tensors else None
        if got != wanted.get(key):
            asked = _sized(wanted.get(key))
            raise ValueError(f"{key} is {_sized(got)}, but the settings ask for {asked}")


def _sized(shape: torch.Size | None) -> str:
    return "missing" if shape is None else "x".join(map(str, shape)) or "a number"


def stand_in(
    config: RunConfig, described: dict[str, Any], known: Mapping[str, Tensor | None]
) -> Task:
    """Return a task whose data have the shape of those learned from, their labels and captions."""
    labels, captions = known[LABELS], known[CAPTIONS]
    if labels is not None and not _are_labels(labels):
        raise ValueError("its labels are not whole numbers from 0")
    count = next((len(values) for values in (labels, captions) if values is not None), 2)
    shape = (count, *map(int, described["shape"]))
    if math.prod(shape[1:]) > MOST_NUMBERS:
        raise ValueError(f"a sample of it has more than {MOST_NUMBERS:,} numbers: {shape[1:]}")
    dataset = Absent(
        str(described["name"]),
        np.zeros(shape, np.dtype(described["dtype"])),
        None if labels is None else labels.numpy(),
        vocabulary=described["vocabulary"],
        simulator=str(described["simulator"]),
        spelling=_spelling(described["spelling"]),
        wording=_spelling(described.get("wording")),
        encodings=_encodings(known[ENCODED], known[CODES], _spelling(described.get("wording"))),
        class_names=tuple(map(str, described["class_names"])),
        annotations={
            name: np.zeros((count, *inner), np.dtype(dtype))
            for name, (inner, dtype) in described["annotations"].items()
        }
        | ({} if captions is None else {CAPTIONS: captions.numpy()}),
    )
    return collection.paper(collection.named(config.preset)[0]).task_type(
        dataset, dataset, _no_features(dataset)
    )


def _spelling(described: dict[str, Any] | None) -> Spelling | None:
    if described is None:
        return None
    words = tuple(map(str, described["words"]))
    return Spelling(words, str(described["separator"]))


def _encodings(
    captions: Tensor | None, codes: Tensor | None, wording: Spelling | None
) -> Encodings | None:
    """Return the codes of captions, in the order that they are looked up in."""
    if captions is None or codes is None or wording is None:
        return None
    return Encodings(captions.numpy(), codes.numpy(), wording)


def _are_labels(labels: Tensor) -> bool:
    whole = labels.ndim == 1 and labels.dtype == torch.int64 and len(labels) > 0
    return whole and 0 <= int(labels.min()) <= int(labels.max()) < MOST_CLASSES


def _no_features(dataset: Absent) -> Features:
    from egan.judging.features import Features

    def refuse(_: Tensor) -> Tensor:
        raise dataset.refusal()

    return Features(refuse, classify=refuse)
