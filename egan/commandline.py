"""The words after `python -m egan.run`: which settings they add up to, and what to do with them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import tyro

from egan.config import CADENCE, WHERE_ONLY, RunConfig, check, to_dict
from egan.errors import UserError, told_to_user
from egan.hyperparameters import HYPERPARAMETERS, SPACE
from egan.lazy import lookup
from egan.models import with_search
from egan.presets import PRESETS
from egan.space import EXPLANATION, flag, taken_out

PROG = "python -m egan.run"
DEFAULT = "digits"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _default_space() -> str:
    return _indented("\n".join(f"{flag(name)} {text}" for name, text in SPACE.items()))


def _further_names() -> str:
    return ", ".join(flag(name) for name in HYPERPARAMETERS if name not in SPACE)


DESCRIPTION = f"""Evolve generators against a discriminator.

Each generation every parent makes one child per mutation (a GAN objective); the fittest children
survive, and the discriminator learns from their samples. Samples, curves, a report, checkpoints
and the weights go to a numbered folder below runs/. Ctrl-C stops with a checkpoint.

Examples:
  {PROG}                                  digits, Ray on this machine
  {PROG} gaussians25 --generations 6000 --seed 3
  {PROG} folder --data.path photos/ --data.image-size 32
  {PROG} runs/00003-digits/config.yaml --fitness.diversity-weight 0.3
  {PROG} digits --address ray://head:10001        a cluster; auto for this machine's
  {PROG} digits --executor inline                 this process alone
  {PROG} digits --dry-run                         what would be run, and where
  {PROG} --resume runs/00003-digits --generations 10000
  {PROG} --list                           presets, data sets, mutations, networks
  python -m egan.plot runs/00003-digits runs/00004-digits    compare runs

Search for hyperparameters: --search trains a population of whole GANs side by side. After every
round of --interval generations they are compared by their samples' distance to the data. With pbt
(or pb2, which models what paid off) the worst go on from the best ones' weights with varied
hyperparameters; random and halving never vary them. schedule.yaml is what the best one was trained
with.
  {PROG} digits --search pbt --population 8 --rounds 20 --interval 100 \\
      --space.generator-lr 1e-5,1e-2,log --space.diversity-weight 0,0.5 \\
      --space.discriminator-steps 1,2,3

What --space.NAME may be:
{_indented(EXPLANATION)}

Without any --space:
{_default_space()}

Further names: {_further_names()}.

Presets: {", ".join(PRESETS)}.
The defaults below are those of the preset; give another one before --help to see its own.
"""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asks for: settings, and what to do with them."""

    source: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="[PRESET|CONFIG.yaml]")] = (
        DEFAULT
    )
    """A preset, or the file of settings of another run."""
    resume: Path | None = None
    """Go on with a run directory, from its last checkpoint."""
    list: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Name the presets, data sets, mutations, fitnesses and networks."""
    dry_run: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print settings, children, workers, memory and folder; run nothing."""
    config: Annotated[RunConfig, tyro.conf.arg(name="")] = field(default_factory=RunConfig)


def parse(arguments: Sequence[str] | None = None) -> Request:
    """Return what the arguments ask for, its settings complete and checked.

    Raises:
        UserError: A preset, file, run directory or setting is wrong.
        SystemExit: With status 0 for --help, with 2 for flags that do not exist or do not parse.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    guess = given[0] if given and not given[0].startswith("-") else DEFAULT
    request = _parse(given, source=guess, base=starting_point(guess))
    if request.resume is not None:
        return _resumed(request, given)
    if request.source != guess:
        request = _parse(given, source=guess, base=starting_point(request.source))
    return _checked(request)


def starting_point(source: str) -> RunConfig:
    """Return the settings of a preset or of a YAML file.

    Raises:
        UserError: There is no such preset or file, or the file holds no settings.
    """
    from egan.config_file import read_config

    path = Path(source).expanduser()
    if path.suffix not in (".yaml", ".yml") and os.sep not in source:
        with told_to_user(ValueError):
            return lookup(PRESETS, source, kind="preset")()
    if (path / "config.yaml").is_file():
        raise UserError(
            f"{source} is a run directory. To go on with it: {PROG} --resume {source}. To start "
            f"another run with its settings: {PROG} {path / 'config.yaml'}"
        )
    if not path.is_file():
        raise UserError(
            f"there is no file of settings {source!r}. Give the config.yaml of a run, such as "
            f"runs/00003-digits/config.yaml, or a preset: {', '.join(PRESETS)}."
        )
    with told_to_user(ValueError):
        return read_config(path)


def _parse(given: Sequence[str], *, source: str, base: RunConfig) -> Request:
    words, space = taken_out(given)
    if space:
        base = replace(base, search=replace(base.search, space=space))
    return tyro.cli(
        Request,
        default=Request(source=source, config=base),
        args=words,
        prog=PROG,
        description=DESCRIPTION,
    )


def _checked(request: Request) -> Request:
    """Check the settings; make the data's path absolute, so that any folder can go on with it."""
    with told_to_user(ValueError):
        request = replace(request, config=with_search(check(request.config)))
    data = request.config.data
    if data.path is None:
        return request
    path = os.path.abspath(Path(data.path).expanduser())
    config = replace(request.config, data=replace(data, path=path))
    return replace(request, config=config)


def _resumed(request: Request, given: Sequence[str]) -> Request:
    """Parse again on top of the settings that the run was started with, which must not change."""
    from egan.rundir import saved_config

    run = request.resume
    assert run is not None
    if request.source != DEFAULT or given[0] == DEFAULT:
        raise UserError(
            f"--resume {run} goes on with that run's own settings; leave out {request.source!r}."
        )
    base = saved_config(run)
    request = _parse(given, source=DEFAULT, base=base)
    before, after = to_dict(base), to_dict(request.config)
    changed = [n for n in after if after[n] != before[n] and n not in (*WHERE_ONLY, *CADENCE)]
    changed = [text for name in changed for text in _differences(name, before[name], after[name])]
    changed = [text for text in changed if not text.startswith(("--data.path ", "--rounds "))]
    if changed:
        raise UserError(
            f"--resume {run} must keep what the result depends on, but changed: "
            f"{'; '.join(changed)}. Leave it out, or start a new run: {PROG} "
            f"{run / 'config.yaml'} ..."
        )
    return _checked(request)


def _differences(name: str, before: object, after: object) -> list[str]:
    """Return the flags that differ, with their values then and now."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = {**before, **after}
        pairs = [(f"{name}.{key}", before.get(key), after.get(key)) for key in keys]
        return [text for pair in pairs if pair[1] != pair[2] for text in _differences(*pair)]
    spelt = name.replace("search.strategy", "search").removeprefix("search.").replace("_", "-")
    return [f"--{spelt} was {before}, now {after}"]
