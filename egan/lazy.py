"""Tables from a name to something whose module is imported only when it is used.

`--help` and `--list` print names and descriptions; neither needs torch, scikit-learn or pillow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Lazy(Generic[T]):
    """A function named by `module:function`, imported at its first call, with a line about it."""

    target: str
    description: str

    def __call__(self, *args: Any, **kwargs: Any) -> T:
        """Import the function and call it."""
        module, function = self.target.split(":")
        result: T = getattr(import_module(module), function)(*args, **kwargs)
        return result


def lookup(table: Mapping[str, T], name: str, *, kind: str) -> T:
    """Return `table[name]`; an unknown name offers its near matches.

    Raises:
        ValueError: If `name` is not in `table`; `kind` says what it should have named.
    """
    if name in table:
        return table[name]
    near = get_close_matches(name, table, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "choose one of these."
    raise ValueError(f"unknown {kind} {name!r}: {hint} Known: {', '.join(table)}.")


def own_function(spec: str, *, what: str, kinds: str = "'module:function'") -> Callable[..., Any]:
    """Import a function of the user's.

    Args:
        spec: `module:function`.
        what: What it is called in messages, such as "feature extractor".
        kinds: What else may be given in its place.

    Raises:
        ValueError: There is none; the message says why.
    """
    module_name, colon, name = spec.partition(":")
    if not (module_name and colon and name):
        raise ValueError(f"a {what} is named {kinds}, but got {spec!r}.")
    try:
        module = import_module(module_name)
    except Exception as error:  # a module of the user's may do anything
        raise ValueError(
            f"the module of the {what} {spec!r} cannot be imported: "
            f"{type(error).__name__}: {error}. Mend or install it, or run where Python finds it."
        ) from error
    function = getattr(module, name, None)
    if not callable(function):
        near = get_close_matches(name, dir(module), n=3) or [f"a {what}"]
        raise ValueError(f"{module_name} has no function {name!r}; expected {' or '.join(near)}.")
    found: Callable[..., Any] = function
    return found
