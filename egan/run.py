"""`python -m egan.run`: evolve generators, and leave a folder with everything in it.

To follow one generation: `evolve` below builds a search (egan/runs/experiment.py) and runs it
(population/search.py). The search has children made by population/worker.py, in this process or
in Ray actors; that has egan/evolution/generator.py mutate and score them, and
egan/evolution/discriminator.py learn from the survivors.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from egan.commandline.helptext import PROG
from egan.commandline.parse import Request, parse
from egan.errors import UserError, told_to_user

if TYPE_CHECKING:
    from egan.runs.console import Talk


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status.

    0: done. 1: done, but a picture or the report is missing. 2: a mistake of the user, or trouble
    with disk or cluster, told in one message. 128 and a signal's number: stopped.
    """
    try:
        return _obey(parse(arguments))
    except UserError as error:
        print(f"{PROG}: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print(f"{PROG}: stopped", file=sys.stderr)
        return 130


def _obey(request: Request) -> int:
    """Print what is asked for, or run it."""
    if request.list or request.dry_run:
        from egan.commandline import overview

        with told_to_user(ValueError, OSError):
            print(overview.catalogue() if request.list else overview.plan(request.config))
        return 0
    from egan.runs.console import Talk

    with Talk() as talk:
        return evolve(request, talk)


def evolve(request: Request, talk: Talk) -> int:
    """Prepare, run all generations, and write the outcome; return the exit status."""
    from egan.evolution.vectorized import settled
    from egan.runs.experiment import build_run
    from egan.runs.listeners import Timekeeper
    from egan.runs.preparation import prepare
    from egan.runs.session import Session, open_folder

    timekeeper = Timekeeper()
    prepared = prepare(request.config)
    config = settled(request.config, prepared.dataset)
    request = replace(request, config=config)
    with contextlib.closing(open_folder(request)) as folder:
        talk.write_to(folder.path / "log.txt")
        timekeeper.prepared(folder.path)
        session = Session(config, prepared, folder=folder, timekeeper=timekeeper)
        search = build_run(
            config, prepared, directory=folder.path, callbacks=session.listeners(talk.console)
        )
        if not folder.is_new and session.go_back(search):
            return 0
        with session.troubles_told(search):
            return session.conclude(search.run(config.length))


if __name__ == "__main__":
    sys.exit(main())
