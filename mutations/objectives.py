"""The objectives with their functions, built from `mutations.table`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from torch import Tensor

from mutations.table import TABLE, Entry

GeneratorLoss = Callable[[Tensor, Tensor | None], Tensor]


@dataclass(frozen=True, slots=True)
class Objective:
    """What a generator minimises when it is mutated.

    Attributes:
        name: its name in the table.
        generator: maps fake logits (N,) and, where `needs_real`, real logits (M,) to a scalar loss.
            Objectives without `needs_real` ignore the second argument.
        needs_real: whether the logits of real samples are needed.
        formula: the loss in one line.
    """

    name: str
    generator: GeneratorLoss
    needs_real: bool
    formula: str


def _build(name: str, entry: Entry) -> Objective:
    function = getattr(import_module(f"mutations.{entry.module}"), name)
    return Objective(name, function, entry.needs_real, entry.formula)


OBJECTIVES: dict[str, Objective] = {name: _build(name, entry) for name, entry in TABLE.items()}
