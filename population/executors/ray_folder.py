"""The temporary folder that a Ray of our own lives in; what is wrong with it is told by name."""

import os
import sys
import tempfile
from pathlib import Path

SOCKET_BYTES = 103 if sys.platform == "darwin" else 107
"""The longest path of a socket."""
SESSION = "/ray/session_2026-01-01_00-00-00_000000_1234567/sockets/plasma_store"
"""What Ray adds to the folder."""


def check_temporary_folder() -> None:
    """See that Ray can keep its session and its sockets in the temporary folder.

    Raises:
        ConnectionError: It cannot; the message names the variable to set.
    """
    variable, folder = _temporary_folder()
    problem = _problem(folder)
    if problem:
        most = SOCKET_BYTES - len(SESSION)
        raise ConnectionError(
            f"Ray keeps its session in the temporary folder, but {variable}={folder} {problem}. "
            "Set RAY_TMPDIR to a folder that can be written to, with a plain name of "
            f"{most} letters or fewer, such as RAY_TMPDIR=/tmp."
        )


def trouble(error: OSError) -> ConnectionError:
    """Return what is told where Ray could not be started."""
    where = f" at {error.filename}" if error.filename else ""
    variable, folder = _temporary_folder()
    return ConnectionError(
        f"Ray could not start on this machine{where}: {error.strerror or error}. It writes to "
        f"{variable}={folder} (RAY_TMPDIR names another folder) and to {Path('~').expanduser()}."
    )


def _temporary_folder() -> tuple[str, str]:
    """Return the variable that says where Ray's session is, and the folder, as Ray finds it."""
    for variable in ("RAY_TMPDIR", "TMPDIR"):
        if variable in os.environ:
            return variable, os.environ[variable]
    return "TMPDIR", "/tmp"  # which is where Ray goes


def _problem(folder: str) -> str:
    if len(os.fsencode(folder + SESSION)) > SOCKET_BYTES:
        return f"is too long, of {len(os.fsencode(folder))} letters"
    if not folder.isascii():
        return "has letters that are not ASCII"
    try:
        home = Path(folder, "ray")
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home) as file:
            file.write(b"1")
    except OSError as error:
        return f"cannot be written to ({error.strerror})"
    return ""
