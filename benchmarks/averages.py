"""What do averages of several decays give, and the best of all looks, beside the one average?

A generator is averaged with each decay in `DECAYS` at once, which costs a pass over its weights for
each. At every look all of them, and the weights themselves, are scored by MMD² on one part of the
held-out data; another part, or for mixtures the known modes, reports. Beside the average that the
preset has, at the end: the decay that suits best at the end, and the best of all looks.

Kept before the first run: the best of all looks is nearer than the preset's average in the median,
its 95% interval (bootstrapped over seeds) above 0, on both.

Izmailov et al. 2018, 1803.05407; Yazıcı et al. 2018, 1806.04498.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from measure import cell, mark, parser, report, table

import fitness
from egan.collection.egan.model import Egan
from egan.commandline.parse import starting_point
from egan.comparison.methods import method_config
from egan.comparison.paired import Pair
from egan.comparison.protocol import SECTION
from egan.evolution.whole import evolution_search, parts_of
from egan.judging.measures import measure
from egan.runs.checks import checked
from egan.runs.plan import plan
from egan.runs.preparation import prepare
from egan.training.averaging import ExponentialAveraging
from egan.training.model import stream
from population import Callback

DECAYS = (0.9, 0.99, 0.999, 0.9997)
LOOKS = 12
CODES = 11_093
OWN = "average"
WEIGHTS = "generator"


class Study(NamedTuple):
    """A setting: where it is from, how long it trains, and what reports."""

    name: str
    method: str
    generations: int
    reports: str


STUDIES = (
    Study("digits", "random", 3000, "frechet"),
    Study("fragile.yaml", "least_squares", 2400, "high_quality"),
)


class Averaged(Egan):
    """E-GAN's networks, the generator with an average of each decay."""

    def averages(self) -> dict[str, Any]:
        """Return its own average and the others."""
        others = {f"decay {d:g}": (WEIGHTS, ExponentialAveraging(d)) for d in DECAYS}
        return {**super().averages(), **others}


class Looks(Callback):
    """Scores every candidate at every look.

    Attributes:
        chosen_by: By look and candidate, what it is chosen by, smaller is better.
        reported: By look and candidate, what is told of it.
        seconds: CPU seconds that looks took.
    """

    def __init__(self, study: Study, task: Any, game: Any, every: int) -> None:
        self.study, self.task, self.game, self.every = study, task, game, every
        self.chosen_by: list[dict[str, float]] = []
        self.reported: list[dict[str, float]] = []
        self.seconds = 0.0
        real = task.features.features(task.held_out.real(2000))
        self.choosers, self.reporters = real[::2], real[1::2]

    def on_generation(self, search: Any, generation: Any) -> None:
        """Look, where it is time."""
        if generation.number % self.every:
            return
        started = time.process_time()
        game = self.game
        game.load_state_dict(search.state(0))
        with torch.no_grad():
            game.training(False)
            codes = game.codes(1000, stream(CODES))
            made = {name: game.made(codes, network=one) for name, one in self._candidates().items()}
        features = {name: self.task.features.features(one) for name, one in made.items()}
        kernel = self.task.data.kind.kernel
        self.chosen_by.append(
            {n: fitness.squared_mmd(f, self.choosers, kernel=kernel) for n, f in features.items()}
        )
        self.reported.append({name: self._report(made[name], f) for name, f in features.items()})
        self.seconds += time.process_time() - started

    def _candidates(self) -> dict[str, Any]:
        names = [WEIGHTS, OWN, *(f"decay {d:g}" for d in DECAYS)]
        return {n: getattr(self.game.networks[n], "module", self.game.networks[n]) for n in names}

    def _report(self, made: Any, features: Any) -> float:
        if self.study.reports == "frechet":
            return float(fitness.frechet_distance(features, self.reporters))
        mixture = self.task.data.mixture
        found = fitness.mode_coverage(
            made, mixture.centres, std=mixture.std, weights=mixture.weights
        )
        return float(getattr(found, self.study.reports))


def settings_of(study: Study, seed: int) -> Any:
    """Return a study's settings, of one generator that nobody scores."""
    own = study.name.endswith(".yaml")
    name = str(Path(__file__).parent / study.name) if own else study.name
    return checked(method_config(starting_point(name, beside=[SECTION]), study.method, seed=seed))


def run(study: Study, seed: int, generations: int) -> Looks:
    """Train one generator, and look."""
    config = settings_of(study, seed)
    task = prepare(plan(config)).task
    parts = parts_of(config, Averaged, task)
    looks = Looks(study, task, parts.build({}, side="members"), generations // LOOKS)
    search = evolution_search(parts, seed=seed, callbacks=[looks], checkpoint_every=10**9)
    search.run(generations)
    return looks


def best(looks: list[dict[str, float]]) -> tuple[int, str]:
    """Return the look and the candidate of the least value."""
    finite = {(i, n): v for i, one in enumerate(looks) for n, v in one.items() if np.isfinite(v)}
    return min(finite, key=lambda key: finite[key])


def outcomes(looks: Looks) -> dict[str, float]:
    """Return what is reported of each way to choose."""
    last = looks.reported[-1]
    end = best(looks.chosen_by[-1:])[1]
    when, who = best(looks.chosen_by)
    own_when = best([{OWN: one[OWN]} for one in looks.chosen_by])[0]
    return {
        "the weights themselves, at the end": last[WEIGHTS],
        "the preset's average, at the end": last[OWN],
        "the best decay, at the end": last[end],
        "the preset's average, best of all looks": looks.reported[own_when][OWN],
        "the best decay of all looks": looks.reported[when][who],
    }


BASE, MARKED = "the preset's average, at the end", "the best decay of all looks"


def main() -> None:
    """Run all studies, and print what each way to choose gives."""
    given = parser(__doc__ or "").parse_args()
    torch.set_num_threads(1)
    seeds, texts, kept = range(2 if given.quick else 10), [], {}
    for study in STUDIES:
        generations = LOOKS * 2 if given.quick else study.generations
        started = time.process_time()
        found = [run(study, seed, generations) for seed in seeds]
        spent = time.process_time() - started
        by_way = {w: [outcomes(one)[w] for one in found] for w in outcomes(found[0])}
        of = measure(study.reports)
        rows = []
        for way, values in by_way.items():
            pair = Pair(of=of, ours=np.array(values), theirs=np.array(by_way[BASE]))
            low, high = pair.interval
            gained = f"{pair.median:+.3f} ({low:+.3f} to {high:+.3f})"
            rows.append([way, cell(values, ".3f"), gained])
            if way == MARKED:
                gain = -high if of.better == "lower" else low
                said = mark("The least gain", gain, 0.0, at_least=True, form=".3f")
        cost = sum(one.seconds for one in found) / spent
        texts.append(
            f"{study.name}, {study.method}, {generations:,} generations, {len(seeds)} seeds: "
            f"{of.label}, {LOOKS} looks, which took {cost:.0%} of the CPU time.\n\n"
            + table(["what is taken", "median (quartiles)", "difference to the preset's"], rows)
            + f"\n\n{said}"
        )
        kept[study.name] = by_way
    report("averages", "\n\n".join(texts), kept, save=given.save)


if __name__ == "__main__":
    main()
