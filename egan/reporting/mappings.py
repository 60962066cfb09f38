"""The YAML and JSON mappings of a run directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from population.records.plain_files import read_plain
from population.records.plain_yaml import parse_yaml


def read_mapping(path: Path) -> dict[str, Any]:
    """Read a YAML or JSON mapping of a run directory, empty where there is no such file.

    Raises:
        ValueError: It is no YAML, no JSON, or a link.
    """
    if not path.exists():
        return {}
    text = read_plain(path).decode("utf-8", "replace")
    is_json = path.suffix == ".json"
    try:
        content = json.loads(text or "{}") if is_json else parse_yaml(text)
    except (ValueError, RecursionError) as error:
        kind = "JSON" if is_json else "YAML"
        raise ValueError(f"{path} cannot be read, it is no {kind}: {error}") from error
    return content if isinstance(content, dict) else {}
