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

EVOLVED = (
    "Fitness is quality{diversity}. Quality is how far the discriminator is fooled: its mean "
    "probability that a child's samples are real. It learns all the time, so fitness says which "
    "child of a generation is the best, not how good samples are: the scores below do."
)
DIVERSITY = {
    "gradient": " plus {weight:g} times diversity, minus the logarithm of how steep the "
    "discriminator is there",
    "pairwise": " plus {weight:g} times diversity, the mean distance between two samples",
    "none": "",
}


def about(plan: Plan, prepared: Prepared, *, ended: int = -1) -> About:
    """Return what a report says of a run, and at its end what its measures are worth.

    Baselines are judged as samples are, which takes about as long as a look.

    Args:
        plan: How the run is carried out.
        prepared: Its data, task and model.
        ended: The generation, or round, that it has come to; -1 where it goes on.
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
        baselines=baselines(prepared.task) if ended >= 0 else {},
        fitness=meaning(plan, prepared),
        totals=prepared.task.data.totals,
        length=plan.length,
        ended=ended,
        caveat=prepared.task.features.caveat,
        captions={name: caption(draw) for name, draw in showcase.model.pictures().items()},
    )


def baselines(task: Task) -> Mapping[str, Mapping[str, float]]:
    """Return what the task's measures are worth, the same numbers in every run on the same data."""
    with one_thread():
        return {name: dict(scores) for name, scores in task.baselines().items()}


def meaning(plan: Plan, prepared: Prepared) -> str:
    """Return what the fitness of a run's members is, in a sentence."""
    if plan.kind == "niches":
        return ""
    if plan.kind == "evolve":
        evolution = plan.config.evolution
        diversity = DIVERSITY[evolution.scored_by].format(weight=evolution.diversity_weight)
        return EVOLVED.format(diversity=diversity)
    return f"Fitness is {prepared.showcase.model.meaning}. Higher is better."


def caption(draw: Draw) -> str:
    """Return the first sentence of what draws a picture: "Draw a row ..." tells of a row."""
    function: Any = getattr(draw, "func", draw)
    words = (inspect.getdoc(function) or "").split("\n\n")[0].replace("\n", " ")
    words = words.removeprefix("Draw ").rstrip(".")
    return words[:1].upper() + words[1:]
