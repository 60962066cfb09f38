"""Simulators that policies act in, by name: ours, and every one of gymnasium by its id.

    CartPole-v1       a pole on a cart, many side by side; the states are gymnasium's own
    GridWorld-v0      25 squares, whose occupancies are known exactly
    any other id      gymnasium's, one by one; extra egan[data]

A new simulator is a class that extends `Simulator` and a line in `SIMULATORS`; a controller written
by hand is a line in `egan.simulators.controllers`.
"""

from __future__ import annotations

import re

from egan.simulators.base import Act, Episodes, Simulator, play, stream
from egan.simulators.cartpole import CartPole
from egan.simulators.grid import GridWorld

SIMULATORS: dict[str, type[Simulator]] = {"CartPole-v1": CartPole, "GridWorld-v0": GridWorld}

__all__ = ["SIMULATORS", "Act", "Episodes", "Simulator", "check", "play", "simulator", "stream"]

_ID = re.compile(r"([\w.-]+/)?[\w.-]+")


def check(name: str) -> None:
    """See that a name is an id, and no module to import: it may come with a stranger's model.

    Raises:
        ValueError: It is not.
    """
    if not _ID.fullmatch(name):
        raise ValueError(
            f"--data.environment must be an id such as CartPole-v1 or ALE/Pong-v5, but got "
            f"{name!r}. Of a module of yours import it, so that it registers its environments, "
            "and give the id alone."
        )


def simulator(name: str) -> Simulator:
    """Return a simulator.

    Raises:
        ValueError: There is none of this name, or policies of ours cannot act in it.
    """
    check(name)
    if name in SIMULATORS:
        return SIMULATORS[name]()
    from egan.simulators.gymnasiums import Gymnasium

    return Gymnasium(name)
