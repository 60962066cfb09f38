"""Compare E-GAN with its parts at equal compute: is it selection that pays, or mere mixing?

Examples:
  python -m egan.compare gaussians25 --seeds 5
  python -m egan.compare digits --seeds 5 --generations 2000 --methods egan heuristic niches-4
  python -m egan.compare dcgan --evolve minimax,heuristic,least_squares --generations 1000
  python -m egan.compare runs/00003-digits/config.yaml --cpu-seconds 60 --output comparison
  python -m egan.compare benchmarks/fragile.yaml

A method is one of those below, or the name of a mutation: a plain GAN with that objective alone.
What else is changed follows after plus signs: least_squares+wide-2, niches-4+narrow,
random+rates-0.5. By default egan, its mutations one by one, and random.

Every method runs in this process, on one torch thread, until it has had both the preset's
generations and the CPU time that E-GAN took for the same seed, and is judged at both points.
Each is set beside the best single generator: the median difference, seed by seed, with its 95%
interval. A file of settings may say in a section `comparison` which seeds and methods there are,
and in its marks what decides; marks cannot be changed once results are there.

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
    from egan.comparison.protocol import Protocol
    from egan.comparison.study import Trial
    from egan.config import RunConfig


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line says."""

    preset: Annotated[str, tyro.conf.Positional]
    """A preset of E-GAN, a model that evolves, or a config.yaml."""

    evolve: Annotated[str | None, tyro.conf.arg(metavar="A,B,C")] = None
    """Mutations to evolve by; by default the preset's, where it has any."""

    seeds: int | None = None
    """How many seeds each method gets; by default what the file says, or 5."""

    first_seed: int = 0
    """The first seed; the others follow it."""

    generations: int | None = None
    """Generator steps to compare at; by default the preset's."""

    cpu_seconds: float | None = None
    """CPU time to compare at; by default what the file says, or E-GAN took for the seed."""

    methods: tuple[str, ...] = ()
    """Methods to compare; by default those of the file, or egan, its mutations, and random."""

    output: Path | None = None
    """Where results go; by default comparisons/PRESET."""

    jobs: int = 1
    """Processes; more than the machine has idle cores would spoil the CPU times."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 2 for input that cannot be used."""
    from egan.comparison.methods import described

    told = f"{__doc__}\nMethods and changes:\n{described()}"
    options = tyro.cli(Options, args=arguments, prog="python -m egan.compare", description=told)
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
    with told_to_user(ValueError):
        config = settings(options)
        protocol = protocol_for(options, config)
        trials = trials_of(options, config, protocol)
    name = named(options, config)
    directory = options.output or Path("comparisons") / name
    from egan.comparison.run import Comparison

    with told_to_user(ValueError, OSError):
        comparison = Comparison(config=config, directory=directory, protocol=protocol, name=name)
    comparison.run(trials, jobs=options.jobs)
    text = comparison.report([trial.method for trial in trials], [trial.seed for trial in trials])
    names = ("table.md", "table.csv", "comparison.png")
    return f"{text}\nwrote {', '.join(str(directory / name) for name in names)}"


def named(options: Options, config: RunConfig) -> str:
    """Return what a comparison is called: as its file, or as the run that would be started."""
    from egan.runs.plan import plan

    file = Path(options.preset)
    own = file.suffix in (".yaml", ".yml") and file.stem != "config"
    return file.stem if own else plan(config).name


def settings(options: Options) -> RunConfig:
    """Return the settings that all methods start from.

    Raises:
        ValueError: There is no such preset or file, or a setting is out of its range.
    """
    from egan.commandline.parse import starting_point
    from egan.comparison.protocol import SECTION
    from egan.config import SearchConfig
    from egan.config.checks import check_range
    from egan.runs.checks import checked

    check_range("jobs", options.jobs)
    check_range("seeds", options.seeds)
    start = starting_point(options.preset, beside=[SECTION])
    if start.reaching:
        raise ValueError(
            f"{options.preset} sets {' and '.join(start.reaching)}, which would run code or reach "
            "another machine that whoever wrote the file has chosen. Take it out."
        )
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


def protocol_for(options: Options, config: RunConfig) -> Protocol:
    """Return what is compared and what decides, as the file says; --cpu-seconds goes before it.

    Raises:
        ValueError: Something is out of its range, or a mark cannot be told.
    """
    from egan.comparison.methods import default_methods
    from egan.comparison.protocol import protocol_of

    found = protocol_of(options.preset)
    found = replace(found, methods=found.methods or default_methods(config))
    if options.cpu_seconds is not None:
        found = replace(found, cpu_seconds=options.cpu_seconds)
    found.check()
    return found


def trials_of(options: Options, config: RunConfig, protocol: Protocol) -> list[Trial]:
    """Return the runs seed by seed, E-GAN first, because its CPU time is the others' budget.

    Raises:
        ValueError: A method is unknown or does not fit the preset.
    """
    from egan.comparison.methods import EGAN, method_config
    from egan.comparison.study import Trial
    from egan.runs.checks import checked

    num_seeds = options.seeds or protocol.seeds
    methods = list(dict.fromkeys(options.methods or protocol.methods))
    methods.sort(key=lambda name: name != EGAN)
    for name in methods:
        checked(method_config(config, name, seed=config.seed))
    if EGAN not in methods and protocol.cpu_seconds is None:
        raise ValueError(
            f"--methods {' '.join(methods)}: equal CPU time means E-GAN's; add egan, or give the "
            "budget with --cpu-seconds."
        )
    return [
        Trial(
            method=method,
            seed=seed,
            generations=config.generations,
            cpu_seconds=protocol.cpu_seconds,
        )
        for seed in range(options.first_seed, options.first_seed + num_seeds)
        for method in methods
    ]


if __name__ == "__main__":
    sys.exit(main())
