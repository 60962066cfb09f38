"""What happens beside a run without influencing it: looks, progress, timing, Ctrl-C."""

from egan.runs.listeners.alarm import CollapseAlarm
from egan.runs.listeners.keeper import Keeper
from egan.runs.listeners.logbook import Logbook
from egan.runs.listeners.looker import Looker
from egan.runs.listeners.progress import ProgressBar
from egan.runs.listeners.reporter import Reporter
from egan.runs.listeners.stopper import Stopper
from egan.runs.listeners.timekeeper import Timekeeper
from egan.runs.listeners.tracking import Tracking

__all__ = [
    "CollapseAlarm",
    "Keeper",
    "Logbook",
    "Looker",
    "ProgressBar",
    "Reporter",
    "Stopper",
    "Timekeeper",
    "Tracking",
]
