"""Adversarial objectives: the mutations of a generator, as pure functions on logits.

`NAMES`, `TABLE` and `check` need no torch, so a command line can list and validate objectives at
once; `OBJECTIVES`, `Objective` and `get` load torch when they are first used.

Losses of other players and models are in `egan.losses`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mutations.table import NAMES, TABLE, check

if TYPE_CHECKING:
    from mutations.objectives import OBJECTIVES, Objective

__all__ = ["NAMES", "OBJECTIVES", "TABLE", "Objective", "check", "get"]


def get(name: str) -> Objective:
    """Return the objective called `name`.

    Raises:
        ValueError: if no objective has this name; near matches are offered.
    """
    check(name)
    from mutations.objectives import OBJECTIVES

    return OBJECTIVES[name]


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load what needs torch only when somebody asks for it."""
        if name in ("OBJECTIVES", "Objective"):
            from mutations import objectives

            return getattr(objectives, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
