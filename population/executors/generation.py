"""The children of one generation: those that are asked for, and those that these are crossed to."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from population.executors.executor import Executor, Handle, Job
from population.member import Birth
from population.seeding import Seeds
from population.strategy import Child, Individual, Offspring, Strategy
from population.worker import Genesis, Report


def make_generation(
    executor: Executor,
    strategy: Strategy,
    population: Sequence[Individual],
    offspring: Sequence[Offspring],
    seeds: Seeds,
) -> tuple[list[Report], Sequence[Child]]:
    """Have a generation's offspring made, and then what the strategy crosses of them.

    Args:
        executor: Where.
        strategy: What crosses.
        population: The parents.
        offspring: What was asked for.
        seeds: The random streams of the generation.

    Returns:
        What the driver heard of each, and the children as they count.
    """
    parents = [
        Genesis(p.index, p.hyperparameters) if p.state is None else p.state for p in population
    ]
    reports = executor.make(jobs_of(offspring, parents, seeds))
    children = children_of(offspring, reports)
    settled = strategy.settle(children)
    crossed = strategy.cross(settled)
    if not crossed:
        return reports, settled
    both = {place for one in crossed for place in (one.parent, one.partner)}
    places = sorted(place for place in both if place is not None)
    lent = dict(zip(places, executor.lend(places), strict=True))
    further = executor.make(jobs_of(crossed, lent, seeds, first=len(children)), further=True)
    children = [*children, *children_of(crossed, further)]
    return [*reports, *further], strategy.settle(children)


def jobs_of(
    offspring: Sequence[Offspring],
    parents: Mapping[int, Handle] | Sequence[Handle | Genesis],
    seeds: Seeds,
    *,
    first: int = 0,
) -> list[Job]:
    """Return the jobs that make offspring.

    Args:
        offspring: What was asked for.
        parents: Handles by place.
        seeds: The random streams of the generation.
        first: The first one's index.
    """
    return [
        Job(
            index=i,
            parent=parents[asked.parent],
            birth=Birth(
                seeds=replace(seeds, child=i),
                operator=asked.operator,
                hyperparameters=asked.hyperparameters,
                train=asked.train,
            ),
            partner=None if asked.partner is None else parents[asked.partner],
        )
        for i, asked in enumerate(offspring, start=first)
    ]


def children_of(offspring: Sequence[Offspring], reports: Sequence[Report]) -> list[Child]:
    """Return what became of a generation's offspring, for the strategy and the history."""
    return [
        Child(
            offspring=asked,
            index=report.index,
            scores=report.scores,
            seconds=report.seconds,
            error=report.error,
        )
        for asked, report in zip(offspring, reports, strict=True)
    ]
