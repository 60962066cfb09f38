"""A directory that one process alone may write to."""

import os
import time
from pathlib import Path
from typing import Any

PATIENCE = 0.05
"""Seconds in which whoever only asks, see :func:`is_held`, has let go again."""


class InUseError(RuntimeError):
    """Another process, or another search of this one, is writing to the directory."""


class Lock:
    """Holds a directory until it is closed; it goes with the process, however that ends.

    Args:
        path: The directory, which exists.
        name: What the message calls it; by default its path.

    Raises:
        InUseError: Somebody else holds it.
    """

    def __init__(self, path: Path, *, name: Path | None = None) -> None:
        self._descriptor = _locked(path, name or path)

    def close(self) -> None:
        """Let others have the directory."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _locked(path: Path, name: Path) -> int | None:
    try:
        import fcntl
    except ImportError:  # not on Windows, where two processes are on their own
        return None
    descriptor = os.open(path, os.O_RDONLY)
    try:
        _take(descriptor, fcntl)
    except BlockingIOError as error:
        os.close(descriptor)
        raise InUseError(
            f"{name} is being run by another process or search. Wait until it ends, or stop it."
        ) from error
    except OSError:  # a file system without locks
        os.close(descriptor)
        return None
    return descriptor


def _take(descriptor: int, fcntl: Any) -> None:
    """Lock a directory that nobody else holds for longer than it takes to ask."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise
            time.sleep(PATIENCE / 5)
        else:
            return


def is_held(path: Path) -> bool:
    """Return whether somebody holds a directory; nothing is written to it.

    It is asked for together with everybody else who asks, for an instant.
    """
    try:
        import fcntl
    except ImportError:
        return False
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(descriptor)
    return False
