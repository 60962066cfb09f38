"""MAD-GAN's networks: generators with their first layers in common, and who made what.

N samples, Z dimensions of the code, M generators.
"""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor, nn

from egan import networks
from egan.collection.mad_gan import MadGanSettings
from egan.networks.agents import Agents
from egan.networks.blocks import initialise


class Generators(nn.Module):
    """Codes (N, Z), and who makes what (N,) -> samples (N, *shape).

    Attributes:
        body: The layers that all have in common, maybe none.
        agents: The rest of each.
    """

    def __init__(self, body: nn.Module, agents: Agents) -> None:
        super().__init__()
        self.body = body
        self.agents = agents

    def forward(self, codes: Tensor, owners: Tensor) -> Tensor:
        """Map each code (Z,) to a sample of its owner's."""
        samples: Tensor = self.agents(self.body(codes), owners)
        return samples


def generators(s: MadGanSettings, shape: tuple[int, ...]) -> Generators:
    """Build M generators.

    Raises:
        ValueError: They have fewer hidden layers than are to be shared.
    """
    all_layers = [layers_of(s, shape) for _ in range(s.num_generators)]
    ends = [i + 1 for i, one in enumerate(all_layers[0]) if isinstance(one, nn.ReLU)]
    if s.shared > len(ends):
        raise ValueError(
            f"--shared must be at most {len(ends)}, the hidden layers of a generator, but got "
            f"{s.shared}."
        )
    cut = [0, *ends][s.shared]
    rests = [nn.Sequential(*layers[cut:]) for layers in all_layers]
    return Generators(nn.Sequential(*all_layers[0][:cut]), Agents(rests))


def layers_of(s: MadGanSettings, shape: tuple[int, ...]) -> list[nn.Module]:
    """Return the layers of a generator, in their order; a ReLU ends each hidden one."""
    if s.network == "dcgan":
        network = networks.generator(
            "dcgan", shape, latent_dim=s.latent_dim, width=s.width, norm="batch", init="normal"
        )
        first, rest = network.children()
        return [first, *rest.children()]
    # z 16 -> 32 -> 32 -> 32 -> 2: linear maps, a ReLU after each but the last
    layers: list[nn.Module] = []
    for i in range(s.depth):
        layers += [nn.Linear(s.width if i else s.latent_dim, s.width), nn.ReLU()]
    layers += [nn.Linear(s.width, prod(shape)), nn.Unflatten(1, shape)]
    return [*layers, nn.Tanh()] if len(shape) == 3 else layers


def discriminator(s: MadGanSettings, shape: tuple[int, ...]) -> nn.Module:
    """Build D: samples (N, *shape) -> outputs (N, M + 1), the last one for real samples.

    Where it does not tell who made a sample, there are 2 outputs: made, and real.
    """
    is_dcgan = s.network == "dcgan"
    trunk = networks.trunk(
        s.network,
        shape,
        width=s.discriminator_width,
        depth=None if is_dcgan else s.depth,
        norm="batch" if is_dcgan else "none",
        init="normal" if is_dcgan else "default",
    )
    head = nn.Linear(trunk.num_features, 1 + (s.num_generators if s.identify else 1))
    if is_dcgan:
        initialise(head, "normal")
    return nn.Sequential(trunk, head)


def log_odds(outputs: Tensor) -> Tensor:
    """Return log of p(real) / p(made) of outputs (N, M + 1) under their softmax: (N,)."""
    return outputs[:, -1] - torch.logsumexp(outputs[:, :-1], dim=1)
