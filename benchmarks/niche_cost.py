"""What a generation of niches costs: members that divide one batch, beside a single generator."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from by_hand import ByHand
from cases import DCGAN, TOY, WARM_UP, Case, Stepwise, search_of
from measure import cell, mark, table

from population import InlineExecutor

PLAIN, SINGLE = "plain GAN step", "one generator"
NUMBERS = (2, 4, 8)
MARKED = 4
MARK_NICHES = 1.2
SMALL_MLP = replace(TOY, width=128)
CASES = (SMALL_MLP, replace(SMALL_MLP, batch=128, scored=128), DCGAN)
"""The second one's batch is that of the preset `gaussians25`."""


def name_of(niches: int) -> str:
    """Return what a table calls so many of them."""
    return f"{niches} niches"


def measure_niches(case: Case, generations: int) -> dict[str, list[float]]:
    """Return CPU seconds of a plain GAN step, and of the engine's generations, in turns.

    They are of one generator, which is not scored either, and of niches.
    """
    torch.set_num_threads(1)
    dataset = case.dataset()
    ways: dict[str, Callable[[], Any]] = {PLAIN: ByHand(case.config(), dataset).plain}
    searches = []
    for name, number in {SINGLE: 1, **{name_of(n): n for n in NUMBERS}}.items():
        config = case.config()
        config = replace(config, evolution=replace(config.evolution, niches=number))
        searches.append(Stepwise(search_of(case, dataset, InlineExecutor(), config=config)))
        ways[name] = searches[-1]
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(WARM_UP + generations):
        for name, work in ways.items():
            started = time.process_time()
            work()
            if turn >= WARM_UP:
                times[name].append(time.process_time() - started)
    for steps in searches:
        steps.search.executor.close()
    return times


def said_of_niches(cases: Sequence[Case], found: Sequence[dict[str, list[float]]]) -> str:
    """Return the table of generations in plain GAN steps, and whether four keep the mark."""
    rows, marks = [], []
    for case, times in zip(cases, found, strict=True):
        plain = float(np.median(times[PLAIN]))
        shown = {name: [t / plain for t in of_one] for name, of_one in times.items()}
        cells = [cell(shares, ".2f") for name, shares in shown.items() if name != PLAIN]
        title = f"{case.network} {case.width}, batch {case.batch}"
        rows.append([title, cell([1e3 * t for t in times[PLAIN]], ".2f"), *cells])
        four = float(np.median(shown[name_of(MARKED)]))
        marks.append(mark(f"{title}, {name_of(MARKED)}", four, MARK_NICHES, form=".2f"))
    heads = ["networks", "plain GAN step, CPU ms", SINGLE, *map(name_of, NUMBERS)]
    title = "Generations of niches in plain GAN steps (quartiles), engine and all, inline:"
    return "\n\n".join([title, table(heads, rows), "\n".join(marks)])
