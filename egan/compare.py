"""Compare E-GAN with its parts at equal compute: is it selection that pays, or mere mixing?

Examples:
  python -m egan.compare gaussians25 --seeds 5
  python -m egan.compare digits --seeds 5 --generations 2000 --methods egan heuristic random
  python -m egan.compare dcgan --evolve minimax,heuristic,least_squares --generations 1000
  python -m egan.compare runs/00003-digits/config.yaml --cpu-seconds 60 --output comparison

Methods: egan is the evolution as it is; each mutation's name is that objective alone, without
scoring; random draws a mutation at every step, without scoring; contest-10 holds E-GAN's contest
every 10th generation only, and lets the last winner's mutation work in between; bandit-10 is the
same, but a bandit that learns from the contests proposes the mutations in between (or any other
number for 10); niches-4 has four generators (or any other number) that divide the batch, share the
discriminator and are judged as one. By default egan, its mutations one by one, and random.

Every method runs in this process, on one torch thread, until it has had both the preset's
generations and the CPU time that E-GAN took for the same seed, and is judged at both points.
Results go to results.csv as they come; the same command goes on where it stopped. At the end
table.md, table.csv and comparison.png are written.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from egan.errors import UserError, told_to_user

if TYPE_CHECKING:
    from egan.comparison.study import Trial
    from egan.config import RunConfig


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line says."""

    preset: Annotated[str, tyro.conf.Positional]
    """A preset of E-GAN, a model that evolves, or a config.yaml."""

    evolve: Annotated[str | None, tyro.conf.arg(metavar="A,B,C")] = None
    """Mutations to evolve by; by default the preset's, where it has any."""

    seeds: int = 5
    """How many seeds each method gets."""

    first_seed: int = 0
    """The first seed; the others follow it."""

    generations: int | None = None
    """Generator steps to compare at; by default the preset's."""

    cpu_seconds: float | None = None
    """CPU time to compare at; by default what E-GAN took for the seed."""

    methods: tuple[str, ...] = ()
    """Methods to compare; by default egan, each of its mutations, and random."""

    output: Path | None = None
    """Where results go; by default comparisons/PRESET."""

    jobs: int = 1
    """Processes; more than the machine has idle cores would spoil the CPU times."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 2 for input that cannot be used."""
    options = tyro.cli(Options, args=arguments, prog="python -m egan.compare", description=__doc__)
    try:
        print(compare(options))
    except UserError as error:
        print(f"python -m egan.compare: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted; the same command goes on with the next run.", file=sys.stderr)
        return 130
    return 0


def compare(options: Options) -> str:
    """Run what is missing, write the tables and the figure, and return the tables.

    Raises:
        UserError: A setting is out of its range, data cannot be read, or the output holds another
            comparison.
    """
    from egan.runs.plan import plan

    with told_to_user(ValueError):
        config = settings(options)
        trials = trials_of(options, config)
    directory = options.output or Path("comparisons") / plan(config).name
    from egan.comparison.run import Comparison

    with told_to_user(ValueError, OSError):
        comparison = Comparison(config=config, directory=directory, cpu_seconds=options.cpu_seconds)
    comparison.run(trials, jobs=options.jobs)
    text = comparison.report([trial.method for trial in trials], [trial.seed for trial in trials])
    names = ("table.md", "table.csv", "comparison.png")
    return f"{text}\nwrote {', '.join(str(directory / name) for name in names)}"


def settings(options: Options) -> RunConfig:
    """Return the settings that all methods start from.

    Raises:
        ValueError: There is no such preset or file, or a setting is out of its range.
    """
    from egan.commandline.parse import starting_point
    from egan.config import SearchConfig
    from egan.runs.plan import checked

    for name, value in (("seeds", options.seeds), ("jobs", options.jobs)):
        if value < 1:
            raise ValueError(f"--{name} must be 1 or more, but got {value}.")
    if options.cpu_seconds is not None and not 0 < options.cpu_seconds < float("inf"):
        raise ValueError(f"--cpu-seconds must be a number above 0, but got {options.cpu_seconds}.")
    start = starting_point(options.preset)
    config = replace(
        start,
        seed=options.first_seed,
        evolve=start.evolve if options.evolve is None else options.evolve,
        generations=start.generations if options.generations is None else options.generations,
        search=SearchConfig(),
    )
    if not config.mutations:
        raise ValueError(
            f"{options.preset} is trained where nothing else is said; say what it is to evolve by, "
            "such as --evolve minimax,heuristic,least_squares."
        )
    return checked(config)


def trials_of(options: Options, config: RunConfig) -> list[Trial]:
    """Return the runs seed by seed, E-GAN first, because its CPU time is the others' budget.

    Raises:
        ValueError: A method is unknown or does not fit the preset.
    """
    from egan.comparison.study import EGAN, Trial, default_methods, method_config
    from egan.runs.plan import checked

    methods = list(dict.fromkeys(options.methods or default_methods(config)))
    methods.sort(key=lambda name: name != EGAN)
    for name in methods:
        checked(method_config(config, name, seed=config.seed))
    if EGAN not in methods and options.cpu_seconds is None:
        raise ValueError(
            f"--methods {' '.join(methods)}: equal CPU time means E-GAN's; add egan, or give the "
            "budget with --cpu-seconds."
        )
    return [
        Trial(
            method=method,
            seed=seed,
            generations=config.generations,
            cpu_seconds=options.cpu_seconds,
        )
        for seed in range(options.first_seed, options.first_seed + options.seeds)
        for method in methods
    ]


if __name__ == "__main__":
    sys.exit(main())
