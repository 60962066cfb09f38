"""What a run says: announcements and warnings, on the terminal and in `log.txt`."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import os
import warnings
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console

from egan.errors import UserError, printable
from population.records.plain_files import check_plain, without_links

LOGGERS = ("egan", "population")
EVERYTHING = 10**6
JOURNAL = "egan.journal"
"""The logger of what the terminal is shown in another form: progress, result and end of a run."""


class Terminal(logging.Handler):
    """Prints log messages on stderr, above a progress bar where there is one."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)

    def emit(self, record: logging.LogRecord) -> None:
        """Print a message; warnings say so. A traceback is for the file alone."""
        if record.name == JOURNAL:
            return
        prefix = "" if record.levelno < logging.WARNING else f"{record.levelname.lower()}: "
        self.console.print(printable(f"{prefix}{record.getMessage()}"), markup=False)


class LogFile(logging.FileHandler):
    """`log.txt`; a full disk costs lines of it, never the run. It follows no link."""

    def _open(self) -> TextIOWrapper:
        check_plain(Path(self.baseFilename), alone=True)
        descriptor = without_links(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        return os.fdopen(descriptor, "a", encoding=self.encoding)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Say nothing."""

    def close(self) -> None:
        """Close the file, whatever the disk says."""
        with contextlib.suppress(OSError):
            super().close()


class Talk:
    """Sends the messages of our packages, and Python's warnings, to terminal and file.

    What is said before there is a file is written to it as soon as there is one.
    """

    def __init__(self) -> None:
        self.terminal = Terminal()
        self._memory = logging.handlers.MemoryHandler(EVERYTHING, flushLevel=EVERYTHING)
        self._stack = contextlib.ExitStack()

    @property
    def console(self) -> Console:
        """The terminal."""
        return self.terminal.console

    def write_to(self, path: Path) -> None:
        """Begin, or go on with, a log file.

        Raises:
            NotPlainError: It is a link, or has another name elsewhere.
        """
        file = LogFile(path, encoding="utf-8")
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        self._memory.setTarget(file)
        self._memory.flush()
        self._memory.capacity = 1
        self._stack.callback(file.close)

    def note(self, text: str) -> None:
        """Write a message to the file alone."""
        logging.getLogger(JOURNAL).info("%s", text)

    def __enter__(self) -> Self:
        for name in LOGGERS:
            self._stack.enter_context(_heard(name, [self.terminal, self._memory]))
        self._stack.enter_context(_logged_warnings())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            told = isinstance(error, UserError | KeyboardInterrupt)
            logging.getLogger(JOURNAL).error(
                "ended: %s", error or type(error).__name__, exc_info=None if told else error
            )
        self._memory.flush()
        self._memory.close()
        self._stack.close()


@contextlib.contextmanager
def _heard(name: str, handlers: list[logging.Handler]) -> Iterator[None]:
    """Have a logger's messages handled, from INFO upwards, for a while."""
    logger = logging.getLogger(name)
    before = logger.level, logger.propagate
    logger.setLevel(logging.INFO)
    logger.propagate = False
    for handler in handlers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        logger.setLevel(before[0])
        logger.propagate = before[1]
        for handler in handlers:
            logger.removeHandler(handler)


@contextlib.contextmanager
def _logged_warnings() -> Iterator[None]:
    """Log Python's warnings by their text alone."""

    def show(message: Warning | str, _category: type[Warning], *_: Any, **__: Any) -> None:
        logging.getLogger("egan").warning("%s", message)

    with warnings.catch_warnings():
        warnings.showwarning = show  # type: ignore[assignment]
        yield
