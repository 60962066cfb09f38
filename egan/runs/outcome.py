"""What a run leaves behind: weights, lineage, pictures, report, and a few words on the terminal."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from egan.errors import PROG
from egan.files import atomic
from egan.reporting.about import read_about, write_about
from egan.runs.remote import is_url
from egan.runs.telling import about
from egan.weights_file import WEIGHTS

if TYPE_CHECKING:
    from PIL import Image

    from egan.config import RunConfig
    from egan.runs.folder import RunDirectory
    from egan.runs.plan import Plan
    from egan.runs.preparation import Prepared
    from population import Result

logger = logging.getLogger("egan")


def write_outcome(folder: RunDirectory, result: Result, *, plan: Plan, prepared: Prepared) -> bool:
    """Write weights, lineage, pictures, GIF and report; return whether all succeeded.

    A search adds the winner's schedule and pictures of hyperparameters and lineage. What cannot be
    written is logged; the run and its checkpoints are whole all the same.
    """
    showcase = prepared.showcase
    states = [one.state for one in result.population[: plan.num_shown]]
    hyperparameters = plan.varied(result.best.hyperparameters)
    showcase.load(plan.shown(states, result.environment), hyperparameters)
    trained = result.best.generation * plan.interval
    made = (
        ("schedule", lambda: _save_schedule(folder.path / "schedule.yaml", result)),
        ("figures", lambda: _save_figures(folder.path, result)),
    )
    steps: Sequence[tuple[str, Callable[[], Any]]] = (
        ("weights", lambda: showcase.save(folder.path / WEIGHTS, steps=trained)),
        ("lineage", lambda: _save_lineage(folder.path / "lineage.csv", result)),
        *(made if plan.kind == "search" else ()),
        *(
            (name, partial(_save_picture, folder.samples / f"{name}.png", draw))
            for name, draw in showcase.finals().items()
        ),
        ("account of the run", lambda: _save_about(folder.path, plan, prepared, result)),
        ("GIF", lambda: _save_gif(folder)),
        ("report", lambda: _save_report(folder.path)),
    )
    succeeded = [_attempt(name, step) for name, step in steps]
    return all(succeeded)


def _attempt(name: str, step: Callable[[], Any]) -> bool:
    try:
        step()
    except Exception as error:  # a drawing must not cost the run; log.txt has the traceback
        logger.error("the %s could not be written: %s", name, error, exc_info=True)
        return False
    return True


def _save_lineage(path: Path, result: Result) -> None:
    with atomic(path) as temporary:
        result.lineage.to_csv(temporary, index=False)


def _save_schedule(path: Path, result: Result) -> None:
    with atomic(path) as temporary:
        result.schedule().to_yaml(temporary)


def _save_figures(path: Path, result: Result) -> None:
    from egan.reporting.plots.style import save_figure

    save_figure(result.plot(unit="round"), path / "hyperparameters.png")
    save_figure(result.plot_lineage(unit="round"), path / "lineage.png")


def _save_picture(path: Path, draw: Callable[[], Image.Image]) -> None:
    from egan.reporting.pictures import save_atomically

    save_atomically(draw(), path)


def _save_about(path: Path, plan: Plan, prepared: Prepared, result: Result) -> None:
    ended = max(int(result.history["generation"].max()), 0) if len(result.history) else 0
    write_about(path, about(plan, prepared, ended=ended))


def _save_gif(folder: RunDirectory) -> None:
    """Write what was seen at the looks as one moving picture."""
    from egan.reporting.pictures import evolution_gif

    told = read_about(folder.path)
    pictures = sorted(path for path in folder.samples.glob("*.png") if path.stem.isdigit())
    captions = [told.when(int(path.stem)) for path in pictures]
    name = "evolution" if told.evolves else "training"
    evolution_gif(pictures, folder.samples / f"{name}.gif", captions=captions)


def _save_report(path: Path) -> None:
    from egan.reporting.report import write_report

    write_report(path)


def summary(path: Path, result: Result, *, plan: Plan) -> str:
    """Return the numbers of a finished run, and what to do with it next.

    Args:
        path: The run directory.
        result: The outcome of its search.
        plan: How it was carried out.
    """
    from egan.reporting.headline import headline
    from egan.reporting.plots.tables import read_table
    from egan.runs.folder import read_timing

    metrics, told = read_table(path / "metrics.csv"), read_about(path)
    lines = headline(result.history, metrics, {}, read_timing(path), about=told)
    width = max(len(name) for name, _ in lines)
    return "\n".join(
        [
            f"{path}:",
            *(f"  {name:<{width}}  {value}" for name, value in lines),
            "",
            f"Look at it   {path / 'report.html'}",
            *_more(path, result, plan),
            f"Compare      python -m egan.plot {shlex.quote(str(path))} ANOTHER_RUN",
        ]
    )


def _more(path: Path, result: Result, plan: Plan) -> list[str]:
    if result.interrupted:
        return []
    command = resume_command(path, plan.config)
    return [f"Go on        {command} --{plan.unit} {2 * result.best.generation}"]


def resume_command(path: Path, config: RunConfig) -> str:
    """Return the command that goes on with a run; it names what a file alone must not set."""
    run = f"{config.output.rstrip('/')}/{path.name}" if is_url(config.output) else str(path)
    named = {name: value for name, value in config.reaching.items() if name != "output"}
    again = (f"--{name} {shlex.quote(value)}" for name, value in named.items())
    return " ".join([f"{PROG} --resume {shlex.quote(run)}", *again])
