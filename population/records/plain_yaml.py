"""YAML that may be a stranger's: plain values, each key once, no aliases, within bounds.

An alias lets a few lines stand for billions of values, and of two equal keys one would be ignored
without a word.
"""

from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 2**24
MAX_DEPTH = 40


def read_yaml(path: Path, loader: type[yaml.SafeLoader] | None = None) -> Any:
    """Return the values in a YAML file.

    Args:
        path: The file.
        loader: A kind of `PlainLoader` that knows further tags.

    Raises:
        ValueError: It cannot be read, is no YAML, or not plain; the message names it.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        return parse_yaml(content.decode("utf-8"), loader)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ValueError(f"{path} is no YAML that is read here: {error}.") from error


def parse_yaml(text: str, loader: type[yaml.SafeLoader] | None = None) -> Any:
    """Return the values in a YAML text.

    Raises:
        ValueError: It is no YAML, or not plain.
    """
    if len(text) > MAX_BYTES:
        raise ValueError(f"it has over {MAX_BYTES:,} bytes")
    try:
        return yaml.load(text, loader or PlainLoader)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


class PlainLoader(yaml.SafeLoader):
    """Refuses aliases, equal keys, and nesting without end."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Read a value, whose depth is counted."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _problem(f"the alias *{event.anchor}: write out what it stands for", event)
        if self.depth == MAX_DEPTH:
            raise _problem(f"values nested more than {MAX_DEPTH} deep", event)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """Build a mapping, whose keys are all different."""
        seen = set[str]()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise _problem(f"{key.value!r} comes twice: keep one", key)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _problem(what: str, where: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=what, problem_mark=where.start_mark)
