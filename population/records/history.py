"""The rows of a history: one per child, tidy, the same names in every generation."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from population.records.cells import encode
from population.spaces.domain import is_nan, without_numpy
from population.strategy import MISSING, Child, Individual, Strategy, check_column, flatten

logger = logging.getLogger("population")


def history_rows(
    constants: Mapping[str, Any],
    strategy: Strategy,
    parents: Sequence[Individual],
    children: Sequence[Child],
    chosen: Sequence[int],
    *,
    times: Sequence[Mapping[str, float]] = (),
) -> list[dict[str, Any]]:
    """Return a row per child of one generation; a failed child's scores are NaN.

    Args:
        constants: The run, its seed, and the generation.
        strategy: What names the columns of hyperparameters.
        parents: The population that the children come from.
        children: Those of one generation.
        chosen: The places of those that survive.
        times: Each child's seconds by phase, where they are recorded.

    Raises:
        ValueError: A score or a hyperparameter has the name of another column.
    """
    names = dict.fromkeys(name for child in children for name in child.scores)
    for name in names:
        check_column(name, "the score")
    survivors = set(chosen)
    rows = []
    for child, own in zip(children, times or [{}] * len(children), strict=True):
        row = {
            **constants,
            "child": child.index,
            **_parents(child, parents, constants["generation"], crosses=strategy.crosses),
            "operator": _operator(child),
            **{name: child.scores.get(name, float("nan")) for name in names},
            "survived": child.index in survivors and not child.error,
            "error": child.error or MISSING,
            **own,
            "seconds": round(child.seconds, 6),
        }
        rows.append(row | _columns(strategy, child, names))
    return rows


def _parents(
    child: Child, parents: Sequence[Individual], generation: int, *, crosses: bool
) -> dict[str, Any]:
    """Return who a child comes from; both parents of a crossing are children of its generation."""
    asked = child.offspring
    if asked.partner is not None:
        return {"parent_generation": generation, "parent": asked.parent, "partner": asked.partner}
    parent = parents[asked.parent]
    found = {"parent_generation": parent.generation, "parent": parent.index}
    return {**found, "partner": MISSING} if crosses else found


def _operator(child: Child) -> Any:
    name = child.offspring.operator
    if name is None:
        return MISSING
    if type(name) is not str or not name:
        raise ValueError(f"the operator {name!r}: expected a text that is not empty, or None.")
    return name


def _columns(strategy: Strategy, child: Child, scores: Mapping[str, Any]) -> dict[str, Any]:
    given = child.offspring.hyperparameters
    columns, existing = strategy.columns(given), flatten(given).keys()
    for name in columns:
        check_column(name, "the hyperparameter")
        if name in scores:
            raise ValueError(
                f"the hyperparameter {name!r} has the name of a column of the history, the score "
                "that evaluate() returns; rename one of them."
            )
    absent = {name for name in columns if columns[name] is None} - existing
    return {**columns, **dict.fromkeys(absent, MISSING)}


def log_failures(generation: int, children: Sequence[Child]) -> None:
    """Say of each child that failed why it did, in a line."""
    for child in children:
        if child.error:
            reason = child.error.strip().splitlines()[-1]
            logger.warning("generation %d, child %d failed: %s", generation, child.index, reason)


def plain_hyperparameters(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return hyperparameters as a history gives them back: numpy's numbers as plain ones.

    Raises:
        ValueError: A name is a column's or has a dot, or a value is none that a table can hold.
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        full = f"{prefix}{name}"
        check_column(full if isinstance(name, str) else name, "the hyperparameter")
        if not name or "." in name:
            raise ValueError(f"the hyperparameter {full!r}: write groups as nested dicts.")
        group = isinstance(value, Mapping)
        if group and not value:
            raise ValueError(f"the hyperparameter {full!r}: an empty group leaves no column.")
        found[name] = plain_hyperparameters(value, f"{full}.") if group else _plain(full, value)
    return found


def _plain(name: str, value: Any) -> Any:
    value = without_numpy(value)
    try:
        encode(value)
        if is_nan(value):
            raise ValueError(f"{value!r} equals nothing, not even itself; write None instead.")
    except ValueError as error:
        raise ValueError(f"the hyperparameter {name!r}: {error}") from error
    return value
