"""Beginning anew: shrunk and perturbed weights, or fresh ones, as IPBT's restarts ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import nn

from population.state import State, pack, unpack
from population.strategy import FRESH, SHRINK_PERTURB

if TYPE_CHECKING:
    from egan.training.game import Game
    from egan.training.model import Model

RENEWALS = {SHRINK_PERTURB: (0.2, 0.1), FRESH: (0.0, 1.0)}
"""By operator, how much of the old weights and of freshly drawn ones the new weights have."""


def renew(model: Model, operator: str | None) -> None:
    """Let a model begin anew where the operator is one of `RENEWALS`: a w + b v.

    v are weights drawn from torch's global stream, as at the start. Running statistics, other
    buffers and the optimisers' moments begin anew, since they are of other weights; the number of
    updates, by which rates may decay, stays.

    Ash and Adams 2020, arXiv 1910.08475, with the factors of Chebykin et al. 2025, arXiv
    2511.09190.
    """
    if operator not in RENEWALS:
        return
    shrink, perturb = RENEWALS[str(operator)]
    before = _parameters(model)
    model.begin()
    with torch.no_grad():
        for old, new in zip(before, _parameters(model), strict=True):
            new.mul_(perturb).add_(old, alpha=shrink)


def renewed(state: State, game: Game, operator: str | None) -> State:
    """Return the state of a whole evolution whose survivors and discriminator begin anew.

    Args:
        state: As `egan.evolution.whole.WholeEvolution.state_dict` returns it.
        game: What the states are of; it is changed.
        operator: How, see `renew`.
    """
    environment, survivors = state["discriminator"], []
    for survivor in state["survivors"]:
        for part in (environment, survivor["state"]):
            if part is not None:
                game.load_state_dict(part)
        renew(game, operator)
        survivors.append({**survivor, "state": _copied(game, "members", survivor["state"])})
    if environment is not None:
        environment = _copied(game, "environment", environment)
    return {**state, "survivors": survivors, "discriminator": environment}


def _copied(game: Game, side: Literal["members", "environment"], before: State) -> State:
    """Return a copy of the state of one side of a game, as far as it was before."""
    part = game.part(game.with_averages(getattr(game.sides, side)))
    return unpack(pack({**part, "updates": before["updates"]}))


def _parameters(model: Model) -> list[nn.Parameter]:
    """Return each parameter once, in a fixed order."""
    return list(nn.ModuleDict(model.networks).parameters())
