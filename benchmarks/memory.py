"""Whether memory stays flat over many generations, and what siblings add to its peak.

Ten thousand generations of a toy E-GAN, in this process and by two Ray workers: private megabytes
after each fifth. Then, each in a process of its own, the peak of plain GAN training by hand and of
an E-GAN with three children of the same DCGAN.

  python benchmarks/memory.py [--generations 10000] [--quick] [--save]
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import torch
from by_hand import ByHand
from cases import DCGAN, MUTATIONS, TOY, Case, search_of
from measure import mark, parser, ray_session, report, table

from population import Callback, Executor, InlineExecutor, RayExecutor
from population.state import pack

MARK_GROWTH = 1.02
PARTS = 5
STEPS = 12
CHILDREN = len(MUTATIONS)


class Watch(Callback):
    """Private megabytes of this process and of Ray's actors, a few times on the way."""

    def __init__(self, generations: int) -> None:
        self.due = [generations * (i + 1) // PARTS for i in range(PARTS)]
        self.rows: list[dict[str, float]] = []

    def on_generation(self, search: Any, generation: Any) -> None:  # noqa: ARG002
        """Look, where it is due."""
        if generation.number in self.due:
            here = psutil.Process()
            row = {"driver": private_megabytes(here)}
            family = here.children(recursive=True)
            actors = [one for one in family if one.name().startswith("ray::")]
            row["actors"] = sum(private_megabytes(one) for one in actors)
            self.rows.append(row)


def private_megabytes(process: psutil.Process) -> float:
    """Return what a process has for itself; shared memory, Ray's store, is not counted."""
    memory = process.memory_full_info()
    return float(memory.uss) / 2**20


def flatness(case: Case, executor: Executor, generations: int) -> list[dict[str, float]]:
    """Return megabytes after each fifth of a run."""
    watch = Watch(generations)
    with tempfile.TemporaryDirectory() as folder:  # where the history goes, as a user's does
        search = search_of(case, case.dataset(), executor, directory=Path(folder))
        search.callbacks.append(watch)
        search.run(generations)
    return watch.rows


def peak(way: str, case: Case) -> dict[str, float]:
    """Return the peak megabytes of a way to train, with those of one member's state."""
    torch.set_num_threads(1)
    if way == "plain":
        by_hand = ByHand(case.config(), case.dataset())
        for _ in range(STEPS):
            by_hand.plain()
        state = {
            "network": by_hand.generator.state_dict(),
            "optimizer": by_hand.generator_optimizer.state_dict(),
        }
        size = pack(state).buffer.nbytes
    else:
        search = search_of(case, case.dataset(), InlineExecutor())
        size = pack(search.run(STEPS).best.state).buffer.nbytes
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"peak": kilobytes / 2**10, "state": size / 2**20}


def peaks(case: Case) -> dict[str, dict[str, float]]:
    """Measure each way in a process of its own."""
    found = {}
    for way in ("plain", "egan"):
        words = [sys.executable, __file__, "--way", way, "--width", str(case.width)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        found[way] = json.loads(done.stdout.splitlines()[-1])
    return found


def said_of_growth(found: Mapping[str, Sequence[dict[str, float]]], generations: int) -> list[str]:
    """Return a table of megabytes, and whether they stay flat from the second fifth on."""
    rows, marks = [], []
    for way, one in found.items():
        for who in ("driver", "actors"):
            megabytes = [row[who] for row in one]
            if max(megabytes) > 0:
                rows.append([way, who, *(f"{value:.0f}" for value in megabytes)])
                growth = megabytes[-1] / megabytes[1]
                name = f"{way}, {who}: last fifth / second"
                marks.append(mark(name, growth, MARK_GROWTH, form=".3f"))
    heads = [
        "way",
        "private megabytes",
        *(str(generations * (i + 1) // PARTS) for i in range(PARTS)),
    ]
    return [f"After so many generations of a toy:\n\n{table(heads, rows)}", "\n".join(marks)]


def said_of_peaks(case: Case, found: dict[str, dict[str, float]]) -> str:
    """Return by how much the peak grows, beside what the children are."""
    more = found["egan"]["peak"] - found["plain"]["peak"]
    children = CHILDREN * found["egan"]["state"]
    said = (
        f"{case.title}, {STEPS} steps: peak {found['plain']['peak']:.0f} MB by hand, "
        f"{found['egan']['peak']:.0f} MB with {CHILDREN} children, engine and all. The "
        f"children's weights, moments and averages are {children:.0f} MB."
    )
    name = "megabytes more / the children's"
    return f"{said}\n\n" + mark(name, more / children, 1.0, form=".2f")


def main() -> None:
    """Run long, then look at peaks."""
    options = parser(__doc__ or "")
    options.add_argument("--generations", type=int, default=10_000)
    options.add_argument("--way", choices=("plain", "egan"), help="measure one peak only")
    options.add_argument("--width", type=int, default=DCGAN.width, help="of the DCGAN")
    given = options.parse_args()
    if given.way:
        print(json.dumps(peak(given.way, replace(DCGAN, width=given.width))))
        return
    case = replace(TOY, width=16 if given.quick else 64)
    generations = 20 if given.quick else given.generations
    wide = replace(DCGAN, width=4) if given.quick else DCGAN
    torch.set_num_threads(1)
    found = {"inline": flatness(case, InlineExecutor(), generations)}
    with ray_session(3):
        found["Ray, 2 workers"] = flatness(case, RayExecutor(2), generations)
    highest = peaks(wide)
    text = "\n\n".join([*said_of_growth(found, generations), said_of_peaks(wide, highest)])
    report("memory", text, {"growth": found, "peaks": highest}, save=given.save)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
