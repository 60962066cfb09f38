"""How a search may end without a result, and which exceptions are to end it."""

import signal
import traceback
from types import CodeType


class NothingSurvivesError(ValueError):
    """No child is usable, so that there is nothing to go on with."""

    @classmethod
    def after(cls, what: str, error: str) -> "NothingSurvivesError":
        """Return it with the error that a child raised, or with advice where none did."""
        advice = "Lower the learning rates or widen the search space."
        return cls(f"{what}. " + (f"The last error was:\n{error}" if error else advice))


def is_for_the_process(error: BaseException) -> bool:
    """Return whether an exception was not raised by the code that it came through.

    So is Ctrl-C, and what ends the process from a handler of a signal, such as ``sys.exit()`` at
    SIGTERM: Python runs handlers wherever the process happens to be.
    """
    if isinstance(error, Exception):
        return False
    if isinstance(error, KeyboardInterrupt):
        return True
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    return not _codes_of_handlers().isdisjoint(frame.f_code for frame in frames)


def _codes_of_handlers() -> set[CodeType]:
    handlers = map(signal.getsignal, signal.valid_signals())
    codes = (getattr(handler, "__code__", None) for handler in handlers)
    return {code for code in codes if code is not None}
