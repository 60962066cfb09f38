"""The table of objectives, readable without torch.

A new objective is one function `name(fake, real)` in a module of this package and one line here.
In the formulas, plain ASCII for any terminal, o is the discriminator's logit on a generated sample,
r on a real one, and E the mean.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Where an objective lives and what it computes."""

    module: str  # the module of this package that defines a function of the objective's name
    formula: str  # what the generator minimises
    needs_real: bool = False  # whether it compares with the logits of real samples


TABLE: dict[str, Entry] = {
    "minimax": Entry(module="adversarial", formula="1/2 E[log(1 - sigmoid(o))]"),
    "heuristic": Entry(module="adversarial", formula="-1/2 E[log sigmoid(o)]"),
    "least_squares": Entry(module="adversarial", formula="E[(sigmoid(o) - 1)^2]"),
    "hinge": Entry(module="adversarial", formula="-E[o]"),
    "wasserstein": Entry(module="adversarial", formula="-E[o]"),
    "ganetic": Entry(module="ganetic", formula="E[p^3] + sqrt(3.985 / sum(p)), p = sigmoid(o)"),
    "relativistic_logistic": Entry(
        module="relativistic",
        formula="-E[log sigmoid(o - E[r])] - E[log(1 - sigmoid(r - E[o]))]",
        needs_real=True,
    ),
    "relativistic_hinge": Entry(
        module="relativistic",
        formula="E[max(0, 1 - (o - E[r]))] + E[max(0, 1 + (r - E[o]))]",
        needs_real=True,
    ),
    "relativistic_least_squares": Entry(
        module="relativistic",
        formula="E[(o - E[r] - 1)^2] + E[(r - E[o] + 1)^2]",
        needs_real=True,
    ),
}

NAMES: tuple[str, ...] = tuple(TABLE)


def check(name: str) -> str:
    """Return `name` if an objective is called so.

    Raises:
        ValueError: otherwise; near matches are offered.
    """
    if name in TABLE:
        return name
    near = difflib.get_close_matches(str(name), NAMES, n=3)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise ValueError(f"unknown mutation {name!r}; {hint}Choose from: {', '.join(NAMES)}.")
