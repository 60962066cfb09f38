"""Packages that come with an extra of this distribution."""

import importlib
from typing import Any


class MissingExtraError(ImportError):
    """A package that an extra brings is not installed, or cannot be imported."""


def load_extra(module: str, *, extra: str) -> Any:
    """Import a module that comes with an extra of this distribution.

    Raises:
        MissingExtraError: It is not installed, or broken; the message names the extra.
    """
    try:
        return importlib.import_module(module)
    except (ImportError, RuntimeError) as error:  # a torchvision of another build raises the latter
        raise MissingExtraError(
            f"{module} cannot be imported ({error}). It comes with an extra: "
            f"pip install 'egan[{extra}]'"
        ) from error
