"""Each model of the collection at its paper's sizes: it is built and takes an update.

The data are noise of the paper's shape, two samples of it. A row is a model: its samples, the
parameters of its networks beside those that the paper or its authors' code states (averages of
networks are not counted), and the seconds that building it and an update take on one thread. Then
come the values of each preset of a paper's sizes, with the source of each.

  python benchmarks/paper_sizes.py [biggan stylegan ...] [--save]
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import torch
from measure import parser, report, table
from torch.optim.swa_utils import AveragedModel

from egan import collection
from egan.collection.sources import paper_presets, sourced
from egan.collection.testing import BUILT_IN, COLOURS, random_images, task_of
from egan.data import load as load_data
from egan.data.dataset import Dataset
from egan.training.model import Model
from population.seeding import Seeds, pin_arithmetic, seed_everything

BATCH, COUNT = 2, 4
SMALLEST = "gan"


def noise(name: str) -> Dataset:
    """Return data of the shape and classes that a model's paper has, as noise where not built in.

    Args:
        name: A model.
    """
    data = collection.preset(f"{name}:paper").data
    if data.name in BUILT_IN:
        return load_data(data.name, image_size=data.image_size)
    size, channels = data.image_size or 0, data.channels or COLOURS.get(data.name, 1)
    num_classes = collection.paper(name).paper_classes
    return random_images((channels, size, size), num_classes=num_classes, count=COUNT)


def built(name: str) -> Model:
    """Return a model at its paper's sizes, in its random start."""
    seed_everything(Seeds(0, 0, 0).own("build"))
    settings = replace(collection.preset(f"{name}:paper").settings, batch_size=BATCH)
    task = task_of(name, noise(name))
    member = collection.paper(name)({}, settings=settings, task=task, interval=1)
    member.seeds = Seeds(0, 1, 0)
    return member


def parameters(member: Model) -> dict[str, int]:
    """Return how many parameters each network has."""
    return {
        name: sum(p.numel() for p in network.parameters())
        for name, network in member.networks.items()
        if not isinstance(network, AveragedModel)
    }


def measured(name: str) -> dict[str, Any]:
    """Build a model, take an update, and tell what came of it."""
    started = time.process_time()
    member = built(name)
    middle = time.process_time()
    before = [p.detach().clone() for one in member.networks.values() for p in one.parameters()]
    member.step()
    ended = time.process_time()
    after = [p for one in member.networks.values() for p in one.parameters()]
    return {
        "shape": list(member.shape),
        "parameters": parameters(member),
        "published": dict(member.paper_parameters),
        "build_seconds": middle - started,
        "update_seconds": ended - middle,
        "moved": any(not torch.equal(a, b) for a, b in zip(before, after, strict=True)),
        "finite": all(bool(p.isfinite().all()) for p in after),
    }


def row(name: str, found: dict[str, Any]) -> list[str]:
    """Return a model's row."""
    counts = ", ".join(f"{network} {n:,}" for network, n in found["parameters"].items())
    stated = ", ".join(f"{network} {x} million" for network, x in found["published"].items())
    fine = "yes" if found["moved"] and found["finite"] else "NO"
    seconds = [f"{found[f'{part}_seconds']:.1f}" for part in ("build", "update")]
    return [name, "x".join(map(str, found["shape"])), counts, stated or "-", *seconds, fine]


def sources(name: str) -> str:
    """Return the values of a model's paper presets as tables, with the source of each."""
    parts = []
    for preset in paper_presets(name):
        values = [
            [one, str(value), source or "NOT TOLD"] for one, value, source in sourced(name, preset)
        ]
        parts.append(f"`{name}:{preset}`\n\n" + table(("setting", "value", "source"), values))
    return "\n\n".join(parts)


def main() -> None:
    """Build the models that are named, or all."""
    shown = parser(__doc__ or "")
    shown.add_argument("names", nargs="*", metavar="NAME", help="models; all by default")
    words = shown.parse_args()
    unknown = set(words.names) - set(collection.MODELS)
    if unknown:
        shown.error(f"no such model: {', '.join(sorted(unknown))}")
    names = [SMALLEST] if words.quick else words.names or list(collection.MODELS)
    pin_arithmetic(1)
    found = {name: measured(name) for name in names}
    heads = "model", "sample", "parameters", "published", "build, s", "update, s", "moved, finite"
    text = table(heads, [row(name, one) for name, one in found.items()])
    text = "\n\n".join([text, *map(sources, names)])
    report("paper_sizes", text, found, save=words.save and not words.quick)


if __name__ == "__main__":
    main()
