"""Siblings scored at once, by `torch.func`: few large operations instead of many small ones.

The last bits of a batched product depend on its place in the batch. Each mutation therefore has a
place of its own, and places that are empty are filled up, so that a child is the same bits whoever
it is scored with.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import torch
from torch import Tensor
from torch.func import functional_call, grad, vmap

from egan.config import CommonConfig, RunConfig
from egan.losses.discriminator import fake_loss
from egan.training.arithmetic import computed

if TYPE_CHECKING:
    from egan.data.dataset import Dataset
    from egan.evolution.discriminator import Discriminator
    from egan.evolution.generator import Generator

TRIES = 5

Weights = Mapping[str, Tensor]
Config = TypeVar("Config", bound=CommonConfig)


class Scored(NamedTuple):
    """What a child's scores are made from.

    Attributes:
        samples: (N, *shape).
        logits: The discriminator's, (N,).
        gradient: Of the discriminator's loss on them, a tensor for each of its parameters.
    """

    samples: Tensor
    logits: Tensor
    gradient: Sequence[Tensor]


def score_at_once(
    children: Mapping[int, Weights], generator: Generator, codes: Tensor, *, places: int
) -> dict[int, Scored]:
    """Score children by their places, on the same codes (N, Z)."""
    somebody = next(iter(children.values()))
    filled = [children.get(place, somebody) for place in range(places)]
    stacked = {name: torch.stack([weights[name] for weights in filled]) for name in somebody}
    settings, device = generator.config.arithmetic, generator.device

    def generate(weights: Weights) -> Tensor:
        samples: Tensor = functional_call(generator.network, dict(weights), (codes,))
        return samples

    with torch.no_grad():
        samples_K = vmap(computed(generate, settings, device))(stacked)  # type: ignore[arg-type]
    gradients, logits_K = vmap(_loss_gradient(generator.environment))(samples_K)
    return {
        place: Scored(
            samples_K[place], logits_K[place], [part_K[place] for part_K in gradients.values()]
        )
        for place in children
    }


def _loss_gradient(discriminator: Discriminator) -> Callable[[Tensor], tuple[Any, Tensor]]:
    """Return a function from samples to the gradient of the loss on them, and their logits."""
    parameters = {name: p.detach() for name, p in discriminator.network.named_parameters()}

    def loss(weights: Weights, samples: Tensor) -> tuple[Tensor, Tensor]:
        logits = discriminator.logits_with(weights, samples)
        return fake_loss(logits), logits

    return lambda samples: grad(loss, has_aux=True)(parameters, samples)


def settled(config: Config, dataset: Dataset) -> Config:
    """Return settings in which `vectorize` is on or off where a GPU lets that be tried.

    What is chosen goes into the run's settings, so that a resumed run is computed alike.
    """
    if not isinstance(config, RunConfig) or config.is_search or not torch.cuda.is_available():
        return config
    asked = config.arithmetic
    if asked.vectorize != "auto" or config.device == "cpu":
        return config
    on, off = (
        replace(config, arithmetic=replace(asked, vectorize=choice)) for choice in ("on", "off")
    )
    try:
        on.checked()
    except ValueError:
        return off
    return on if seconds(on, dataset) < seconds(off, dataset) else off


def seconds(config: RunConfig, dataset: Dataset) -> float:
    """Return how long making and scoring one family takes, the best of a few tries."""
    from egan.evolution.discriminator import Discriminator
    from egan.evolution.generator import Generator
    from population.member import Birth
    from population.seeding import SHARED, Seeds, preserved_randomness
    from population.state import pack

    with preserved_randomness():
        generator = Generator({}, config=config, shape=dataset.shape)
        generator.environment = Discriminator(config=config, dataset=dataset)
        generator.environment.seeds = Seeds(0, 1, SHARED)
        parent = pack(generator.state_dict())
        births = [
            Birth(seeds=Seeds(0, 1, i), operator=name)
            for i, name in enumerate(config.evolution.mutations)
        ]
        times = []
        for _ in range(1 + TRIES):
            started = time.perf_counter()
            list(generator.reproduce(parent, births))
            times.append(time.perf_counter() - started)
    return min(times[1:])
