"""What an evolved generation costs: in plain GAN steps, and beside the order of work of others.

In turns, in one process: a plain GAN step; a generation in the reference order of work (each child
its own forward pass, codes and real gradient, and a second-order graph that nobody uses); a
generation of ours without and with its shortcuts, engine and all. Then the same generation by Ray.

  python benchmarks/generation_cost.py [--quick] [--save]

Passes count a generator's forward pass as g, a discriminator's as d, a backward pass as twice a
forward one; the floor is their ratio, timed on this machine. On one thread CPU time is taken,
else wall time.
"""

from __future__ import annotations

import copy
import dataclasses
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from measure import RESULTS, cell, mark, parser, ray_session, report, spread, table

import mutations
from egan.config import (
    DataConfig,
    DiscriminatorConfig,
    EvolutionConfig,
    FitnessConfig,
    GeneratorConfig,
    RunConfig,
)
from egan.data import load
from egan.data.dataset import Dataset
from egan.discriminator import Discriminator
from egan.experiment import build_search
from egan.generator import Generator, build_network, draw_codes, stream
from mutations.discriminator import fake_loss, real_loss
from population import Callback, Executor, InlineExecutor, Member, RayExecutor, Search

MUTATIONS = ("minimax", "heuristic", "least_squares")
PLAIN, REFERENCE, LOOP, OURS = "plain GAN step", "reference order", "ours, plain loop", "ours"
WARM_UP = 2
NUM_IMAGES = 512


@dataclass(frozen=True, kw_only=True)
class Case:
    """One thing to measure: networks, batches, survivors, threads."""

    network: str
    width: int
    batch: int = 32
    scored: int = 32
    survivors: int = 1
    threads: int = 1

    @property
    def title(self) -> str:
        """Return what a table calls it."""
        scored = "" if self.scored == self.batch else f", {self.scored} scored"
        survivors = "" if self.survivors == 1 else f", mu {self.survivors}"
        threads = "" if self.threads == 1 else f", {self.threads} threads"
        return f"{self.network} {self.width}{scored}{survivors}{threads}"

    def config(self) -> RunConfig:
        """Return a run's settings, without penalties."""
        points = self.network == "mlp"
        latent = 2 if points else 100
        net: dict[str, Any] = {"network": self.network, "width": self.width, "lr": 2e-4}
        return RunConfig(
            preset="generation-cost",
            data=DataConfig(name="gaussians8"),
            generator=GeneratorConfig(latent_dim=latent, **net),
            discriminator=DiscriminatorConfig(**net),
            evolution=EvolutionConfig(
                mutations=MUTATIONS, num_survivors=self.survivors, batch_size=self.batch
            ),
            fitness=FitnessConfig(num_samples=self.scored),
            executor="inline",
        )

    def dataset(self) -> Dataset:
        """Return 8 Gaussians, or images of noise, which cost what others cost."""
        if self.network == "mlp":
            return load("gaussians8")
        pixels = np.random.default_rng(0).integers(256, size=(NUM_IMAGES, 3, 32, 32))
        return Dataset(name="noise", samples=pixels.astype(np.uint8))


TOY, DCGAN = Case(network="mlp", width=512), Case(network="dcgan", width=64)
CASES = (
    TOY,
    DCGAN,
    replace(DCGAN, width=128),
    replace(TOY, scored=256),
    replace(DCGAN, scored=256),
    replace(DCGAN, survivors=2),
    replace(DCGAN, survivors=4),
    replace(DCGAN, threads=os.cpu_count() or 1),
)


class Others:
    """The same networks, trained by hand: a plain GAN step and the reference order of work."""

    def __init__(self, case: Case, dataset: Dataset) -> None:
        self.case, self.dataset, self.config = case, dataset, case.config()
        torch.manual_seed(0)
        self.generator = build_network(self.config, dataset.shape)
        self.home = Discriminator(config=self.config, dataset=dataset)
        self.discriminator = self.home.network
        adam = partial(torch.optim.Adam, lr=2e-4, betas=(0.5, 0.99), fused=True)
        self.generator_optimizer = adam(self.generator.parameters())
        self.discriminator_optimizer = adam(self.discriminator.parameters())
        state = (self.generator.state_dict(), self.generator_optimizer.state_dict())
        self.parents = [copy.deepcopy(state) for _ in range(case.survivors)]
        self.draws = 0

    def _codes(self, count: int) -> torch.Tensor:
        self.draws += 1
        return draw_codes("normal", count, self.config.generator.latent_dim, self.draws)

    def _real(self, count: int) -> torch.Tensor:
        self.draws += 1
        return self.dataset.draw(count, stream(self.draws))

    def _mutate(self, objective: str) -> None:
        self.discriminator.requires_grad_(False)
        logits = self.discriminator(self.generator(self._codes(self.case.batch)))
        self.generator_optimizer.zero_grad()
        torch.autograd.backward(mutations.get(objective).generator(logits, None))
        self.generator_optimizer.step()
        self.discriminator.requires_grad_(True)

    def _learn(self, fake: torch.Tensor) -> None:
        real = self._real(len(fake))
        loss = real_loss(self.discriminator(real)) + fake_loss(self.discriminator(fake))
        self.discriminator_optimizer.zero_grad()
        torch.autograd.backward(loss)
        self.discriminator_optimizer.step()

    def plain(self) -> None:
        """Move G once and D once, each on fakes of its own."""
        self._mutate("heuristic")
        with torch.no_grad():
            fake = self.generator(self._codes(self.case.batch))
        self._learn(fake)

    def reference(self) -> None:
        """Make, score and select children one by one, as if they had nothing in common."""
        children = []
        for parent in self.parents:
            for objective in MUTATIONS:
                weights, moments = copy.deepcopy(parent)
                self.generator.load_state_dict(weights)
                self.generator_optimizer.load_state_dict(moments)
                self._mutate(objective)
                fitness, fake = self._score()
                state = (self.generator.state_dict(), self.generator_optimizer.state_dict())
                children.append((fitness, copy.deepcopy(state), fake))
        best = sorted(children, key=lambda child: -child[0])[: self.case.survivors]
        self.parents = [state for _, state, _ in best]
        share = self.case.batch // self.case.survivors
        self._learn(torch.cat([fake[:share] for _, _, fake in best]))

    def _score(self) -> tuple[float, torch.Tensor]:
        with torch.no_grad():
            fake = self.generator(self._codes(self.case.scored))
        logits = self.discriminator(fake)
        loss = real_loss(self.discriminator(self._real(self.case.scored))) + fake_loss(logits)
        gradient = torch.autograd.grad(
            loss, list(self.discriminator.parameters()), create_graph=True
        )
        norm = torch.cat([part.detach().flatten() for part in gradient]).norm()
        return float(logits.detach().sigmoid().mean() - 0.01 * norm.log()), fake

    def passes(self) -> dict[str, float]:
        """Return the floor of each way in plain GAN steps, from the passes of each network."""
        g = _seconds(lambda: self.generator(self._codes(self.case.batch)))
        fake = self.generator(self._codes(self.case.batch)).detach()
        d = _seconds(lambda: self.discriminator(fake))
        mu, scale = self.case.survivors, self.case.scored / self.case.batch
        plain = 4 * g + 8 * d
        child = 3 * g + 2 * d
        reference = mu * 3 * (child + scale * (g + 6 * d)) + 6 * d
        family = g + d + 3 * (2 * g + d) + scale * 3 * (g + 3 * d)
        ours = mu * family + scale * 3 * d + 6 * d
        loop = mu * 3 * (child + scale * (g + 3 * d)) + scale * 3 * d + 6 * d
        return {
            PLAIN: 1.0,
            REFERENCE: reference / plain,
            LOOP: loop / plain,
            OURS: ours / plain,
        }


def _seconds(function: Callable[[], Any], count: int = 10) -> float:
    function()
    times = []
    with torch.no_grad():
        for _ in range(count):
            started = time.process_time()
            function()
            times.append(time.process_time() - started)
    return float(np.median(times))


class OneByOne(Generator):
    """Makes siblings without their shortcut."""

    reproduce = Member.reproduce


class Turns(Callback):
    """Times a search's generations, and does other work between them, which it times too."""

    def __init__(self, others: dict[str, Callable[[], Any]], clock: Callable[[], float]) -> None:
        self.others, self.clock = others, clock
        self.times: dict[str, list[float]] = {name: [] for name in (OURS, *others)}
        self.parts: list[dict[str, float]] = []
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
        self.parts.append(dict(search.seconds))
        self.left = self.clock()


def search_of(
    case: Case, dataset: Dataset, executor: Executor, *, one_by_one: bool = False
) -> Search:
    """Return the search that `python -m egan.run` would make of a case."""
    config = case.config()
    search = build_search(config, dataset)
    member = partial(OneByOne, config=config, shape=dataset.shape)
    changes: dict[str, Any] = {"torch_threads": case.threads}
    changes |= {"member": member} if one_by_one else {}
    search.workshop = dataclasses.replace(search.workshop, **changes)
    search.executor, search.checkpoint_every = executor, 10**9
    return search


class Stepwise:
    """A search that makes one generation whenever it is asked."""

    def __init__(self, search: Search) -> None:
        self.search = search
        search.executor.start(search.workshop)

    def __call__(self) -> None:
        """Make a generation."""
        self.search._generate()


def measure_inline(case: Case, generations: int) -> dict[str, Any]:
    """Return seconds of every way in a case, and its floors."""
    dataset = case.dataset()
    torch.set_num_threads(case.threads)
    others = Others(case, dataset)
    clock = time.process_time if case.threads == 1 else time.perf_counter
    loop = Stepwise(search_of(case, dataset, InlineExecutor(), one_by_one=True))
    work = {PLAIN: others.plain, REFERENCE: others.reference, LOOP: loop}
    turns = Turns(work, clock)
    search = search_of(case, dataset, InlineExecutor())
    search.callbacks.append(turns)
    search.run(WARM_UP + generations)
    loop.search.executor.close()
    return {"seconds": turns.times, "floor": others.passes()}


def measure_ray(
    case: Case, generations: int, *, rounds: int, workers: Sequence[int]
) -> dict[str, list[float]]:
    """Return wall seconds a generation: inline by the loop and by shortcuts, and Ray's workers."""
    ways: dict[str, tuple[Callable[[], Executor], bool]] = {
        LOOP: (InlineExecutor, True),
        OURS: (InlineExecutor, False),
        **{f"Ray, {n} workers": (partial(RayExecutor, n), False) for n in workers},
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    dataset = case.dataset()
    for _ in range(rounds):
        for name, (executor, one_by_one) in ways.items():
            turns = Turns({}, time.perf_counter)
            search = search_of(case, dataset, executor(), one_by_one=one_by_one)
            search.callbacks.append(turns)
            search.run(WARM_UP + generations)
            times[name] += turns.times[OURS]
    return times


def ratios(found: dict[str, Any]) -> dict[str, list[float]]:
    """Return each way's times over the plain step of the same turn's median."""
    plain = float(np.median(found["seconds"][PLAIN]))
    return {name: [t / plain for t in times] for name, times in found["seconds"].items()}


def said_of_cases(cases: Sequence[Case], found: Sequence[dict[str, Any]]) -> str:
    """Return the table of ratios with the floor beside each."""
    names = (REFERENCE, LOOP, OURS)
    rows = []
    for case, one in zip(cases, found, strict=True):
        shown = ratios(one)
        plain = cell([1e3 * t for t in one["seconds"][PLAIN]])
        cells = [f"{cell(shown[name], '.2f')}, floor {one['floor'][name]:.2f}" for name in names]
        gain = np.median(one["seconds"][REFERENCE]) / np.median(one["seconds"][OURS])
        rows.append([case.title, plain, *cells, f"{gain:.2f}"])
    heads = ["networks", "plain GAN step, ms", *names, "reference / ours"]
    return "Generations in plain GAN steps (quartiles):\n\n" + table(heads, rows)


def said_of_ray(case: Case, times: dict[str, list[float]]) -> str:
    """Return the table of wall times by Ray."""
    loop, ours = (float(np.median(times[name])) for name in (LOOP, OURS))
    rows = []
    for name, found in times.items():
        median = float(np.median(found))
        wall = cell([1e3 * t for t in found])
        rows.append([name, wall, f"{median / loop:.2f}", f"{median / ours:.2f}"])
    heads = ["way", "wall ms a generation (quartiles)", "to plain loop", "to shortcuts inline"]
    best = min(float(np.median(found)) for name, found in times.items() if "Ray" in name)
    marks = [
        mark("Ray / plain loop inline", best / loop, 0.65, form=".2f"),
        mark("Ray / shortcuts inline", best / ours, 0.85, form=".2f"),
    ]
    title = f"{case.title}, one thread a process:"
    return "\n\n".join([title, table(heads, rows), "\n".join(marks)])


def said_of_marks(found: dict[Case, dict[str, Any]]) -> str:
    """Return which marks are kept."""
    said = []
    if DCGAN in found:
        median = float(np.median(ratios(found[DCGAN])[OURS]))
        said.append(mark(f"{DCGAN.title} in plain GAN steps", median, 2.9, form=".2f"))
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
    colours = {REFERENCE: "#b0b7bf", LOOP: "#7f93a8", OURS: "#b3261e"}
    for row, one in enumerate(found):
        shown = ratios(one)
        for k, (name, colour) in enumerate(colours.items()):
            height = row + 0.26 * (k - 1)
            label = name if row == 0 else None
            axes.barh(height, float(np.median(shown[name])), 0.24, color=colour, label=label)
            axes.plot([one["floor"][name]] * 2, [height - 0.12, height + 0.12], color="black")
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
    given = options.parse_args()
    cases: Sequence[Case] = CASES
    ray_case, workers = DCGAN, (1, 2, 3)
    if given.quick:
        cases = [replace(TOY, width=16), replace(DCGAN, width=4)]
        ray_case, workers, given.generations, given.rounds = cases[1], (2,), 3, 1
    found = []
    for case in cases:
        found.append(measure_inline(case, given.generations))
        print(f"{case.title}: done", flush=True)
    parts = [said_of_cases(cases, found), said_of_marks(dict(zip(cases, found, strict=True)))]
    values = {
        case.title: {name: spread(r) for name, r in ratios(one).items()} | {"floor": one["floor"]}
        for case, one in zip(cases, found, strict=True)
    }
    if not given.no_ray:
        torch.set_num_threads(1)
        with ray_session(4):
            times = measure_ray(ray_case, given.generations, rounds=given.rounds, workers=workers)
        parts.append(said_of_ray(ray_case, times))
        values["Ray"] = {name: spread(found) for name, found in times.items()}
    report("generation_cost", "\n\n".join(filter(None, parts)), values, save=given.save)
    if given.save:
        figure_of(cases, found).savefig(RESULTS / "generation_cost.png", dpi=120)


if __name__ == "__main__":
    main()
