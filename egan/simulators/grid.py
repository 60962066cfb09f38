"""A world of 5 x 5 squares, all of whose occupancies are known exactly.

One of four moves is asked for at each step; one in ten is drawn evenly, and a wall stops it.
A square gives its reward to who leaves it. With discount γ = .95 and a policy's transitions P_π the
share of discounted time at a square is

    d = (1 − γ) (1 − γ P_πᵀ)⁻¹ d_0,     d_0 uniform,     ρ(s, a) = d(s) π(a|s)

and the expert maximises reward and entropy: π(a|s) = exp(Q(s, a) − V(s)), Q = r + γ E[V(s')],
V(s) = log Σ_a exp Q(s, a) (Ziebart 2010).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from egan.simulators.base import Array, Simulator

if TYPE_CHECKING:
    from PIL import Image

SIDE, MOVES = 5, ((-1, 0), (0, 1), (1, 0), (0, -1))
SQUARES = SIDE**2
SLIP, DISCOUNT, SWEEPS = 0.1, 0.95, 2000
GOOD = {24: 1.0, 4: 0.5}
BAD = {6: -1.0, 7: -1.0, 8: -1.0, 11: -1.0, 18: -1.0, 20: -0.5}
CELL = 20  # pixels
LOW, MIDDLE, HIGH = (np.array(one) for one in ((213, 94, 0), (245, 245, 245), (0, 114, 178)))


class GridWorld(Simulator):
    """Squares to walk over; the observation is one-hot."""

    name = "GridWorld-v0"
    horizon = 16
    observation_size = SQUARES
    num_actions = len(MOVES)
    draws: ClassVar = True

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)
        self.place = np.zeros(0, dtype=np.int64)

    def reset(self, count: int, rng: np.random.Generator) -> Array:
        """Begin anywhere."""
        self.rng = rng
        self.place = rng.integers(SQUARES, size=count)
        return one_hot(self.place)

    def step(self, actions: Array, going: Array) -> tuple[Array, Array, Array]:
        """Move up (0), right, down or left (3)."""
        gained = rewards()[self.place]
        ladder = transitions()[self.place, actions].cumsum(axis=1)
        drawn = (ladder < self.rng.random(len(actions))[:, None]).sum(axis=1)
        self.place = np.where(going, np.minimum(drawn, SQUARES - 1), self.place)
        return one_hot(self.place), gained, np.zeros(len(actions), dtype=bool)

    def draw(self, observation: Array) -> Image.Image:
        """Draw the rewards of the squares, and where one is."""
        from PIL import ImageDraw

        picture = drawn(rewards())
        y, x = divmod(int(np.argmax(observation)), SIDE)
        pen = ImageDraw.Draw(picture)
        corner = x * CELL + 3, y * CELL + 3
        pen.ellipse((*corner, corner[0] + CELL - 7, corner[1] + CELL - 7), fill="black")
        return picture


def one_hot(places: Array) -> Array:
    """Return observations (N, 25) of squares (N,)."""
    found: Array = np.eye(SQUARES, dtype=np.float32)[places]
    return found


@cache
def rewards() -> Array:
    """Return what each square is worth (25,)."""
    found = np.zeros(SQUARES)
    for square, worth in (GOOD | BAD).items():
        found[square] = worth
    return found


@cache
def transitions() -> Array:
    """Return P(s'|s, a), (25, 4, 25)."""
    found = np.zeros((SQUARES, len(MOVES), SQUARES))
    for square in range(SQUARES):
        y, x = divmod(square, SIDE)
        ends = [_within(y + dy) * SIDE + _within(x + dx) for dy, dx in MOVES]
        for asked in range(len(MOVES)):
            for got, end in enumerate(ends):
                found[square, asked, end] += SLIP / len(MOVES) + (1 - SLIP) * (asked == got)
    return found


def _within(place: int) -> int:
    return min(max(place, 0), SIDE - 1)


def soft_policy(reward: Array) -> Array:
    """Return π(a|s) (25, 4) that maximises a reward of squares (25,) and its own entropy."""
    value = np.zeros(SQUARES)
    for _ in range(SWEEPS):
        quality = reward[:, None] + DISCOUNT * transitions() @ value
        value = np.logaddexp.reduce(quality, axis=1)
    policy = np.exp(quality - value[:, None])
    scaled: Array = policy / policy.sum(axis=1, keepdims=True)
    return scaled


@cache
def expert_policy() -> Array:
    """Return the expert's π(a|s), (25, 4)."""
    return soft_policy(rewards())


def visits(policy: Array) -> Array:
    """Return d(s) (25,) of a policy π(a|s) (25, 4), by one linear solve."""
    moves = np.einsum("sa,sat->st", policy, transitions())
    start = np.full(SQUARES, (1 - DISCOUNT) / SQUARES)
    found: Array = np.linalg.solve(np.eye(SQUARES) - DISCOUNT * moves.T, start)
    return found


def occupancy(policy: Array) -> Array:
    """Return ρ(s, a) (25, 4) of a policy π(a|s) (25, 4)."""
    found: Array = visits(policy)[:, None] * policy
    return found


def divergence(policy: Array) -> float:
    """Return KL(ρ_E ‖ ρ_π) in nats, of the expert's occupancies from those of a policy (25, 4)."""
    expert, ours = occupancy(expert_policy()), occupancy(policy)
    return float((expert * (np.log(expert) - np.log(np.maximum(ours, 1e-300)))).sum())


def drawn(values: Array) -> Image.Image:
    """Draw a number for each square (25,): orange below 0, blue above, as strong as the largest."""
    from PIL import Image

    share = values / max(float(np.abs(values).max()), 1e-12)
    ends = np.where(share[:, None] < 0, LOW, HIGH)
    colours = MIDDLE + np.abs(share)[:, None] * (ends - MIDDLE)
    pixels = np.rint(colours).astype(np.uint8).reshape(SIDE, SIDE, 3)
    return Image.fromarray(pixels.repeat(CELL, axis=0).repeat(CELL, axis=1))
