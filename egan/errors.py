"""Mistakes of the user and troubles of the machine: one clear message instead of a traceback."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

PROG = "python -m egan.run"
"""The command that messages tell the user to give."""

FULL = {errno.ENOSPC, errno.EDQUOT}


class UserError(Exception):
    """What the command line prints on stderr before it exits with `status`.

    Everything else that is raised is a bug of ours and keeps its traceback.

    Args:
        message: What was got, what was expected, and how to mend it.
        status: The exit status.
    """

    def __init__(self, message: str, *, status: int = 2) -> None:
        super().__init__(message)
        self.status = status


def printable(text: str) -> str:
    """Return a text without control characters, by which a file could rewrite a terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)


@contextmanager
def told_to_user(*kinds: type[Exception]) -> Iterator[None]:
    """Turn exceptions of these kinds into a `UserError` with the same message.

    It stands around the places where input comes in (settings, data, a checkpoint), never around
    training.
    """
    try:
        yield
    except kinds as error:
        raise UserError(_said(error)) from error


def _said(error: Exception) -> str:
    """Return what an exception says; of a full disk, also what there is to do."""
    if isinstance(error, OSError) and error.errno in FULL:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}. Make room, or give another place."
    return str(error)
