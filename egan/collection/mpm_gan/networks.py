"""MPM-GAN's generators, who hear each other's messages.

N samples, Z dimensions of the code, H of a message, M generators, F features of a hidden layer.
"""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from egan import networks
from egan.collection.mpm_gan import MpmGanSettings
from egan.networks.agents import Agents


class Speakers(nn.Module):
    """Codes (N, Z), and who makes what (N,) -> samples (N, *shape).

    Attributes:
        bodies: The first hidden layer of each, of a code and what is heard (N, Z + H).
        rests: The other layers.
        messages: What turns a hidden layer (N, F) into a message (N, H); none where nobody talks.
    """

    def __init__(self, bodies: Agents, rests: Agents, messages: Agents | None, dim: int) -> None:
        super().__init__()
        self.bodies = bodies
        self.rests = rests
        self.messages = messages
        self.dim = dim

    def forward(self, codes: Tensor, owners: Tensor) -> Tensor:
        """Map each code (Z,) to a sample of its owner's, who hears all others."""
        return self.answer(codes, self.heard(codes, owners), owners)

    def answer(self, codes: Tensor, heard: Tensor, owners: Tensor) -> Tensor:
        """Map codes (N, Z) and what their owners hear (N, H) to samples."""
        hidden = self.bodies(torch.cat([codes, heard], dim=1), owners)
        samples: Tensor = self.rests(hidden, owners)
        return samples

    def heard(self, codes: Tensor, owners: Tensor) -> Tensor:
        """Return the mean (N, H) of the messages of all but the owner, who have heard nothing."""
        silence = codes.new_zeros(len(codes), self.dim)
        if self.messages is None:
            return silence
        told = silence
        others = len(self.bodies) - 1
        for step in range(1, others + 1):
            speakers = (owners + step) % len(self.bodies)
            hidden = self.bodies(torch.cat([codes, silence], dim=1), speakers)
            told = told + self.messages(hidden.flatten(1), speakers) / others
        return told


def speakers(s: MpmGanSettings, shape: tuple[int, ...]) -> Speakers:
    """Build M generators and their message networks.

    Raises:
        ValueError: There are fewer than two.
    """
    if s.num_generators < 2:
        raise ValueError(
            f"--num-generators must be at least 2, who talk to each other, but got "
            f"{s.num_generators}; a single one is the plain GAN."
        )
    parts = [halves(s, shape) for _ in range(s.num_generators)]
    bodies, rests = (Agents([part[i] for part in parts]) for i in range(2))
    if not s.message_dim:
        return Speakers(bodies, rests, None, 0)
    with torch.no_grad():
        example = torch.zeros(2, s.latent_dim + s.message_dim)
        width = parts[0][0](example).flatten(1).shape[1]
    talks = [nn.Sequential(nn.Linear(width, s.message_dim), nn.Tanh()) for _ in parts]
    return Speakers(bodies, rests, Agents(talks), s.message_dim)


def halves(s: MpmGanSettings, shape: tuple[int, ...]) -> tuple[nn.Module, nn.Module]:
    """Return the first hidden layer of a generator, and the rest."""
    size = s.latent_dim + s.message_dim
    if s.network == "dcgan":
        network = networks.generator("dcgan", shape, latent_dim=size, width=s.width, **form(s))
        first, rest = network.children()
        layers = [first, *rest.children()]
        cut = 1 + next(i for i, one in enumerate(layers) if isinstance(one, nn.ReLU))
        return nn.Sequential(*layers[:cut]), nn.Sequential(*layers[cut:])
    # (z, message) 16 + 16 -> 32 | -> 32 -> 32 -> 2: linear maps, a ReLU after each but the last
    rest_layers: list[nn.Module] = []
    for before, after in pairwise([s.width] * s.depth):
        rest_layers += [nn.Linear(before, after), nn.ReLU()]
    rest_layers += [nn.Linear(s.width, prod(shape)), nn.Unflatten(1, shape)]
    rest_layers += [nn.Tanh()] * (len(shape) == 3)
    return nn.Sequential(nn.Linear(size, s.width), nn.ReLU()), nn.Sequential(*rest_layers)


def form(s: MpmGanSettings) -> dict[str, Any]:
    """Return what generators and discriminator of DCGAN's form have in common, or of mlp's."""
    return {"norm": "batch", "init": "normal"} if s.network == "dcgan" else {"depth": s.depth}
