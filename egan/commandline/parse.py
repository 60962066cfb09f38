"""The words after `python -m egan.run`: which settings they add up to, and what to do with them."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import tyro

from egan import collection
from egan.commandline.helptext import description
from egan.config import CADENCE, WHERE_ONLY, RunConfig, options, to_dict
from egan.config.space import taken_out
from egan.data import BUILT_IN
from egan.errors import PROG, UserError, told_to_user
from egan.judging.extractors import is_file
from egan.runs.checks import checked
from egan.runs.idle import refuse_idle
from egan.runs.plan import plan
from egan.runs.remote import Remote, is_url, split

DEFAULT = "digits"
MAY_CHANGE = ("--data.path ", "--data.store ", "--rounds ")
"""Flags of sections that a resumed run may change, since no result depends on them."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asks for: settings, and what to do with them."""

    source: Annotated[
        str, tyro.conf.Positional, tyro.conf.arg(metavar="[PRESET|MODEL|CONFIG.yaml]")
    ] = DEFAULT
    """A preset, a model of the collection, or the file of settings of another run."""
    resume: Path | None = None
    """Go on with a run directory, from its last checkpoint."""
    list: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Name the models, presets, data sets, mutations, fitnesses and networks."""
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
    run = _run_to_resume(given)
    if run is not None:
        return _resumed(run, given)
    guess = given[0] if given and not given[0].startswith("-") else DEFAULT
    base = starting_point(guess)
    request = _parse(given, source=guess, base=_harmless(base))
    if request.source != guess:
        base = starting_point(request.source)
        request = _parse(given, source=guess, base=_harmless(base))
    _see_named(base, given, source=request.source)
    named = _data_named(given)
    if named is None:
        request = replace(request, config=_with_kind_of_data(request.config, base))
    elif named != request.config.data.name:
        flag = "captions" if request.config.data.captions is not None else "pairs"
        raise UserError(
            f"--data.name {named} reads nothing from --data.{flag}, which says --data.name "
            f"{request.config.data.name}; leave one of them out."
        )
    return _checked(request, base)


def _data_named(given: Sequence[str]) -> str | None:
    """Return the data set that the words name, the last one if they name several."""
    named = None
    for word, following in zip(given, [*given[1:], ""], strict=False):
        flag, equals, value = word.partition("=")
        if flag == "--data.name":
            named = value if equals else following
    return named


def starting_point(source: str, *, beside: Sequence[str] = ()) -> RunConfig:
    """Return the settings of a preset, of a model, or of a YAML file.

    Args:
        source: Its name, or the file.
        beside: Sections of the file that somebody else reads.

    Raises:
        UserError: There is no such preset or file, or the file holds no settings.
    """
    from egan.config.file import read_config

    path = Path(source).expanduser()
    if path.suffix not in (".yaml", ".yml") and os.sep not in source:
        with told_to_user(ValueError):
            return collection.preset(source)
    if (path / "config.yaml").is_file():
        raise UserError(
            f"{source} is a run directory. To go on with it: {PROG} --resume {source}. To start "
            f"another run with its settings: {PROG} {path / 'config.yaml'}"
        )
    if not path.is_file():
        known = ", ".join(collection.presets(collection.BARE))
        raise UserError(
            f"there is no file of settings {source!r}. Give the config.yaml of a run, such as "
            f"runs/00003-digits/config.yaml, or a preset: {known}."
        )
    with told_to_user(ValueError):
        config = read_config(path, collection.preset, beside=beside)
        refuse_idle(plan(config), collection.preset(config.preset))
        return config


def _with_kind_of_data(config: RunConfig, base: RunConfig) -> RunConfig:
    """Return settings that read a path for what it plainly is, where only the path was given."""
    path = config.data.path
    if path is None or path == base.data.path or config.data.name not in BUILT_IN:
        return config
    place = Path(path).expanduser()
    if place.is_dir():
        return replace(config, data=replace(config.data, name="folder"))
    if place.suffix == ".npz":
        return replace(config, data=replace(config.data, name="npz"))
    return config


def _parse(given: Sequence[str], *, source: str, base: RunConfig) -> Request:
    words, space = taken_out(given)
    words, settings = taken_out(words, prefix=options.FLAG, wanted=options.GRAMMAR)
    search = replace(base.search, options={**base.search.options, **settings})
    base = replace(base, search=replace(search, space=space or search.space))
    return tyro.cli(
        Request,
        default=Request(source=source, config=base),
        args=words,
        prog=PROG,
        description=description(base),
    )


def _harmless(base: RunConfig) -> RunConfig:
    """Return settings without those that a file alone must not set."""
    fields = [name.replace("-", "_") for name in base.reaching]
    return replace(base, **{name: getattr(RunConfig, name) for name in fields})


def _see_named(saved: RunConfig, given: Sequence[str], *, source: str) -> None:
    """See that what a file's settings would run or reach is named on the command line too.

    Raises:
        UserError: Something is not.
    """
    flags = {word.partition("=")[0] for word in given}
    missing = {k: v for k, v in saved.reaching.items() if f"--{k}" not in flags}
    if missing:
        again = " ".join(f"--{name} {shlex.quote(value)}" for name, value in missing.items())
        raise UserError(
            f"{source} sets {' and '.join(missing)}, which would run code or reach another "
            f"machine that whoever wrote the file has chosen. If that was you, say so: {again}"
        )


def _checked(request: Request, base: RunConfig) -> Request:
    """Check the settings; make paths absolute, so that any folder can go on with them."""
    with told_to_user(ValueError):
        request = replace(request, config=checked(request.config))
        refuse_idle(plan(request.config), base)
        _check_trackers(request.config)
    data = request.config.data
    path = None if data.path is None else _absolute(data.path)
    pairs = None if data.pairs is None else (_absolute(data.pairs[0]), _absolute(data.pairs[1]))
    config = replace(request.config, data=replace(data, path=path, pairs=pairs))
    if config.features is not None and is_file(config.features):
        config = replace(config, features=_absolute(config.features))
    return replace(request, config=config)


def _check_trackers(config: RunConfig) -> None:
    """See that the packages of trackers are installed, which a run loads after a while only."""
    for name, wanted in (("tensorboard", config.tensorboard), ("wandb", config.wandb)):
        if wanted and find_spec(name) is None:
            raise ValueError(
                f"--{name} needs {name}, which is not installed: pip install 'egan[{name}]', or "
                "leave it out."
            )


def _absolute(path: str) -> str:
    return os.path.abspath(Path(path).expanduser())


def _run_to_resume(given: Sequence[str]) -> str | None:
    """Return what follows --resume, which says which settings the other flags belong to."""
    for place, word in enumerate(given):
        if word.startswith("--resume="):
            return word.partition("=")[2]
        if word == "--resume" and place + 1 < len(given):
            return given[place + 1]
    return None


def _brought_here(run: str) -> Path:
    """Return a run's folder on this machine.

    Raises:
        UserError: It is elsewhere, and cannot be fetched.
    """
    if not is_url(run):
        return from_anywhere(Path(run))
    output, name = split(run)
    return Remote(output).pull(name)


def from_anywhere(run: Path) -> Path:
    """Return a folder's path that holds outside of it too."""
    return run.absolute().resolve() if Path.cwd().is_relative_to(run.resolve()) else run


def _resumed(named: str, given: Sequence[str]) -> Request:
    """Parse on top of the settings that the run was started with, which must not change."""
    from egan.runs.folder import saved_config

    run = _brought_here(named)
    base = saved_config(run)
    if is_url(base.output):  # a file does not say where copies go
        base = replace(base, output=str(run.parent))
    request = _parse(given, source="", base=_harmless(base))
    if request.source:
        raise UserError(
            f"--resume {run} goes on with that run's own settings; leave out {request.source!r}."
        )
    _see_named(base, given, source=str(run / "config.yaml"))
    before, after = to_dict(base), to_dict(request.config)
    changed = [n for n in after if after[n] != before[n] and n not in (*WHERE_ONLY, *CADENCE)]
    changed = [text for name in changed for text in _differences(name, before[name], after[name])]
    changed = [text for text in changed if not text.startswith(MAY_CHANGE)]
    if changed:
        raise UserError(
            f"--resume {run} must keep what the result depends on, but changed: "
            f"{'; '.join(changed)}. Leave it out, or start a new run: {PROG} "
            f"{run / 'config.yaml'} ..."
        )
    if is_url(request.config.output):
        raise UserError(f"--resume {named} goes on where the run is; leave out --output.")
    request = _checked(request, base)
    leave(run.resolve())
    if is_url(named):
        request = replace(request, config=replace(request.config, output=split(named)[0]))
    return replace(request, resume=run)


def on_top_of(base: RunConfig, words: Sequence[str], *, source: str) -> RunConfig:
    """Return settings with those changed that flags name, checked.

    Args:
        base: The settings.
        words: Flags of `python -m egan.run`.
        source: The file that the settings are from.

    Raises:
        UserError: A setting is wrong, has no effect, or is the file's and must be named.
        SystemExit: As `parse` does.
    """
    request = _parse(words, source="", base=_harmless(base))
    if request.source:
        raise UserError(f"{request.source!r} is no flag; a setting is --name value.")
    _see_named(base, words, source=source)
    return _checked(request, base).config


def differences(before: RunConfig, after: RunConfig) -> list[str]:
    """Return the flags in which settings differ, with their values then and now."""
    then, now = to_dict(before), to_dict(after)
    changed = [name for name in now if now[name] != then[name]]
    return [text for name in changed for text in _differences(name, then[name], now[name])]


def leave(run: Path) -> None:
    """Go out of the folder of the run, so that no module is ever imported from there.

    Python looks for modules in the current folder; workers on this machine begin there too.
    """
    sys.path[:] = [path for path in sys.path if not Path(path).resolve().is_relative_to(run)]
    if Path.cwd().is_relative_to(run):
        os.chdir(run.parent)


def _differences(name: str, before: object, after: object) -> list[str]:
    """Return the flags that differ, with their values then and now."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = {**before, **after}
        pairs = [(f"{name}.{key}", before.get(key), after.get(key)) for key in keys]
        return [text for pair in pairs if pair[1] != pair[2] for text in _differences(*pair)]
    spelt = name.replace("search.strategy", "search").replace("_", "-")
    spelt = spelt.replace("search.options.", "search.search.")
    spelt = spelt.removeprefix("search.").removeprefix("settings.")
    return [f"--{spelt} was {before}, now {after}"]
