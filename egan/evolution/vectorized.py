"""Siblings scored at once, by `torch.func`: few large operations instead of many small ones.

The last bits of a batched product depend on its place in the batch. Each mutation therefore has a
place of its own, and places that are empty are filled up, so that a child is the same bits whoever
it is scored with.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from egan.evolution.scoring import Scored
from egan.losses.discriminator import fake_loss
from egan.tasks.base import Batch, Codes

if TYPE_CHECKING:
    from egan.config import RunConfig
    from egan.evolution.discriminator import SharedDiscriminator
    from egan.evolution.whole import Parts
    from egan.training.game import Game

TRIES = 5
PREFIX = "the_"

Weights = Mapping[str, Tensor]


class _Called(nn.Module):
    """A function of networks as a module of theirs, so that `functional_call` can swap weights."""

    def __init__(self, networks: Mapping[str, nn.Module], function: Callable[..., Any]) -> None:
        super().__init__()
        # a prefix, since a network may be called what a ModuleDict has already, like "forward"
        self.networks = nn.ModuleDict({PREFIX + name: one for name, one in networks.items()})
        self.function = function

    def forward(self, *arguments: Any) -> Any:
        """Call the function, which finds the networks where it always does."""
        return self.function(*arguments)

    def under(self, weights: Weights, *arguments: Any) -> Any:
        """Call it with other weights in the networks' places."""
        named = {f"networks.{PREFIX}{name}": tensor for name, tensor in weights.items()}
        return functional_call(self, named, arguments)


def score_at_once(
    children: Mapping[int, Weights],
    game: Game,
    codes: Codes,
    *,
    environment: SharedDiscriminator,
    places: int,
) -> dict[int, Scored]:
    """Score children by their places, on the same codes."""
    somebody = next(iter(children.values()))
    filled = [children.get(place, somebody) for place in range(places)]
    stacked = {name: torch.stack([weights[name] for weights in filled]) for name in somebody}
    members = {name: game.networks[name] for name in game.sides.members}
    made = _Called(members, lambda: game.computed(game.generate, game.generator, codes))
    with torch.no_grad():
        samples_K = vmap(made.under)(stacked)
        seen_K = _seen(game, samples_K)
    gradients, logits_K = vmap(_loss_gradient(game, codes))(seen_K)
    return {
        place: Scored(
            Batch(samples_K[place], codes),
            [logits_K[place]],
            [environment.with_reals([part_K[place] for part_K in gradients.values()])],
        )
        for place in children
    }


def _seen(game: Game, samples_K: Tensor) -> Tensor:
    """Return the samples of all siblings (K, N, *shape) as D sees them, changed alike."""
    if not game.augments:
        return samples_K
    transform = game.transform(samples_K.shape[1:])
    return torch.stack([transform(samples) for samples in samples_K])


def weights_of(networks: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """Return the weights of networks, without a graph, as "network.parameter"."""
    return {
        f"{name}.{key}": parameter.detach()
        for name, network in networks.items()
        for key, parameter in network.named_parameters()
    }


def _loss_gradient(game: Game, codes: Codes) -> Callable[[Tensor], tuple[Any, Tensor]]:
    """Return a function from samples to the gradient of the loss on them, and their logits."""
    networks = {name: game.networks[name] for name in game.sides.environment}
    asked = _Called(networks, lambda samples: game.logits(Batch(samples, codes)))
    parameters = weights_of(networks)

    def loss(weights: Weights, samples: Tensor) -> tuple[Tensor, Tensor]:
        logits = asked.under(weights, samples)
        return fake_loss(logits), logits

    return lambda samples: grad(loss, has_aux=True)(parameters, samples)


def settled(config: RunConfig, parts: Callable[[RunConfig], Parts]) -> RunConfig:
    """Return settings in which `vectorize` is on or off where a GPU lets that be tried.

    What is chosen goes into the run's settings, so that a resumed run is computed alike.
    """
    asked = config.arithmetic
    if (
        not config.mutations
        or asked.vectorize != "auto"
        or config.device == "cpu"
        or not torch.cuda.is_available()
    ):
        return config
    on, off = (
        replace(config, arithmetic=replace(asked, vectorize=choice)) for choice in ("on", "off")
    )
    try:
        on.check()
        parts(on).check(on.arithmetic)
    except ValueError:
        return off
    return on if seconds(parts(on)) < seconds(parts(off)) else off


def seconds(parts: Parts) -> float:
    """Return how long making and scoring one family takes, the best of a few tries."""
    from population.member import Birth
    from population.seeding import SHARED, Seeds, preserved_randomness
    from population.state import pack

    with preserved_randomness():
        generator = parts.member({})
        generator.environment = parts.environment()
        generator.environment.seeds = Seeds(0, 1, SHARED)
        parent = pack(generator.state_dict())
        births = [
            Birth(seeds=Seeds(0, 1, i), operator=name) for i, name in enumerate(parts.mutations)
        ]
        times = []
        for _ in range(1 + TRIES):
            started = time.perf_counter()
            list(generator.reproduce(parent, births))
            times.append(time.perf_counter() - started)
    return min(times[1:])
