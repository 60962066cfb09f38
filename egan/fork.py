"""Fork a run: the same run with one decision changed, or what its contests are worth.

Examples:
  python -m egan.fork runs/00003-digits --at 1200 --generator-lr 5e-4
  python -m egan.fork runs/00003-digits --at 1200 --evolution.contest-every 1000000
  python -m egan.fork runs/00003-digits --at 1200 --survivor 2
  python -m egan.fork runs/00003-digits --regret 50 --horizon 100

A fork goes on from the run's nearest checkpoint, on the same random numbers, so that up to --at it
is the run bit for bit, and from there on differs by the decision alone: flags of `python -m
egan.run` change settings, --survivor lets other children of that generation survive. It leaves a
run directory of its own, whose report shows both. A fork that changes nothing is the run again.

--regret asks what selection is worth: for so many contests spread over the run, each child of the
litter is let survive, and the run goes on from it for --horizon generations. What its samples are
worth then, the winner's beside the others', is the causal value of a contest; it is printed with
its interval, and kept as regret.csv and regret.png in the run's directory and its report.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from egan.errors import UserError

if TYPE_CHECKING:
    from egan.config import RunConfig
    from egan.runs.console import Talk

PROG = "python -m egan.fork"
FIXED = ("seed", "data", "device", "preset", "arithmetic", "features")
"""Settings that a fork shares with its run."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line says, beside settings of `python -m egan.run`."""

    run: Annotated[Path, tyro.conf.Positional]
    """The directory of the run."""

    at: int | None = None
    """The last generation, or round, that both runs have in common."""

    survivor: tuple[int, ...] = ()
    """The children, by their places in the litter, that survive generation --at instead."""

    regret: int | None = None
    """Measure what so many contests are worth, instead of making a fork."""

    horizon: int = 100
    """Generations that each child of a contest is followed for."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status, as `python -m egan.run` has them."""
    options, words = tyro.cli(
        Options, args=arguments, prog=PROG, description=__doc__, return_unknown_args=True
    )
    try:
        return _obey(options, words)
    except UserError as error:
        print(f"{PROG}: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print(f"{PROG}: stopped; nothing is changed", file=sys.stderr)
        return 130


def _obey(options: Options, words: Sequence[str]) -> int:
    from egan.commandline.parse import from_anywhere, leave, on_top_of
    from egan.runs.console import Talk
    from egan.runs.folder import saved_config

    options = replace(options, run=from_anywhere(options.run))
    base = replace(saved_config(options.run), output=str(options.run.parent))
    changed = on_top_of(base, words, source=str(options.run / "config.yaml"))
    _check(options, base, changed)
    leave(options.run.resolve())
    with Talk() as talk:
        if options.regret is not None:
            return _measure(options, base, talk)
        return _fork(options, base, changed, talk)


def _check(options: Options, base: RunConfig, changed: RunConfig) -> None:
    """See that the flags make sense together.

    Raises:
        UserError: They do not.
    """
    if (options.at is None) == (options.regret is None):
        raise UserError(
            "say where to fork, with --at GENERATION, or how many contests to measure, with "
            f"--regret; got {'both' if options.at is not None else 'neither'}."
        )
    for name, value in (("regret", options.regret), ("horizon", options.horizon)):
        if value is not None and value < 1:
            raise UserError(f"--{name} must be 1 or more, but got {value}.")
    for name in FIXED:
        if getattr(base, name) != getattr(changed, name):
            raise UserError(
                f"--{name} is what a fork shares with its run: it was {getattr(base, name)}, now "
                f"{getattr(changed, name)}. Leave it out, or start a new run."
            )
    if "://" in changed.output:
        raise UserError(f"--output {changed.output}: a fork is made in a folder of this machine.")
    if options.regret is not None and (base != changed or options.survivor):
        raise UserError("--regret measures the run as it was; leave out settings and --survivor.")


def _fork(options: Options, base: RunConfig, changed: RunConfig, talk: Talk) -> int:
    from egan.commandline.parse import Request, differences
    from egan.forking.both import show_both
    from egan.forking.branch import branch, check_generation
    from egan.run import carry_out
    from egan.runs.plan import plan
    from egan.runs.preparation import prepare

    before, after, at = plan(base), plan(changed), options.at or 0
    check_generation(options.run, at, before, survivors=options.survivor)
    if before.kind != after.kind:
        raise UserError(f"a fork of what is {before.kind} cannot {after.kind}; start a new run.")
    made = prepare(before)
    prepared = made, made if base == changed else prepare(after)
    told: dict[str, Any] = {
        "of": str(options.run),
        "at": at,
        "unit": before.one,
        "changed": differences(base, changed),
        "survivors": list(options.survivor),
    }
    path = branch(
        options.run,
        at=at,
        survivors=options.survivor,
        before=before,
        after=after,
        prepared=prepared,
        console=talk.console,
        told=told,
    )
    output = replace(changed, output=str(path.parent))
    status = carry_out(Request(source="", resume=path, config=output), talk)
    print(f"Beside {options.run}: {show_both(options.run, path)}")
    return status


def _measure(options: Options, base: RunConfig, talk: Talk) -> int:
    from egan.forking.regret import measure
    from egan.forking.worth import report
    from egan.runs.plan import plan
    from egan.runs.preparation import prepare

    planned = plan(base)
    assert options.regret is not None
    contests = measure(
        options.run,
        planned,
        prepare(planned),
        count=options.regret,
        horizon=options.horizon,
        console=talk.console,
    )
    print(report(options.run, contests, horizon=options.horizon))
    return 0


if __name__ == "__main__":
    sys.exit(main())
