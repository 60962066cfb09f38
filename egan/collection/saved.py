"""A trained generator as one file: weights and what is needed to build the network again.

    from egan.collection.saved import load_generator

    generator = load_generator("runs/00003-digits/generator.safetensors")
    images = generator.sample(64, seed=1)

The samples are (64, C, H, W) in [-1, 1], or (64, 2) points.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from egan.collection import weights_file

if TYPE_CHECKING:
    import torch
    from torch import nn

    from egan.config import RunConfig

FORMAT = "egan-generator-1"


@dataclass(frozen=True)
class Exported:
    """A generator with what it was trained by.

    Attributes:
        network: Codes (N, Z) -> samples (N, *shape), images in [-1, 1]; in evaluation mode.
        config: The settings of its run; `config.generator.latent_dim` is Z.
        shape: The shape of a sample.
        generation: How many generations it was evolved for.
    """

    network: nn.Module
    config: RunConfig
    shape: tuple[int, ...]
    generation: int

    def sample(self, count: int, *, seed: int = 0) -> torch.Tensor:
        """Make samples (count, *shape) from codes of the distribution it was trained with."""
        import torch

        from egan.evolution.generator import draw_codes

        settings = self.config.generator
        with torch.no_grad():
            samples: torch.Tensor = self.network(
                draw_codes(settings.latent, count, settings.latent_dim, seed)
            )
        return samples


def save_generator(
    path: Path,
    weights: Mapping[str, torch.Tensor],
    *,
    config: RunConfig,
    shape: tuple[int, ...],
    generation: int,
) -> None:
    """Write a generator's weights, with its settings as metadata, atomically."""
    from egan.config import to_dict

    content = {"config": to_dict(config), "shape": list(shape), "generation": generation}
    metadata = {"format": FORMAT, "egan": json.dumps(content)}
    weights_file.write(path, weights, metadata)


def load_generator(path: str | Path) -> Exported:
    """Read a `generator.safetensors`; it holds numbers and text only, so it runs no code.

    Raises:
        ValueError: The file is missing, damaged, or not one of ours.
    """
    from egan.config.file import from_dict, own_settings
    from egan.evolution.generator import build_network
    from population.seeding import preserved_randomness

    weights, metadata = weights_file.read(
        path, file_format=FORMAT, what="the generator.safetensors of a run"
    )
    content = json.loads(metadata["egan"])
    config = own_settings(from_dict(content["config"], source=str(path)))
    shape = tuple(content["shape"])
    with preserved_randomness():
        network = build_network(config, shape)
    network.load_state_dict(weights)
    network.eval().requires_grad_(False)
    return Exported(network, config, shape, int(content["generation"]))
