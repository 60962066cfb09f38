"""The population on the terminal: a live table where somebody watches, lines elsewhere."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from population.callbacks.base import Callback, Generation, Latest
from population.callbacks.console import is_watched
from population.strategies.selection import ranking
from population.strategy import Child, Individual

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from population.search import Search

REFRESH_SECONDS = 0.1
"""How long a drawn table stays at least, so that cheap generations stay cheap."""


class ProgressTable(Callback):
    """Shows members, scores, hyperparameters, and who copied whom.

    On a terminal or in a notebook that is a table under a bar with the time left. Elsewhere, in a
    log file say, it is a line at the start, one every ``line_seconds``, and one at the end.

    Args:
        console: A ``rich`` console; by default one on standard error.
        rows: How many members the table shows, best first.
        line_seconds: Seconds between lines where there is no terminal; 0 for every generation.
        unit: What a generation is called.
        note: What to bear in mind of the scores.

    Raises:
        ValueError: ``rows`` is below 1.
    """

    def __init__(
        self,
        console: "Console | None" = None,
        *,
        rows: int = 16,
        line_seconds: float = 10.0,
        unit: str = "generation",
        note: str = "",
    ) -> None:
        if rows < 1:
            raise ValueError(f"rows={rows!r}: expected an integer of at least 1.")
        self.console = console
        self.rows = rows
        self.line_seconds = line_seconds
        self.unit = unit
        self.note = note
        self._live: Any = None

    def on_start(self, search: "Search", generations: int) -> None:
        """Begin where the run stands."""
        from rich.console import Console
        from rich.live import Live

        self.console = self.console or Console(stderr=True)
        self._first, self._total = search.generation, generations
        self._started = self._shown = time.monotonic()
        self._parents: Sequence[Individual] = search.population
        self._copied: list[str] = []
        self._latest = Latest()
        self._sources: dict[int, int] = {}
        self._children: list[Child] = []
        self._is_new = False
        if is_watched(self.console):
            self._live = Live(console=self.console, auto_refresh=False, transient=False)
            self._live.start()
        else:
            size = len(search.population)
            note = f"; {search.strategy.objective} {self.note}" if self.note else ""
            self._print(f"{self.unit} {search.generation}/{generations}, {size} members{note}")

    def on_generation(self, search: "Search", generation: Generation) -> None:
        """Show the generation if it is time to."""
        found = sources(search, self._parents, generation.children)
        self._copied += [f"{i} ← {source}" for i, source in found.items()]
        self._children = self._latest.update(search, generation)
        new = {child.index for child in generation.children}
        still = {child.index for child in self._children} - new
        self._sources = {i: s for i, s in self._sources.items() if i in still} | found
        self._parents = generation.population
        self._is_new = True
        wait = self.line_seconds if self._live is None else REFRESH_SECONDS
        if time.monotonic() - self._shown >= wait or search.generation == self._total:
            self._show(search)

    def on_end(self, search: "Search") -> None:
        """Show what was not shown yet, and leave the table on the screen."""
        if getattr(self, "_is_new", False):
            self._show(search)
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _show(self, search: "Search") -> None:
        if self._live is None:
            self._print(self._line(search))
        else:
            self._live.update(self._picture(search), refresh=True)
        self._copied, self._is_new = [], False
        self._shown = time.monotonic()

    def _print(self, text: str) -> None:
        assert self.console is not None
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _line(self, search: "Search") -> str:
        scores = [search.strategy.score(child.scores) for child in self._children]
        place = ranking(scores)[0]
        best = self._children[place]
        columns = search.strategy.columns(best.offspring.hyperparameters)
        known = {name: value for name, value in columns.items() if value is not None}
        settings = ", ".join(f"{name} {_shown(value)}" for name, value in known.items())
        failed = sum(bool(child.error) for child in self._children)
        parts = [
            f"{self.unit} {search.generation}/{self._total}",
            f"{search.strategy.objective} {_shown(scores[place])}",
            f"member {best.index}" + (f" ({settings})" if settings else ""),
            f"{len(self._copied)} copied" if self._copied else "",
            f"{failed} failed" if failed else "",
            self._left(search.generation),
        ]
        return " · ".join(part for part in parts if part)

    def _left(self, number: int) -> str:
        done = number - self._first
        seconds = (time.monotonic() - self._started) / max(1, done) * (self._total - number)
        return f"{duration(seconds)} left" if number < self._total else ""

    def _picture(self, search: "Search") -> Any:
        """Return the bar, the table, and a line about who copied whom."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        head = Table.grid(padding=(0, 2))
        bar = ProgressBar(total=self._total, completed=search.generation, width=28)
        words = f"{self.unit} {search.generation}/{self._total}"
        head.add_row(bar, Text(words), Text(self._left(search.generation), style="dim"))
        recent = ", ".join(self._copied[-8:])
        more = f" and {len(self._copied) - 8} more" if len(self._copied) > 8 else ""
        foot = Text(f"copied: {recent}{more}" if recent else "copied: nobody", style="dim")
        return Group(head, self._table(search), foot)

    def _table(self, search: "Search") -> "Table":
        from rich import box
        from rich.table import Table
        from rich.text import Text

        strategy = search.strategy
        children = self._children
        names = list(strategy.columns(children[0].offspring.hyperparameters))
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for name in ("member", strategy.objective, *names, "copied"):
            whole = name not in names  # on a narrow terminal, only long names are broken
            table.add_column(Text(name), justify="right", no_wrap=whole, overflow="fold")
        order = ranking([strategy.score(child.scores) for child in children])
        for place, i in enumerate(order[: self.rows]):
            child = children[i]
            score = "failed" if child.error else _shown(strategy.score(child.scores))
            values = strategy.columns(child.offspring.hyperparameters).values()
            source = str(self._sources.get(child.index, ""))
            settings = [_shown(value, digits=3) for value in values]
            cells = [str(child.index), score, *settings, source]
            style = "red" if child.error else "bold" if place == 0 else None
            table.add_row(*(Text(cell) for cell in cells), style=style)
        more = [f"and {len(order) - self.rows} more"] if len(order) > self.rows else []
        notes = [f"{strategy.objective} {self.note}"] if self.note else []
        table.caption = "; ".join(more + notes) or None
        return table


def sources(
    search: "Search", parents: Sequence[Individual], children: Sequence[Child]
) -> dict[int, int]:
    """Return whom each child that left its slot copied, as in `records.lineage.copies`."""
    children = [child for child in children if child.offspring.partner is None]
    shares = Counter(child.offspring.parent for child in children)
    if max(shares.values(), default=0) < 2 and not search.identity.get("asynchronous", False):
        return {}
    slots = {child.index: parents[child.offspring.parent].index for child in children}
    operators = {child.index: child.offspring.operator for child in children}
    return {i: slot for i, slot in slots.items() if slot != i and not operators[i]}


def duration(seconds: float) -> str:
    """Return seconds as a person would say them: 12 s, 3:20 min, 1:05 h."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{int(seconds // 60)}:{int(seconds % 60):02d} min"
    return f"{minutes // 60}:{minutes % 60:02d} h"


def _shown(value: Any, *, digits: int = 4) -> str:
    """Return a value in a few characters."""
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    return "" if value is None else str(value)
