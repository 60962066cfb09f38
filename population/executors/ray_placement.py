"""Which worker makes which children: with their parent or siblings, or whoever comes free."""

import itertools
from collections import deque
from collections.abc import Iterable, Sequence

from population.executors.executor import Job

Batch = tuple[int, list[Job]]
"""Children for the worker in a slot."""


def families(jobs: Iterable[Job]) -> list[list[Job]]:
    """Return runs of siblings that are trained alike, so that making them can share work."""
    alike = itertools.groupby(
        jobs, key=lambda job: (id(job.parent), job.birth.train, dict(job.birth.hyperparameters))
    )
    return [list(family) for _, family in alike]


def deal_families(queue: deque[Job], places: Sequence[int], *, size: int) -> list[Batch]:
    """Take ``size`` whole families per worker out of the queue, in order."""
    whole = iter(families(queue))
    queue.clear()
    batches = []
    for place in places:
        jobs = [job for family in itertools.islice(whole, size) for job in family]
        if jobs:
            batches.append((place, jobs))
    queue.extend(job for family in whole for job in family)
    return batches


def deal(queue: deque[Job], places: Sequence[int], *, size: int, slack: int) -> list[Batch]:
    """Take at most ``size`` children per worker out of the queue, and say who makes which.

    A worker gets the children of parents that live with it, up to ``slack`` more than its share,
    since states that stay need not be handed over. What remains fills up the others.
    """
    homes = [getattr(job.parent, "home", None) for job in queue]
    chosen: dict[int, list[int]] = {}
    for place in places:
        own = [i for i, home in enumerate(homes) if home == place]
        chosen[place] = own if len(own) <= size + slack else own[:size]
    spoken_for = {i for own in chosen.values() for i in own}
    others = iter([i for i in range(len(homes)) if i not in spoken_for])
    for own in chosen.values():
        own.extend(itertools.islice(others, max(0, size - len(own))))
    jobs = list(queue)
    queue.clear()
    queue.extend(jobs[i] for i in others)
    return [(place, [jobs[i] for i in sorted(own)]) for place, own in chosen.items() if own]
