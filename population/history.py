"""The rows of a history: one per child, tidy, the same names in every generation."""

from collections.abc import Mapping, Sequence
from typing import Any

from population.strategy import Child, Individual, Strategy


def history_rows(
    constants: Mapping[str, Any],
    strategy: Strategy,
    parents: Sequence[Individual],
    children: Sequence[Child],
    chosen: Sequence[int],
) -> list[dict[str, Any]]:
    """Return a row per child of one generation; a failed child's scores are NaN."""
    names = list(next((child.scores for child in children if child.scores), {}))
    survivors = set(chosen)
    rows = []
    for child in children:
        parent = parents[child.offspring.parent]
        rows.append(
            {
                **constants,
                "child": child.index,
                "parent_generation": parent.generation,
                "parent": parent.index,
                "operator": child.offspring.operator or "",
                **{name: child.scores.get(name, float("nan")) for name in names},
                "survived": child.index in survivors and not child.error,
                "error": child.error,
                "seconds": round(child.seconds, 6),
                **strategy.columns(child.offspring.hyperparameters),
            }
        )
    return rows
