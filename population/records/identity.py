"""What a checkpoint writes as JSON, and the settings by which a run knows its own."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from population.records.content import READ_BACK, checked_settings


def dumps(content: Any) -> str:
    """Return values as JSON, with numpy's numbers as plain ones."""
    return json.dumps(content, sort_keys=True, default=_item, ensure_ascii=False)


def json_bytes(content: Any) -> bytes:
    """Return JSON in which even texts that are no UTF-8 come back as they were."""
    return dumps(content).encode("utf-8", "surrogatepass")


def _item(value: Any) -> Any:
    """Return a numpy number as a plain one."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a checkpoint cannot hold {value!r} of type {type(value).__name__}")


def joined_identity(own: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a search's own settings with those that a user gave beside them.

    Raises:
        ValueError: A given one has the name of the search's own, or no JSON value.
    """
    for name, value in given.items():
        if type(name) is not str or name in own or name in READ_BACK:
            raise ValueError(
                f"identity: {name!r} is no text, or a setting of the search itself; call it "
                "otherwise."
            )
        try:
            back = json.loads(dumps(value))
        except (TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"identity[{name!r}] is no JSON value: {error}") from error
        if back != json.loads(dumps(back)):
            raise ValueError(f"identity[{name!r}]={value!r} holds NaN, which is never the same.")
    checked_settings(plain_settings(own))
    return {**own, **given}


def plain_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as a checkpoint gives them back."""
    plain: dict[str, Any] = json.loads(dumps(dict(values)))
    return plain
