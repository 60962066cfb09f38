"""Ctrl-C: once for a clean stop with a checkpoint, twice to quit at once."""

from __future__ import annotations

import logging
import signal
from types import FrameType
from typing import TYPE_CHECKING, Any

from population import Callback

if TYPE_CHECKING:
    from population import Search

logger = logging.getLogger(__name__)

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopper(Callback):
    """Turns the first SIGINT or SIGTERM into `search.stop()`, the second into KeyboardInterrupt.

    Before the first generation is finished there is nothing to keep, so the first one counts.

    Attributes:
        received: The first signal that came, or None.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    @property
    def status(self) -> int:
        """The exit status of a run that was stopped: 128 and the signal's number."""
        return 128 + (self.received or signal.SIGINT)

    def on_start(self, search: Search, generations: int) -> None:  # noqa: ARG002 - the interface
        """Take the signals over; Ray, which has its own ideas, has started by now."""

        def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the interface
            again, self.received = self.received is not None, self.received or number
            if again or search.generation == 0:
                raise KeyboardInterrupt
            logger.info("finishing this generation; press Ctrl-C again to quit at once")
            search.stop()

        for number in SIGNALS:
            self._before[number] = signal.signal(number, handle)

    def on_end(self, search: Search) -> None:  # noqa: ARG002 - the interface
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        self._before = {}
