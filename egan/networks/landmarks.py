"""Landmarks: read off images, expected of a yaw, and drawn as heat-maps."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIZE, SPREAD, RIDGE = 16, 0.1, 1.0
"""Height and width that images are read at, deviation of the random weights, and what least squares
are held back by; on rendered heads that nobody learned from this reads to half a pixel of 32."""


class LandmarkReader(nn.Module):
    """Images (N, C, H, W) -> landmarks (N, M, 2) in [-1, 1], x to the right and y downwards.

    Least squares in the pixels of the image at 16x16, grey, and in random features of them,
    max(0, Wx + b) with W and b from a fixed seed. Nothing of it is trained by gradients. What is
    expected of a yaw θ is the mean head, turned: least squares in 1, cos θ and sin θ.

    Args:
        num_landmarks: M.
        num_features: How many random features.
        seed: Theirs.
    """

    mixer: Tensor
    offset: Tensor
    weights: Tensor
    turned: Tensor

    def __init__(self, num_landmarks: int, *, num_features: int, seed: int) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(seed)
        cpu = torch.device("cpu")
        mixer = torch.randn(SIZE**2, num_features, generator=rng, device=cpu)
        self.register_buffer("mixer", SPREAD * mixer)
        offset = torch.randn(num_features, generator=rng, device=cpu)
        self.register_buffer("offset", 0.5 * offset)
        rows = num_features + SIZE**2 + 1
        self.register_buffer("weights", torch.zeros(rows, 2 * num_landmarks, device=cpu))
        self.register_buffer("turned", torch.zeros(3, 2 * num_landmarks, device=cpu))

    def _seen(self, images: Tensor) -> Tensor:
        """Return what is looked at in images (N, C, H, W), a row each."""
        small = F.interpolate(images.mean(dim=1, keepdim=True), size=(SIZE, SIZE), mode="area")
        pixels = small.flatten(1)
        random = F.relu(pixels @ self.mixer + self.offset)
        return torch.cat([random, pixels, torch.ones_like(pixels[:, :1])], dim=1)

    @torch.no_grad()
    def fit(self, images: Tensor, landmarks: Tensor, yaw: Tensor) -> None:
        """Learn from images (N, C, H, W) with landmarks (N, M, 2) and yaws (N,) in degrees."""
        for known, rows in ((self.weights, self._seen(images)), (self.turned, _angles(yaw))):
            a, b = rows.double(), landmarks.flatten(1).double()
            held = a.T @ a + RIDGE * torch.eye(a.shape[1], dtype=a.dtype)
            known.copy_(torch.linalg.solve(held, a.T @ b))

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """Read the landmarks (N, M, 2) off images (N, C, H, W)."""
        return (self._seen(images) @ self.weights).view(len(images), -1, 2)

    def of_yaw(self, yaw: Tensor) -> Tensor:
        """Return the landmarks (N, M, 2) that the mean head has at yaws (N,) in degrees."""
        return (_angles(yaw.to(self.turned.device)) @ self.turned).view(len(yaw), -1, 2)


def _angles(yaw: Tensor) -> Tensor:
    angle = torch.deg2rad(yaw.float())
    return torch.stack([torch.ones_like(angle), angle.cos(), angle.sin()], dim=1)


def heatmaps(landmarks: Tensor, *, size: int, sigma: float) -> Tensor:
    """Draw landmarks (N, M, 2) in [-1, 1] as maps (N, M, size, size), exp(−d² / 2σ²), d in pixels."""
    place = (landmarks + 1.0) * (size / 2) - 0.5
    grid = torch.arange(size, dtype=landmarks.dtype, device=landmarks.device)
    across, along = (
        torch.exp(-(grid - place[..., axis, None]).square() / (2.0 * sigma**2)) for axis in (0, 1)
    )
    return along[..., :, None] * across[..., None, :]
