"""Settings that cannot take effect are refused, with the flag that would. Needs no torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from egan import collection, data
from egan.config import EvolutionConfig, RunConfig
from egan.config.sections import MASKS, PAIRS
from egan.config.settings import AUGMENTS, NO_AUGMENTATION
from egan.runs.plan import Plan

GYMNASIUM = "gymnasium"
EVOLVE = "--evolve minimax,heuristic,least_squares"


def refuse_idle(plan: Plan, before: RunConfig) -> None:
    """See that what was changed changes something.

    Args:
        plan: How the run is carried out.
        before: The settings that were started from: a preset's, a file's or a run's.

    Raises:
        ValueError: Something was changed that such a run does not read; the message says what to
            give instead.
    """
    for name, mend in _idle(plan):
        value = _value(plan.config, name)
        if value != _value(before, name):
            raise ValueError(f"{_flag(name, value)} cannot take effect: {mend}")


def _idle(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the settings that such a run does not read, each with what to give instead."""
    yield from _of_length(plan)
    yield from _of_evolution(plan)
    yield from _of_place(plan)
    yield from _of_augmentation(plan.config)
    yield from _of_data(plan.config)


def _of_length(plan: Plan) -> Iterator[tuple[str, str]]:
    config, model = plan.config, plan.model
    if plan.unit == "rounds":
        evolves = collection.MODELS[model].evolves and not config.mutations
        yield (
            "generations",
            f"this run of {model} is counted in rounds of --interval {plan.interval} {plan.step}. "
            f"Give --rounds {config.generations}"
            + (f", or evolve its generator: {EVOLVE}." if evolves else "."),
        )
    else:
        counted = f"an evolution of {model} is counted in generations. Give"
        yield "search.rounds", f"{counted} --generations {config.search.rounds}."
        yield "search.interval", f"{counted} --generations N, or a search: --search pbt."
    if plan.kind != "search":
        further, number = "", config.search.population
        if config.mutations:
            further = f", or have more survivors: --evolution.num-survivors {plan.num_children}"
            if config.evolution.niches:
                further = f", or have more niches: --evolution.niches {number}"
        yield (
            "search.population",
            f"only a search has members. Give --search pbt --population {number}{further}.",
        )


def _of_evolution(plan: Plan) -> Iterator[tuple[str, str]]:
    evolution = plan.config.evolution
    if not plan.config.mutations:
        evolves = collection.MODELS[plan.model].evolves
        mend = (
            f"nothing evolves here. Give {EVOLVE}." if evolves else f"{plan.model} never evolves."
        )
        yield from ((f"evolution.{f.name}", mend) for f in dataclasses.fields(EvolutionConfig))
        yield "arithmetic.vectorize", mend
        return
    if evolution.random_mutation:
        mend = "a mutation is drawn at random. Leave out --evolution.random-mutation."
        yield "evolution.contest_every", mend
    if evolution.niches:
        mend = "niches draw codes of their own. Leave it out."
        yield "evolution.fresh_codes", mend
        mend = "niches are not scored, and give the discriminator their shares of the batch. "
        mend += "Leave it out."
        names = ("diversity", "diversity_weight", "diversity_cap", "num_samples")
        yield from ((f"evolution.{name}", mend) for name in names)
        return
    yield "evolution.share_every", "one generator has the whole batch. Give --evolution.niches 4."
    yield "evolution.mixture", "one generator makes all samples. Give --evolution.niches 4."
    if evolution.diversity == "none":
        mend = "nothing is scored. Give --evolution.diversity gradient."
        yield from ((f"evolution.{name}", mend) for name in ("diversity_weight", "diversity_cap"))


def _of_place(plan: Plan) -> Iterator[tuple[str, str]]:
    if not plan.in_process:
        return
    inline = plan.config.executor == "inline"
    mend = "all is computed in this process. "
    mend += "Give --executor ray." if inline else "Give --workers 1 beside it."
    yield from ((name, mend) for name in ("workers", "address", "gpus_per_worker"))


def _of_augmentation(config: RunConfig) -> Iterator[tuple[str, str]]:
    kind = getattr(config.settings, "augment", None)
    if kind is None or "augment" in config.search.space:
        return
    if kind == NO_AUGMENTATION:
        mend = "the discriminator sees images as they are. Give --augment diffaugment, or ada."
        yield from ((f"settings.{name}", mend) for name in AUGMENTS[1:])
    elif kind != "ada":
        mend = "only ADA's probability adapts. Give --augment ada, or leave it out."
        yield from ((f"settings.{name}", mend) for name in ("ada_target", "ada_kimg"))


def _of_data(config: RunConfig) -> Iterator[tuple[str, str]]:
    name = config.data.name
    if name in data.BUILT_IN:
        files = ", ".join(one for one in data.NAMES if one not in data.BUILT_IN)
        yield "data.path", f"{name} is in the box. Give --data.name as one of {files}."
    if name in (PAIRS, MASKS):
        yield "data.path", f"{name} are read from two folders. Give both by --data.pairs A B."
    if name not in data.MAPPED:
        yield "data.store", f"{name} is held in memory; {', '.join(data.MAPPED)} may be mapped."
    if name in data.POINTS:
        yield "data.image_size", f"{name} holds points, which have no pixels. Leave it out."
        yield "data.channels", f"{name} holds points, which have no colours. Leave it out."
    if name in data.CONTROL:
        for setting in ("image_size", "channels"):
            yield f"data.{setting}", f"{name} holds trajectories, which have none. Leave it out."
    else:
        mend = f"{name} holds no trajectories. Give --data.name as one of "
        yield "data.trajectories", mend + ", ".join(data.CONTROL) + "."
    if name != GYMNASIUM:
        yield "data.environment", f"{name} names no simulator. Give --data.name {GYMNASIUM}."


def _value(config: RunConfig, name: str) -> Any:
    value: Any = config
    for part in name.split("."):
        value = getattr(value, part)
    return value


def _flag(name: str, value: Any) -> str:
    flag = name.removeprefix("search.").removeprefix("settings.").replace("_", "-")
    if isinstance(value, bool):
        section, _, last = flag.rpartition(".")
        return f"--{section}{'.' * bool(section)}{'' if value else 'no-'}{last}"
    return f"--{flag} {value}"
