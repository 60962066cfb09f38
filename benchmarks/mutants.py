"""Small faults in the source, drawn at random: mutmut's operators at the places of our files.

An operator swaps + and -, < and <=, and and or, True and False, is and is not, adds 1 to a number,
takes an argument away or makes it None, makes an assigned value None, drops a not, swaps lstrip and
rstrip. Left out are texts (they are messages), annotations, decorators, imports, and what only the
type checker sees: faults there change nothing that is computed, or nothing can be imported.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import libcst as cst
from mutmut.mutation.mutators import mutation_operators, operator_string

SKIPPED = (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom, cst.BaseString)


@dataclass(frozen=True)
class Mutant:
    """A file of ours with one fault.

    Attributes:
        path: The file, below the root.
        line: Where the fault is.
        before: That line.
        after: The line in its place.
        source: The whole file with the fault.
    """

    path: str
    line: int
    before: str
    after: str
    source: str

    @property
    def name(self) -> str:
        """What tells it from others, whatever moves it up or down its file."""
        return f"{self.path}: {self.before} -> {self.after}"


@dataclass(frozen=True)
class Place:
    """A node of a file, and an operator for nodes of its kind."""

    path: Path
    module: cst.Module
    node: cst.CSTNode
    operator: Any


def places(path: Path, functions: re.Pattern[str] | None) -> list[Place]:
    """Return where operators may change a file, or its functions of certain names."""
    module = cst.parse_module(path.read_text(encoding="utf-8"))
    seen = _Seen(functions)
    module.visit(seen)
    return [
        Place(path, module, node, operator)
        for node in seen.nodes
        for kind, operator in mutation_operators
        if isinstance(node, kind) and operator is not operator_string
    ]


class _Seen(cst.CSTVisitor):
    """Collects the nodes that may be changed."""

    def __init__(self, functions: re.Pattern[str] | None) -> None:
        super().__init__()
        self.functions = functions
        self.nodes: list[cst.CSTNode] = []
        self._inside: list[bool] = [functions is None]

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, SKIPPED) or _is_for_types(node):
            return False
        if isinstance(node, cst.FunctionDef) and self.functions is not None:
            self._inside.append(self._inside[-1] or bool(self.functions.search(node.name.value)))
        if self._inside[-1]:
            self.nodes.append(node)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, cst.FunctionDef) and self.functions is not None:
            self._inside.pop()


def _is_for_types(node: cst.CSTNode) -> bool:
    return (
        isinstance(node, cst.If)
        and isinstance(node.test, cst.Name)
        and node.test.value == "TYPE_CHECKING"
    )


def drawn(all_places: Sequence[Place], root: Path, rng: random.Random) -> Iterator[Mutant]:
    """Yield mutants of places in a random order, at most one of each, of equal lines only one."""
    seen = set()
    for place in rng.sample(all_places, len(all_places)):
        mutant = _made(place, root, rng)
        if mutant is not None and mutant.name not in seen:
            seen.add(mutant.name)
            yield mutant


def _made(place: Place, root: Path, rng: random.Random) -> Mutant | None:
    """Return one of what an operator makes of a place; None where that is nothing, or no Python."""
    others = list(place.operator(place.node))
    if not others:
        return None
    before = place.module.code
    try:
        after = place.module.deep_replace(place.node, rng.choice(others)).code
        if ast.dump(ast.parse(after)) == ast.dump(ast.parse(before)):
            return None
    except (SyntaxError, cst.CSTValidationError):
        return None
    pairs = zip_longest(before.splitlines(), after.splitlines(), fillvalue="")
    line, (old, new) = next((i, pair) for i, pair in enumerate(pairs, 1) if pair[0] != pair[1])
    path = place.path.relative_to(root).as_posix()
    return Mutant(path, line, old.strip(), new.strip(), after)
