"""A pole on a cart, many side by side (Barto, Sutton and Anderson 1983; gymnasium's CartPole-v1).

    a_θ = (g sin θ − cos θ · u) / (l (4/3 − m cos² θ / M)),     u = (F + m l θ̇² sin θ) / M
    a_x = u − m l a_θ cos θ / M

by Euler's method in steps of .02 s; F is a push of 10 N to the left or right. An episode ends where
the cart has gone 2.4 from the middle or the pole leans more than 12 degrees, or after 500 steps; a
step is worth 1. Each state is gymnasium's, in float64; observations are float32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from egan.simulators.base import Array, Simulator

if TYPE_CHECKING:
    from PIL import Image

GRAVITY, CART, POLE, HALF, FORCE, STEP = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02
MASS, MOMENT = CART + POLE, POLE * HALF
FARTHEST, STEEPEST = 2.4, 12 * 2 * np.pi / 360
SPREAD = 0.05
WIDTH, HEIGHT, GROUND = 144, 72, 58
POLE_LENGTH = 34  # pixels
CART_COLOUR, POLE_COLOUR, LINE = "#333333", "#D55E00", "#BBBBBB"


class CartPole(Simulator):
    """A pole that is to be kept upright by pushing its cart."""

    name = "CartPole-v1"
    horizon = 500
    observation_size = 4
    num_actions = 2
    feature_names: ClassVar = ("place", "speed", "angle", "turn")
    draws: ClassVar = True

    def __init__(self) -> None:
        self.state = np.zeros((0, 4))

    def reset(self, count: int, rng: np.random.Generator) -> Array:
        """Begin near the middle: each number uniform in ±.05."""
        return self.begin(rng.uniform(-SPREAD, SPREAD, (count, 4)))

    def begin(self, state: Array) -> Array:
        """Begin from states (N, 4)."""
        self.state = state.astype(np.float64)
        return self.state.astype(np.float32)

    def step(self, actions: Array, going: Array) -> tuple[Array, Array, Array]:
        """Push to the left (0) or right (1) for .02 s; an episode that has ended stands still."""
        after = moved(self.state, np.where(actions == 1, FORCE, -FORCE))
        self.state = np.where(going[:, None], after, self.state)
        ended = (np.abs(self.state[:, 0]) > FARTHEST) | (np.abs(self.state[:, 2]) > STEEPEST)
        return self.state.astype(np.float32), np.ones(len(actions)), ended

    def draw(self, observation: Array) -> Image.Image:
        """Draw cart and pole, from end to end of the track."""
        from PIL import Image, ImageDraw

        picture = Image.new("RGB", (WIDTH, HEIGHT), "white")
        pen = ImageDraw.Draw(picture)
        middle = WIDTH / 2 + float(observation[0]) / FARTHEST * (WIDTH / 2 - 14)
        angle = float(observation[2])
        top = middle + POLE_LENGTH * np.sin(angle), GROUND - 8 - POLE_LENGTH * np.cos(angle)
        pen.line((0, GROUND, WIDTH, GROUND), fill=LINE)
        pen.rectangle((middle - 12, GROUND - 8, middle + 12, GROUND), fill=CART_COLOUR)
        pen.line((middle, GROUND - 8, *top), fill=POLE_COLOUR, width=4)
        return picture


def moved(state: Array, force: Array) -> Array:
    """Return states (N, 4) after .02 s under forces (N,), as gymnasium's code computes them."""
    x, speed, angle, turn = state.T
    cos, sin = np.cos(angle), np.sin(angle)
    push = (force + MOMENT * np.square(turn) * sin) / MASS
    turning = (GRAVITY * sin - cos * push) / (HALF * (4.0 / 3.0 - POLE * np.square(cos) / MASS))
    speeding = push - MOMENT * turning * cos / MASS
    rows = x + STEP * speed, speed + STEP * speeding, angle + STEP * turn, turn + STEP * turning
    return np.stack(rows, axis=1)
