"""Tiny models of every paper, and what of them tests look at, see `egan.collection.conformance`."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from egan import collection
from egan.collection.search import strategy_of, with_space
from egan.config import EvolutionConfig, RunConfig, SearchConfig
from egan.data import SEQUENCES
from egan.data import load as load_data
from egan.data.crowds import SEGMENTATION
from egan.data.dataset import CAPTIONS, DOMAIN, FIELD, IDENTITY, LANDMARKS, YAW, Dataset
from egan.data.spelling import END, Spelling
from egan.evolution.whole import Parts
from egan.judging.features import Features
from egan.tasks import TARGET, Task
from egan.training.game import Game
from egan.training.model import Model
from population.member import Birth, Newborn
from population.seeding import SHARED, Seeds, preserved_randomness, seed_everything
from population.state import PackedState, pack

MUTATIONS = ("minimax", "heuristic", "least_squares")
ALL_KINDS = (*MUTATIONS, "relativistic_hinge")
"""Mutations among which is one that looks at real samples too."""
COLOURS = dict.fromkeys(
    (
        *("cifar10", "folder", "views", "pairs", "masks", "domains", "captions", "clips"),
        *("stacked_mnist", "openmoji"),
    ),
    3,
)
FEW = 60
BUILT_IN = (
    *("digits", "overlapped_digits", "digits_to_mnist", "font_to_digits", "font_to_mnist"),
    *("shapes", "scenes"),
    *("captioned_shapes", "detailed_shapes", "icons", "crowds", "heads"),
    *("bimodal", "five_modes", "gaussians8"),
    *("oracle_language", "folk_tunes", "folk_pitches"),
    *("cartpole", "gridworld"),
)

Build = Callable[..., Any]


def features_of(dataset: Dataset) -> Features:
    """Return a fixed reference that costs nothing to build."""
    size = math.prod(dataset.shape)
    mixer, logits = (
        torch.randn(size, width, generator=torch.Generator().manual_seed(seed))
        for width, seed in ((16, 5), (max(2, dataset.num_classes), 6))
    )
    return Features(
        lambda samples: samples.flatten(1).float() @ mixer,
        classify=(lambda samples: samples.flatten(1) @ logits) if dataset.num_classes else None,
    )


def task_of(kind: str | type[Model], dataset: Dataset) -> Task:
    """Return a paper's task on some data, which judges few samples, by features that cost nothing.

    Args:
        kind: A name of the collection, or a paper's class.
        dataset: What to learn from and to be judged by.
    """
    model_type = collection.paper(kind) if isinstance(kind, str) else kind
    task_type: Any = model_type.task_type
    compared = getattr(task_type, "func", task_type).compared(dataset)
    task: Task = task_type(dataset, dataset, features_of(compared))
    task.num_judged = FEW
    return task


def random_images(shape: tuple[int, ...], *, num_classes: int = 10, count: int = 24) -> Dataset:
    """Return images of noise, of every class and two domains, with targets and captions.

    Two of them at a time are views of one person.
    """
    rng = np.random.default_rng(0)
    labels = np.arange(count) % num_classes
    labels[-1] = num_classes - 1
    samples, targets = (rng.integers(0, 256, (count, *shape), np.uint8) for _ in range(2))
    known = {
        TARGET: targets,
        DOMAIN: np.arange(count) % 2,
        IDENTITY: np.arange(count) // 2,
        CAPTIONS: rng.integers(0, 9, (count, 2, 5)),
        YAW: rng.uniform(-90, 90, count).astype(np.float32),
        LANDMARKS: rng.uniform(-1, 1, (count, 5, 2)).astype(np.float32),
        FIELD: rng.random((count, 3, *shape[1:]), np.float32),
    }
    wording = Spelling((END, *"abcdefgh"))
    return Dataset("random", samples, labels, annotations=known, wording=wording)


def random_masks(shape: tuple[int, ...], *, num_classes: int = 21, count: int = 4) -> Dataset:
    """Return images of noise whose masks are noise too; by default as many classes as VOC has."""
    rng = np.random.default_rng(0)
    samples = rng.integers(0, 256, (count, *shape), np.uint8)
    maps = rng.integers(0, num_classes, (count, *shape[1:]), np.uint8)
    names = tuple(map(str, range(num_classes)))
    return Dataset("random", samples, annotations={SEGMENTATION: maps}, class_names=names)


def random_clips(shape: tuple[int, ...], *, count: int = 4, length: int = 9) -> Dataset:
    """Return clips whose frames are noise."""
    samples = np.random.default_rng(0).integers(0, 256, (count, length, *shape), np.uint8)
    return Dataset("random", samples)


def random_tokens(*, count: int = 24, length: int = 20, vocabulary: int = 5000) -> Dataset:
    """Return sequences of tokens that are all equally likely."""
    tokens = np.random.default_rng(0).integers(0, vocabulary, (count, length))
    return Dataset("random", tokens, vocabulary=vocabulary)


def random_notes(*, count: int = 24, length: int = 32) -> Dataset:
    """Return melodies whose notes have any length, pitch, intensity and gap."""
    rng = np.random.default_rng(0)
    columns = [
        rng.integers(*ends, (count, length)) for ends in ((1, 97), (48, 85), (1, 128), (0, 9))
    ]
    return Dataset("random", np.stack(columns, axis=-1).astype(np.int16))


def small(name: str) -> RunConfig:
    """Return the default preset with the settings that make the model tiny."""
    config = collection.preset(name)
    return dataclasses.replace(config, settings=config.settings.tuned(collection.paper(name).tiny))


def tiny(name: str, dataset: Dataset | None = None, *, interval: int = 1) -> partial[Any]:
    """Return what builds a tiny member from hyperparameters."""
    config = small(name)
    data = config.data
    if dataset is None:
        dataset = load_data(data.name, image_size=data.image_size, channels=data.channels)
    return partial(
        collection.paper(name),
        settings=config.settings,
        task=task_of(name, dataset),
        interval=interval,
    )


def built(build: Build, hyperparameters: Mapping[str, Any] | None = None, *, seed: int = 0) -> Any:
    """Build a member in its random start, with the seeds of a first child."""
    with preserved_randomness():
        seed_everything(Seeds(seed, 0, 0).own("build"))
        member = build(hyperparameters or {})
    member.seeds = Seeds(seed, 1, 0)
    return member


def child_digest(name: str) -> str:
    """Return a checksum of a child two updates away from the random start, and of its scores."""
    member = built(tiny(name, interval=2))
    with preserved_randomness():
        newborn = member.bear(pack(member.state_dict()), Birth(seeds=Seeds(3, 1, 0)))
    digest = hashlib.sha256(newborn.state.buffer.tobytes())
    digest.update(repr(newborn.scores).encode())
    return digest.hexdigest()


def digest_elsewhere(*names: str) -> dict[str, str]:
    """Return the checksums of children as a fresh process computes them."""
    code = (
        "import json, sys\nfrom egan.collection.testing import child_digest\n"
        "print(json.dumps({name: child_digest(name) for name in sys.argv[1:]}))"
    )
    root = str(Path(collection.__file__).parents[2])
    path = os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", code, *names],
        env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    import json

    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


def parts(
    name: str, *, mutations: Sequence[str] = MUTATIONS, build: Build | None = None, **evolution: Any
) -> Parts:
    """Return the parts of a tiny evolution of a game."""
    settings = EvolutionConfig(**{"num_samples": 16, **evolution})
    return Parts(
        build=build or tiny(name),
        mutations=tuple(mutations),
        evolution=settings,
        batch_size=small(name).settings.batch_size,
    )


def facing(evolution: Parts, *, generation: int = 1, seed: int = 0) -> Any:
    """Return a member of an evolution before a generation, in its environment."""
    environment = built(lambda _: evolution.environment(), seed=seed)
    environment.seeds = Seeds(seed, generation, SHARED)
    member = built(evolution.member, seed=seed)
    member.environment = environment
    return member


def births(operators: Sequence[str], *, generation: int = 1, seed: int = 0) -> list[Birth]:
    """Return how siblings are to be made, one by each operator."""
    return [
        Birth(seeds=Seeds(seed, generation, i), operator=one) for i, one in enumerate(operators)
    ]


def siblings(evolution: Parts, *, fast: bool, seed: int = 0) -> list[Newborn]:
    """Return the children of a first parent, by the fast path or by the plain loop."""
    member = facing(evolution, seed=seed)
    parent = pack(member.state_dict())
    asked = births(evolution.mutations, seed=seed)
    with preserved_randomness():
        if fast:
            return list(member.reproduce(parent, asked))
        return [member.bear(parent, birth) for birth in asked]


def mutated(name: str) -> list[PackedState]:
    """Return the generator's side after each mutation, from one state and on the same codes."""
    return [newborn.state for newborn in siblings(parts(name), fast=False)]


def check_gradients(member: Model) -> None:
    """Fused Adam takes gradients for laid out in memory as parameters are, and does not look."""
    for network in member.networks.values():
        gradients = [p.grad for p in network.parameters() if p.grad is not None]
        assert all(gradient.is_contiguous() for gradient in gradients)


def paper_sizes(name: str, *, narrower: int = 1) -> dict[str, int]:
    """Take an update of the paper's networks at its resolution; return their parameters.

    Those that have a width may be made narrower; `benchmarks/paper_sizes.py` takes all whole.
    """
    config, kind = collection.preset(f"{name}:paper"), collection.paper(name)
    data = config.data
    if data.name in BUILT_IN:
        dataset = load_data(data.name, image_size=data.image_size)
    elif data.name in SEQUENCES:
        dataset = random_notes() if data.name == "abc" else random_tokens()
    else:
        size, channels = data.image_size or 0, data.channels or COLOURS.get(data.name, 1)
        shape = (channels, size, size)
        if data.name == "masks":
            dataset = random_masks(shape)
        elif data.name == "clips":
            dataset = random_clips(shape)
        else:
            dataset = random_images(shape, num_classes=kind.paper_classes, count=4)
    widths = {n: getattr(config.settings, n, 0) for n in ("width", "discriminator_width")}
    narrow = {one: width // narrower for one, width in widths.items() if width}
    settings = config.settings.tuned({"batch_size": 2, **narrow})
    member = built(partial(kind, settings=settings, task=task_of(name, dataset)))
    with preserved_randomness():
        member.training(True)
        member.update()
    followers = member.averages() if isinstance(member, Game) else {}
    networks = {n: one for n, one in member.networks.items() if n not in followers}
    return {n: sum(p.numel() for p in one.parameters()) for n, one in networks.items()}


def ends(domain: Any) -> list[Any]:
    """Return the options of a domain, or its lowest and highest value."""
    return [*domain.options] if hasattr(domain, "options") else [domain.low, domain.high]


def searched(name: str) -> dict[str, Any]:
    """Return the domains of what a search of models varies if it is not told, by name."""
    config = dataclasses.replace(small(name), evolve=None, search=SearchConfig(strategy="pbt"))
    config = with_space(config)
    strategy: Any = strategy_of(config)
    return {one: leaf.domain for one, leaf in strategy.space.leaves.items()}
