"""What an evolved generation costs: in plain GAN steps, and beside the order of work of others.

In turns, in one process: a plain GAN step; a generation in the reference order of work (each child
its own forward pass, codes and real gradient, and a second-order graph that nobody uses); a
generation of ours without and with its shortcuts, engine and all. Beside it, another paper's game,
`dcgan --evolve`, and E-GAN with the networks of that game; and niches, generators that divide a
batch. Then the same generation by Ray.

  python benchmarks/generation_cost.py [--quick] [--save]
  python benchmarks/generation_cost.py --against ../before      this tree and another one, in turns

Passes count a generator's forward pass as g, a discriminator's as d, a backward pass as twice a
forward one; the floor is their ratio, timed on this machine. On one thread CPU time is taken,
else wall time.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from by_hand import ByHand
from cases import DCGAN, TOY, WARM_UP, Case, Stepwise, search_of
from games import measure_games, said_of_games
from matplotlib.figure import Figure
from measure import RESULTS, cell, mark, parser, ray_session, report, spread, table
from niche_cost import CASES as NICHE_CASES
from niche_cost import measure_niches, said_of_niches
from on_demand import against

from population import Callback, Executor, InlineExecutor, RayExecutor, Search
from population.records.profile import PHASES

PLAIN, REFERENCE, LOOP = "plain GAN step", "reference order", "ours, plain loop"
OURS, REUSING = "ours", "ours, gradient reused"
MARK_TREE = 1.03
SMALL_TOY = replace(TOY, width=64)
CASES = (
    SMALL_TOY,
    TOY,
    DCGAN,
    replace(DCGAN, width=128),
    replace(TOY, scored=256),
    replace(DCGAN, scored=256),
    replace(DCGAN, survivors=2),
    replace(DCGAN, survivors=4),
    replace(DCGAN, threads=os.cpu_count() or 1),
)


def floors(case: Case, g: float, d: float) -> dict[str, float]:
    """Return the floor of each way in plain GAN steps, from what a pass of each network costs."""
    mu, scale = case.survivors, case.scored / case.batch
    plain = 4 * g + 8 * d
    child = 3 * g + 2 * d
    reference = mu * 3 * (child + scale * (g + 6 * d)) + 6 * d
    family = g + d + 3 * (2 * g + d) + scale * 3 * (g + 3 * d)
    ours = mu * family + scale * 3 * d + 6 * d
    loop = mu * 3 * (child + scale * (g + 3 * d)) + scale * 3 * d + 6 * d
    passes = {PLAIN: plain, REFERENCE: reference, LOOP: loop, OURS: ours, REUSING: ours - 6 * d}
    return {name: number / plain for name, number in passes.items()}


class Turns(Callback):
    """Times a search's generations, and does other work between them, which it times too."""

    def __init__(self, others: dict[str, Callable[[], Any]], clock: Callable[[], float]) -> None:
        self.others, self.clock = others, clock
        self.times: dict[str, list[float]] = {name: [] for name in (OURS, *others)}
        self.left = 0.0

    def on_generation(self, search: Search, generation: Any) -> None:
        """Note the generation's time, then give each of the others its turn."""
        now = self.clock()
        if generation.number > WARM_UP:
            self.times[OURS].append(now - self.left)
        for name, work in self.others.items():
            started = self.clock()
            work()
            if generation.number > WARM_UP:
                self.times[name].append(self.clock() - started)
        if generation.number <= WARM_UP:
            search.profile.phases = dict.fromkeys(PHASES, 0.0)
        self.left = self.clock()


def measure_inline(case: Case, generations: int) -> dict[str, Any]:
    """Return seconds of every way in a case, and its floors."""
    dataset = case.dataset()
    torch.set_num_threads(case.threads)
    by_hand = ByHand(case.config(), dataset)
    clock = time.process_time if case.threads == 1 else time.perf_counter
    loop = Stepwise(search_of(case, dataset, InlineExecutor(), one_by_one=True))
    reusing = Stepwise(search_of(case, dataset, InlineExecutor(), reuse=True))
    work: dict[str, Callable[[], Any]] = {
        PLAIN: by_hand.plain,
        REFERENCE: by_hand.reference,
        LOOP: loop,
        REUSING: reusing,
    }
    turns = Turns(work, clock)
    search = search_of(case, dataset, InlineExecutor())
    search.callbacks.append(turns)
    search.run(WARM_UP + generations)
    for steps in (reusing, loop):
        steps.search.executor.close()
    phases = {name: total / generations for name, total in search.profile.phases.items()}
    floor = floors(case, *by_hand.forward_seconds())
    return {"seconds": turns.times, "floor": floor, "phases": phases}


def measure_ray(
    case: Case, generations: int, *, rounds: int, workers: Sequence[int]
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return wall seconds a generation: inline by the loop and by shortcuts, and Ray's workers.

    Beside it, what of each round's wall time was transfer.
    """
    ways: dict[str, tuple[Callable[[], Executor], bool]] = {
        LOOP: (InlineExecutor, True),
        OURS: (InlineExecutor, False),
        **{f"Ray, {n} workers": (partial(RayExecutor, n), False) for n in workers},
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    shares: dict[str, list[float]] = {name: [] for name in ways}
    dataset = case.dataset()
    for _ in range(rounds):
        for name, (executor, one_by_one) in ways.items():
            turns = Turns({}, time.perf_counter)
            search = search_of(case, dataset, executor(), one_by_one=one_by_one)
            search.callbacks.append(turns)
            search.run(WARM_UP + generations)
            times[name] += turns.times[OURS]
            shares[name].append(search.profile.phases["transfer"] / sum(turns.times[OURS]))
    return times, shares


def ratios(found: dict[str, Any]) -> dict[str, list[float]]:
    """Return each way's times over the plain step of the same turn's median."""
    plain = float(np.median(found["seconds"][PLAIN]))
    return {name: [t / plain for t in times] for name, times in found["seconds"].items()}


def said_of_cases(cases: Sequence[Case], found: Sequence[dict[str, Any]]) -> str:
    """Return the table of ratios with the floor beside each."""
    names = (REFERENCE, LOOP, OURS, REUSING)
    rows = []
    for case, one in zip(cases, found, strict=True):
        shown = ratios(one)
        plain = cell([1e3 * t for t in one["seconds"][PLAIN]])
        cells = [f"{cell(shown[name], '.2f')}, floor {one['floor'][name]:.2f}" for name in names]
        gain = np.median(one["seconds"][REFERENCE]) / np.median(one["seconds"][OURS])
        rows.append([case.title, plain, *cells, f"{gain:.2f}"])
    heads = ["networks", "plain GAN step, ms", *names, "reference / ours"]
    return "Generations in plain GAN steps (quartiles):\n\n" + table(heads, rows)


def said_of_phases(cases: Sequence[Case], found: Sequence[dict[str, Any]]) -> str:
    """Return the table of a generation's phases, and which marks are kept."""
    rows, marks = [], []
    for case, one in zip(cases, found, strict=True):
        whole = sum(one["phases"].values())
        cells = [f"{1e3 * s:.2f} ({s / whole:.1%})" for s in one["phases"].values()]
        rows.append([case.title, *cells])
        for phase, limit in (("bookkeeping", 0.03), ("transfer", 0.1)) if case == DCGAN else ():
            share = one["phases"][phase] / whole
            marks.append(mark(f"{case.title}, share of {phase}", share, limit, form=".3f"))
        if case == SMALL_TOY:
            milliseconds = 1e3 * one["phases"]["bookkeeping"]
            marks.append(mark(f"{case.title}, ms of bookkeeping", milliseconds, 1.0, form=".2f"))
    title = "Wall milliseconds of ours by phase, inline:"
    return "\n\n".join([title, table(["networks", *PHASES], rows), "\n".join(marks)])


def said_of_ray(case: Case, times: dict[str, list[float]], shares: dict[str, list[float]]) -> str:
    """Return the table of wall times by Ray."""
    loop, ours = (float(np.median(times[name])) for name in (LOOP, OURS))
    rows = []
    for name, found in times.items():
        median = float(np.median(found))
        wall = cell([1e3 * t for t in found])
        transfer = f"{float(np.median(shares[name])):.1%}"
        rows.append([name, wall, f"{median / loop:.2f}", f"{median / ours:.2f}", transfer])
    heads = ["way", "wall ms a generation (quartiles)", "to plain loop", "to shortcuts inline"]
    heads.append("transfer")
    fastest = min((name for name in times if "Ray" in name), key=lambda n: np.median(times[n]))
    best, share = float(np.median(times[fastest])), float(np.median(shares[fastest]))
    marks = [
        mark("Ray / plain loop inline", best / loop, 0.65, form=".2f"),
        mark("Ray / shortcuts inline", best / ours, 0.85, form=".2f"),
        mark(f"{fastest}, share of transfer", share, 0.1, form=".3f"),
    ]
    title = f"{case.title}, one thread a process:"
    return "\n\n".join([title, table(heads, rows), "\n".join(marks)])


def said_of_marks(found: dict[Case, dict[str, Any]]) -> str:
    """Return which marks are kept."""
    said = []
    if DCGAN in found:
        median = float(np.median(ratios(found[DCGAN])[OURS]))
        said.append(mark(f"{DCGAN.title} in plain GAN steps", median, 2.9, form=".2f"))
        median = float(np.median(ratios(found[DCGAN])[REUSING]))
        said.append(mark(f"{DCGAN.title}, gradient reused", median, 2.5, form=".2f"))
    wide = replace(DCGAN, scored=256)
    if wide in found:
        seconds = found[wide]["seconds"]
        gain = float(np.median(seconds[REFERENCE]) / np.median(seconds[OURS]))
        said.append(mark(f"{wide.title}, reference / ours", gain, 1.4, at_least=True, form=".2f"))
    many = replace(DCGAN, survivors=4)
    if many in found and DCGAN in found:
        four, one = (float(np.median(found[c]["seconds"][OURS])) for c in (many, DCGAN))
        said.append(mark("mu of 4 / mu of 1", four / one, 4.0, form=".2f"))
    return "\n".join(said)


def figure_of(cases: Sequence[Case], found: Sequence[dict[str, Any]]) -> Figure:
    """Draw bars of plain GAN steps, with each floor as a line."""
    figure = Figure(figsize=(9, 0.8 + 0.75 * len(cases)), layout="constrained")
    axes = figure.add_subplot()
    colours = {REFERENCE: "#b0b7bf", LOOP: "#7f93a8", OURS: "#b3261e", REUSING: "#e08a3c"}
    for row, one in enumerate(found):
        shown = ratios(one)
        for k, (name, colour) in enumerate(colours.items()):
            height = row + 0.2 * (k - 1.5)
            label = name if row == 0 else None
            axes.barh(height, float(np.median(shown[name])), 0.18, color=colour, label=label)
            axes.plot([one["floor"][name]] * 2, [height - 0.09, height + 0.09], color="black")
    axes.set_yticks(range(len(cases)), [case.title for case in cases])
    axes.invert_yaxis()
    axes.set_xlabel("plain GAN steps (black line: floor by passes)")
    axes.legend(loc="lower right")
    return figure


def main() -> None:
    """Measure every case in turns, then Ray."""
    options = parser(__doc__ or "")
    options.add_argument("--generations", type=int, default=20)
    options.add_argument("--rounds", type=int, default=3, help="of the ways with Ray")
    options.add_argument("--no-ray", action="store_true", help="leave out the ways with Ray")
    options.add_argument("--only-ray", action="store_true", help="the ways with Ray alone")
    options.add_argument("--only-games", action="store_true", help="the two games alone")
    options.add_argument("--only-niches", action="store_true", help="the niches alone")
    options.add_argument(
        "--against", type=Path, metavar="FOLDER", help="compare with another checkout, in turns"
    )
    given = options.parse_args()
    if given.against:
        try:
            compare_trees(given)
        except ValueError as error:
            options.error(f"--against: {error}")
        return
    cases: Sequence[Case] = CASES
    ray_case: Case = DCGAN
    workers: Sequence[int] = (1, 2, 3)
    if given.quick:
        cases = [replace(TOY, width=16), replace(DCGAN, width=4)]
        ray_case, workers, given.generations, given.rounds = cases[1], (2,), 3, 1
    game_case, niche_cases = ray_case, cases if given.quick else NICHE_CASES
    found = []
    cases = [] if given.only_ray or given.only_games or given.only_niches else cases
    for case in cases:
        found.append(measure_inline(case, given.generations))
        print(f"{case.title}: done", flush=True)
    parts = []
    if cases:
        parts = [said_of_cases(cases, found), said_of_marks(dict(zip(cases, found, strict=True)))]
        parts.append(said_of_phases(cases, found))
    values = {
        case.title: {name: spread(r) for name, r in ratios(one).items()}
        | {"floor": one["floor"], "phases": one["phases"]}
        for case, one in zip(cases, found, strict=True)
    }
    if not (given.only_ray or given.only_niches):
        games = measure_games(game_case, given.generations)
        parts.append(said_of_games(game_case, games))
        values["games"] = {name: spread(seconds) for name, seconds in games.items()}
    if not (given.only_ray or given.only_games):
        niches = [measure_niches(case, given.generations) for case in niche_cases]
        parts.append(said_of_niches(niche_cases, niches))
        values["niches"] = {
            f"{case.title}, batch {case.batch}": {k: spread(v) for k, v in times.items()}
            for case, times in zip(niche_cases, niches, strict=True)
        }
    if not (given.no_ray or given.only_games or given.only_niches):
        torch.set_num_threads(1)
        with ray_session(4):
            times, shares = measure_ray(
                ray_case, given.generations, rounds=given.rounds, workers=workers
            )
        parts.append(said_of_ray(ray_case, times, shares))
        values["Ray"] = {name: spread(found) for name, found in times.items()}
    names = {
        "generation_cost_ray": given.only_ray,
        "generation_cost_games": given.only_games,
        "generation_cost_niches": given.only_niches,
    }
    name = next((name for name, alone in names.items() if alone), "generation_cost")
    report(name, "\n\n".join(filter(None, parts)), values, save=given.save)
    if given.save and cases:
        figure_of(cases, found).savefig(RESULTS / "generation_cost.png", dpi=120)


def compare_trees(given: argparse.Namespace) -> None:
    """Measure this tree's generations of E-GAN and another's, in turns."""
    rounds, generations = (1, 1) if given.quick else (10 * given.rounds, given.generations)
    found = against(given.against, rounds=rounds, generations=generations)
    rows, marks = [], []
    for case, one in found.items():
        middle = float(np.median(one.ratios))
        seconds = [cell([1e3 * t for t in tree], ".2f") for tree in (one.here, one.there)]
        rows.append([case, *seconds, cell(one.ratios, ".3f"), "yes" if one.alike else "NO"])
        marks.append(mark(f"{case}, this tree / the other", middle, MARK_TREE, form=".3f"))
    heads = ["case", "this tree, CPU ms", "the other", "ratio, in pairs", "same children"]
    title = f"A generation, medians (quartiles) of {rounds} turns of {generations}:"
    text = "\n\n".join([title, table(heads, rows), "\n".join(marks)])
    values = {case: dataclasses.asdict(one) for case, one in found.items()}
    report("generation_cost_against", text, values, save=given.save)


if __name__ == "__main__":
    main()
