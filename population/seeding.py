"""Random streams keyed by (seed, generation, child), so that a child never depends on history.

Every stream comes from ``numpy.random.SeedSequence([seed, generation, child, purpose, part])``.
Which worker makes a child, after how many others, and how often it is tried again changes nothing.
"""

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from population.switches import Guard, all_switches

PURPOSES = {"build": 0, "step": 1, "evaluate": 2, "update": 3, "ask": 4, "initial": 5, "sample": 6}

SHARED = 2**32 - 1
"""The child index of the streams that all children of a generation share."""


@lru_cache(maxsize=256)
def stream_seed(seed: int, generation: int, child: int, purpose: str, part: int = 0) -> int:
    """Return the 63-bit seed of one stream."""
    sequence = np.random.SeedSequence([seed, generation, child, PURPOSES[purpose], part])
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))


def numpy_stream(
    seed: int, generation: int, purpose: str, *, child: int = SHARED
) -> np.random.Generator:
    """Return a numpy generator for a draw of the engine's own (a strategy's, say)."""
    return np.random.default_rng([seed, generation, child, PURPOSES[purpose]])


@dataclass(frozen=True, slots=True)
class Seeds:
    """Names the random streams of one child.

    Attributes:
        seed: The run's seed, at least 0.
        generation: The generation the child is born in; 0 is the random start.
        child: The child's index in its generation.
    """

    seed: int
    generation: int
    child: int

    def own(self, purpose: str, part: int = 0) -> int:
        """Return the seed of a stream that no other child has; ``part`` numbers further ones."""
        return stream_seed(self.seed, self.generation, self.child, purpose, part)

    def shared(self, purpose: str, part: int = 0) -> int:
        """Return the seed of a stream that all children of the generation share."""
        return stream_seed(self.seed, self.generation, SHARED, purpose, part)


def seed_everything(value: int) -> None:
    """Seed torch (where it is loaded), numpy and ``random`` in this process."""
    random.seed(value)
    np.random.seed(value % 2**32)  # noqa: NPY002 - members may use the global generator
    if (torch := sys.modules.get("torch")) is not None:
        _torch_seeder(torch)(value)


@lru_cache(maxsize=1)
def _torch_seeder(torch: Any) -> Callable[[int], Any]:
    """Return what seeds torch: without an accelerator, its one generator on the CPU.

    ``torch.manual_seed`` gives the same bits, but formats a traceback for each accelerator.
    """
    if torch.accelerator.is_available():
        return torch.manual_seed  # type: ignore[no-any-return]
    return torch.default_generator.manual_seed  # type: ignore[no-any-return]


def pin_arithmetic(count: int) -> Any:
    """Let torch and numpy's linear algebra use ``count`` threads; sums depend on it.

    On a GPU they depend on the order of its threads, too: cuDNN is told to take convolutions that
    give the same bits each time, and not to choose them by a race.

    Returns what restores linear algebra's threads, by ``restore_original_limits()``.
    """
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(count)
    if torch.cuda.is_available():
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
    return threadpool_limits(limits=count, user_api="blas")


@contextmanager
def preserved_randomness() -> Iterator[None]:
    """Give the caller's global random states and switches back afterwards."""
    import torch

    states = random.getstate(), np.random.get_state(), torch.random.get_rng_state()  # noqa: NPY002
    guard = Guard(all_switches())
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        torch.random.set_rng_state(states[2])
        guard.put_back()
