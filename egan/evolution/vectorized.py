"""Siblings scored at once, by `torch.func`: few large operations instead of many small ones.

The last bits of a batched product depend on its place in the batch. Each mutation therefore has a
place of its own, and places that are empty are filled up, so that a child is the same bits whoever
it is scored with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from egan.evolution.scoring import Scored
from egan.losses.discriminator import fake_loss
from egan.tasks.base import Batch, Codes

if TYPE_CHECKING:
    from egan.evolution.discriminator import SharedDiscriminator
    from egan.training.game import Game

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
