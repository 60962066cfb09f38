"""The networks of CAPG-GAN: a U-Net that is told of landmarks, and two agents."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from egan.networks.hourglass import Hourglass
from egan.networks.landmarks import LandmarkReader, heatmaps
from egan.networks.patches import PatchDiscriminator


class Rotator(Hourglass):
    """Views (N, C, H, W) and landmarks asked for (N, M, 2) -> views (N, C, H, W) in [-1, 1].

    Args:
        shape: C, H and W.
        reader: What reads the landmarks of the source, fitted.
        num_landmarks: M.
        width: Channels of the first layer.
        bottleneck: Numbers that a view is encoded in.

    Raises:
        ValueError: The images cannot be halved down to 4x4 or 7x7 pixels.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        reader: LandmarkReader,
        *,
        num_landmarks: int,
        width: int,
        bottleneck: int,
    ) -> None:
        # 128x128x(3 + 10) -> ... -> 256 -> ... -> 128x128x3
        seen = (shape[0] + 2 * num_landmarks, *shape[1:])
        super().__init__(seen, shape[0], width=width, bottleneck=bottleneck)
        self.reader, self.sigma = reader, 1.0

    def forward(self, source: Tensor, asked: Tensor) -> Tensor:  # type: ignore[override]
        """Turn views to where the landmarks that are asked for lie."""
        both = (self.reader(source), asked)
        maps = [heatmaps(one, size=source.shape[-1], sigma=self.sigma) for one in both]
        return torch.tanh(super().forward(torch.cat([source, *maps], dim=1)))


class Couple(nn.Module):
    """Views (N, C, H, W) beside their source and their heat-maps -> logits of patches (N, P).

    Args:
        channels: C.
        num_landmarks: How many heat-maps there are.
        agents: "both", "identity" or "pose".
        width: Channels of each agent's first layer.
        num_layers: Halvings of each agent.
    """

    def __init__(
        self, channels: int, num_landmarks: int, *, agents: str, width: int, num_layers: int
    ) -> None:
        super().__init__()
        beside = {"identity": channels, "pose": num_landmarks}
        self.agents = nn.ModuleDict(
            {
                name: PatchDiscriminator(channels + more, width=width, num_layers=num_layers)
                for name, more in beside.items()
                if agents in ("both", name)
            }
        )

    def forward(self, views: Tensor, source: Tensor, maps: Tensor) -> Tensor:
        """Judge views, one agent after the other."""
        beside = {"identity": source, "pose": maps}
        logits = [
            agent(torch.cat([beside[name], views], dim=1)).flatten(1)
            for name, agent in self.agents.items()
        ]
        return torch.cat(logits, dim=1)
