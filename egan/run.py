"""`python -m egan.run`: raise a model, and leave a folder with everything in it.

To follow one run: `carry_out` below makes a plan (egan/runs/plan.py), prepares data and task
(egan/runs/preparation.py), and runs the search that the plan is (population/search.py). Children
are made by population/worker.py, in this process or in Ray actors: of models by their own `step`
(egan/training/model.py), of generators by egan/evolution/generator.py, whose discriminator
(egan/evolution/discriminator.py) learns from the survivors.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from egan.commandline.parse import Request, parse
from egan.errors import PROG, UserError, printable, told_to_user

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
        print(f"{PROG}: {printable(str(error))}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print(f"{PROG}: stopped", file=sys.stderr)
        return 130


def _obey(request: Request) -> int:
    """Print what is asked for, or run it."""
    if request.list or request.dry_run:
        from egan.commandline import overview

        with told_to_user(ValueError, OSError):
            if request.list:
                print(overview.catalogue())
            else:
                print(overview.overview(request.config, resume=request.resume))
        return 0
    from egan.runs.console import Talk

    with Talk() as talk:
        status = carry_out(request, talk)
        talk.note(f"ended with status {status}")
        return status


def carry_out(request: Request, talk: Talk) -> int:
    """Prepare, run all generations or rounds, and write the outcome; return the exit status."""
    from egan.runs.listeners import Timekeeper
    from egan.runs.listeners.tracking import MissingExtraError, trackers_of
    from egan.runs.plan import plan
    from egan.runs.preparation import prepare
    from egan.runs.session import Session, open_folder

    timekeeper = Timekeeper()
    planned = plan(request.config)
    with told_to_user(MissingExtraError):
        trackers = trackers_of(request.config)
    prepared = prepare(planned)
    with contextlib.closing(open_folder(planned, resume=request.resume)) as folder:
        with told_to_user(ValueError):
            talk.write_to(folder.path / "log.txt")
        timekeeper.prepared(folder.path)
        session = Session(
            planned, prepared, folder=folder, timekeeper=timekeeper, trackers=trackers
        )
        search = planned.search(
            prepared, directory=folder.path, callbacks=session.listeners(talk.console)
        )
        if not folder.is_new and session.go_back(search):
            return 0
        with session.troubles_told(search):
            return session.conclude(search.run(planned.length))


if __name__ == "__main__":
    sys.exit(main())
