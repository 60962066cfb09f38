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
    """Return a row per child of one generation; a failed child's scores are NaN.

    Raises:
        ValueError: A hyperparameter has the name of another column.
    """
    names = list(next((child.scores for child in children if child.scores), {}))
    survivors = set(chosen)
    rows = []
    for child in children:
        parent = parents[child.offspring.parent]
        columns = strategy.columns(child.offspring.hyperparameters)
        row = {
            **constants,
            "child": child.index,
            "parent_generation": parent.generation,
            "parent": parent.index,
            "operator": child.offspring.operator or "",
            **{name: child.scores.get(name, float("nan")) for name in names},
            "survived": child.index in survivors and not child.error,
            "error": child.error,
            "seconds": round(child.seconds, 6),
        }
        if clash := sorted(columns.keys() & row.keys()):
            raise ValueError(
                f"the hyperparameter {clash[0]!r} has the name of a column of the history; call it "
                "otherwise, or rename the score that evaluate() returns."
            )
        rows.append(row | columns)
    return rows
