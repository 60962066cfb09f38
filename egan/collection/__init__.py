"""The collection: papers by name, one file each, to train, to tune and to evolve.

    python -m egan.run vae                                       train
    python -m egan.run vae --search pbt                          tune its settings while it trains
    python -m egan.run gan --evolve minimax,heuristic            evolve its generator

    model = collection.train("vae", data.load("digits"), updates=2000, seed=0)
    model = collection.load("runs/00003-vae/model.safetensors")
    samples = model.sample(64, torch.Generator().manual_seed(0))

A new paper is one file and a line in `table.py`; CONTRIBUTING.md shows how. Importing this package
costs nothing: torch comes with the first model that is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from egan.collection.table import MODELS, Entry
from egan.lazy import lookup

if TYPE_CHECKING:
    from types import ModuleType

    from egan.collection.api import train
    from egan.collection.saved import load
    from egan.config import RunConfig
    from egan.training.model import Model

__all__ = ["MODELS", "Entry", "load", "paper", "preset", "presets", "train"]

Presets = Mapping[str, Callable[[], "RunConfig"]]


BARE = "egan"
"""The paper whose presets are known by their bare names: `digits`, `gaussians25`."""


def __getattr__(name: str) -> Any:
    """Import what needs torch when it is asked for."""
    homes = {"train": "egan.collection.api", "load": "egan.collection.saved"}
    if name not in homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(homes[name]), name)


def paper(name: str) -> type[Model]:
    """Return the class of a paper.

    Raises:
        ValueError: There is no such model.
    """
    module, _, attribute = lookup(MODELS, name, kind="model").target.partition(":")
    model: type[Model] = getattr(import_module(module), attribute)
    return model


def home(name: str) -> ModuleType:
    """Return the module whose docstring tells of a paper: its file, or its folder.

    Raises:
        ValueError: There is no such model.
    """
    module = lookup(MODELS, name, kind="model").target.partition(":")[0]
    return import_module(module.removesuffix(".model"))


def presets(name: str) -> Presets:
    """Return the presets of a paper by name, the default one first; of a folder without torch.

    Raises:
        ValueError: There is no such model.
    """
    found: Presets = getattr(home(name), "PRESETS", None) or paper(name).presets
    return found


def named(name: str) -> tuple[str, str]:
    """Return the paper and the preset that "vae", "gan:paper" or "gaussians25" names.

    Raises:
        ValueError: There is nothing of this name; near matches are offered.
    """
    model, colon, kind = name.partition(":")
    if model not in MODELS:
        lookup({**presets(BARE), **MODELS}, name, kind="preset or model")
        return BARE, name
    known = presets(model)
    default = next(iter(known))
    lookup(known, kind if colon else default, kind=f"preset of {model}")
    return model, kind or default


def preset(name: str) -> RunConfig:
    """Return the settings of a run that "vae", "gan:paper" or "gaussians25" names.

    Raises:
        ValueError: There is nothing of this name; near matches are offered.
    """
    model, kind = named(name)
    known = presets(model)
    shown = model if kind == next(iter(known)) else f"{model}:{kind}"
    return replace(known[kind](), preset=kind if model == BARE else shown)


def check_augmentation(config: RunConfig) -> None:
    """See that a paper's discriminator gives what ADA listens to, logits.

    Raises:
        ValueError: It does not.
    """
    name = named(config.preset)[0]
    tried = config.search.space.get("augment", "").split("|")
    critic = MODELS[name].critic
    if critic and "ada" in (getattr(config.settings, "augment", ""), *tried):
        raise ValueError(
            f"--augment ada listens to the sign of the discriminator's logits, but {name}'s gives "
            f"{critic}. Give --augment diffaugment."
        )
