"""What happens beside a run without influencing it: looks, progress, timing, Ctrl-C."""

from egan.listeners.looker import Looker
from egan.listeners.progress import ProgressBar
from egan.listeners.stopper import Stopper
from egan.listeners.timekeeper import Timekeeper

__all__ = ["Looker", "ProgressBar", "Stopper", "Timekeeper"]
