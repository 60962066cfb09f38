"""What memory there is: what does not fit is told of, rather than killed."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path

LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


class TooLargeError(ValueError):
    """What does not fit in memory."""


def free_bytes() -> int:
    """Return how much memory this process may still take."""
    free = [_available()]
    for path in LIMITS:
        with suppress(OSError, ValueError):
            free.append(int(Path(path).read_text(encoding="ascii")))
    return min(free)


def in_bytes(count: float) -> str:
    """Return so many bytes in words: "2.3 GiB"."""
    units = ("bytes", "KiB", "MiB", "GiB", "TiB")
    power = min(len(units) - 1, max(0, int(math.log2(max(count, 1)) // 10)))
    return f"{count / 1024**power:,.3g} {units[power]}"


def require(wanted: float, what: str, *, mend: str, free: int | None = None) -> None:
    """See that so many bytes fit.

    Args:
        wanted: How many.
        what: What takes them, in the plural.
        mend: What to do about it.
        free: How many there are; by default looked up.

    Raises:
        TooLargeError: They do not.
    """
    free = free_bytes() if free is None else free
    if wanted > free:
        raise TooLargeError(
            f"{what} take {wanted / 2**30:,.1f} GiB or more, but {free / 2**30:,.1f} GiB are free. "
            f"{mend}"
        )


def _available() -> int:
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return 1024 * int(next(one for one in lines if "MemAvailable" in one).split()[1])
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
