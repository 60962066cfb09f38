"""What a run is, for its report: written into its folder when it begins, and again at its end."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from egan import collection
from egan.judging.classifier import one_thread
from egan.reporting.about import About

if TYPE_CHECKING:
    from egan.runs.plan import Plan
    from egan.runs.preparation import Prepared
    from egan.tasks import Draw, Task


def about(plan: Plan, prepared: Prepared, *, with_baselines: bool = False) -> About:
    """Return what a report says of a run, and what its measures are worth where that is asked.

    Baselines are judged as samples are, which takes about as long as a look.
    """
    showcase = prepared.showcase
    return About(
        kind=plan.kind,
        model=plan.model,
        title=f"{prepared.model_type.__name__}: {collection.MODELS[plan.model].paper}",
        unit=plan.unit,
        interval=plan.interval,
        step=plan.step,
        leading=list(prepared.task.leading),
        baselines=baselines(prepared.task) if with_baselines else {},
        caveat=prepared.task.features.caveat,
        captions={name: caption(draw) for name, draw in showcase.model.pictures().items()},
    )


def baselines(task: Task) -> Mapping[str, Mapping[str, float]]:
    """Return what the task's measures are worth, the same numbers in every run on the same data."""
    with one_thread():
        return {name: dict(scores) for name, scores in task.baselines().items()}


def caption(draw: Draw) -> str:
    """Return the first sentence of what draws a picture: "Draw a row ..." tells of a row."""
    function: Any = getattr(draw, "func", draw)
    words = (inspect.getdoc(function) or "").split("\n\n")[0].replace("\n", " ")
    words = words.removeprefix("Draw ").rstrip(".")
    return words[:1].upper() + words[1:]
