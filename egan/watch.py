"""Watch runs while they go on, on a page for this machine alone.

Examples:
  python -m egan.watch runs/
  python -m egan.watch runs/00003-digits --port 9000

The page shows each run's state, curves, latest samples, the lineage of a search, and two runs side
by side. It reads run directories and never writes to them, runs none of what they hold, and answers
on the loopback address only. From another machine: ssh -L 8765:localhost:8765 HOST.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from egan.errors import UserError, printable, told_to_user
from population.extras import MissingExtraError, load_extra

PROG = "python -m egan.watch"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line says."""

    folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="[FOLDER]")] = Path("runs")
    """The folder of runs, or one run."""

    port: int = 8765
    """Where the page is on this machine; 0 for any that is free."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C; return the exit status: 0, or 2 for input that cannot be used."""
    options = tyro.cli(Options, args=arguments, prog=PROG, description=__doc__)
    try:
        serve(options.folder, port=options.port)
    except UserError as error:
        print(f"{PROG}: {printable(str(error))}", file=sys.stderr)
        return error.status
    return 0


def serve(folder: Path, *, port: int) -> None:
    """Serve the page until the process is interrupted.

    Raises:
        UserError: There is no such folder, the port is not free, or a library is missing.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder; give the folder of runs, such as runs/.")
    with told_to_user(MissingExtraError):
        for module in ("starlette", "uvicorn"):
            load_extra(module, extra="watch")
    import uvicorn

    from egan.watching.runs import Runs
    from egan.watching.server import application

    with bound(port) as place:
        print(
            f"{folder} is at http://{LOOPBACK}:{place.getsockname()[1]} (Ctrl-C ends it)",
            flush=True,
        )
        settings = uvicorn.Config(application(Runs(folder)), log_level="warning", lifespan="off")
        with suppress(KeyboardInterrupt):
            uvicorn.Server(settings).run(sockets=[place])


def bound(port: int) -> socket.socket:
    """Return a socket that listens on the loopback address.

    Raises:
        UserError: The port is none, or somebody else has it.
    """
    place = socket.socket()
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        place.bind((LOOPBACK, port))
        place.listen()
    except (OSError, OverflowError) as error:
        place.close()
        raise UserError(
            f"--port {port} cannot be had ({error}); give another one, or 0 for any that is free."
        ) from error
    return place


if __name__ == "__main__":
    sys.exit(main())
