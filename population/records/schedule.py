"""The hyperparameters that a member lived through: as data, as YAML, and replayed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from population.records.cells import encode
from population.records.lineage import hyperparameter_names
from population.spaces.domain import is_nan, without_numpy
from population.spaces.tree import flatten, unflatten
from population.strategy import CROSSOVER, KEEP

if TYPE_CHECKING:
    import pandas as pd

    from population.environment import Environment
    from population.member import Hyperparameters, Member
    from population.records.result import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Generations in a row that were trained alike.

    Attributes:
        from_generation: The first of them, counted from 1.
        to_generation: The last of them.
        hyperparameters: What they were trained with, nested.
        operator: Which mutation was applied; empty where there are none.
    """

    from_generation: int
    to_generation: int
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    operator: str = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How one training run has to change its hyperparameters to do what a member's line did.

    Generations count the training intervals that the member lived through, so one in which it was
    only scored again is left out, and so is a crossing, which a single run has no partner for.
    Equal ones in a row are one :class:`Phase`.

    Attributes:
        phases: What to train with, without gaps, from generation 1.
        objective: The score that ranked the member.

    Raises:
        ValueError: There are no phases, or they do not follow each other.
    """

    phases: tuple[Phase, ...]
    objective: str = "fitness"

    def __post_init__(self) -> None:
        if not self.phases:
            raise ValueError("phases=(): a schedule needs at least one phase.")
        expected = 1
        for phase in self.phases:
            first, last = phase.from_generation, phase.to_generation
            if first != expected or last < first:
                raise ValueError(
                    f"a phase from generation {first} to {last}, where one from {expected} on was "
                    "expected: phases start at 1 and follow each other without gaps."
                )
            expected = last + 1

    def __len__(self) -> int:
        """Return the number of generations."""
        return self.phases[-1].to_generation

    def at(self, generation: int) -> Phase:
        """Return the phase of a generation, counted from 1; after the end, the last one."""
        if generation < 1:
            raise ValueError(f"generation={generation!r}: expected an integer of at least 1.")
        reached = (phase for phase in self.phases if generation <= phase.to_generation)
        return next(reached, self.phases[-1])

    def frame(self) -> "pd.DataFrame":
        """Return a row per phase: from_generation, to_generation, operator, hyperparameters."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "from_generation": phase.from_generation,
                    "to_generation": phase.to_generation,
                    "operator": phase.operator,
                    **flatten(phase.hyperparameters),
                }
                for phase in self.phases
            ]
        )

    def _repr_html_(self) -> str:
        """Return what a notebook shows: a row per phase."""
        from population.plots.html import schedule_html

        return schedule_html(self)

    def to_yaml(self, path: str | Path) -> None:
        """Write the schedule; :meth:`from_yaml` reads the same values, type and all.

        A tuple is a sequence, and a list one with the tag ``!list``.
        """
        import yaml

        class Dumper(yaml.SafeDumper):
            """Writes what is a list as one, and tuples as what people write by hand."""

            def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - yaml's
                """Write out what comes twice, since aliases are not read."""
                return True

        Dumper.add_representer(List, lambda dumper, one: dumper.represent_sequence("!list", one))
        phases = [
            {
                "from_generation": phase.from_generation,
                "to_generation": phase.to_generation,
                **({"operator": phase.operator} if phase.operator else {}),
                "hyperparameters": _listed(phase.hyperparameters),
            }
            for phase in self.phases
        ]
        content = {"objective": self.objective, "phases": phases}
        text = yaml.dump(content, Dumper=Dumper, sort_keys=False)  # all escapes read back
        Path(path).write_text(text, encoding="utf-8")

    @classmethod
    def from_yaml(cls, path: str | Path) -> "Schedule":
        """Read a schedule that :meth:`to_yaml` wrote, or that you wrote by hand.

        Raises:
            ValueError: The file is no schedule; the message names it.
        """
        from population.records.plain_yaml import PlainLoader, read_yaml

        class Loader(PlainLoader):
            """Reads what is tagged as a list as one."""

        def construct(loader: Loader, node: Any) -> List:
            return List(loader.construct_sequence(node, deep=True))

        Loader.add_constructor("!list", construct)
        try:
            content = read_yaml(Path(path), Loader)
            phases = tuple(
                Phase(**{**entry, "hyperparameters": _tupled(entry["hyperparameters"])})
                for entry in content["phases"]
            )
            return cls(phases, objective=str(content.get("objective", "fitness")))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(
                f"{path} is no schedule ({type(error).__name__}: {error}). Expected a list "
                "'phases' of from_generation, to_generation and hyperparameters, as to_yaml() "
                "writes it."
            ) from error

    def replay(
        self,
        member: "Callable[[Hyperparameters], Member]",
        *,
        seed: int = 0,
        environment: "Callable[[], Environment] | None" = None,
        **options: Any,
    ) -> "Result":
        """Train one new member by the schedule, from a new random start.

        Args:
            member: Builds the member, as for :class:`population.Search`.
            seed: The seed of the new run.
            environment: Builds what the member lives in, where there is such a thing.
            options: Further settings of :class:`population.Search`: executor, directory, callbacks.

        Raises:
            ValueError: The member fails; the message holds the traceback.
        """
        from population.search import Search
        from population.strategies.follow_schedule import FollowSchedule

        strategy = FollowSchedule(self)
        search = Search(member, strategy, seed=seed, environment=environment, **options)
        return search.run(len(self))


def schedule_of(
    line: "pd.DataFrame",
    *,
    objective: str = "fitness",
) -> Schedule:
    """Return the schedule in the rows of a line of ancestors, oldest first.

    Args:
        line: Rows of a history, as :func:`population.records.lineage.ancestry` returns them.
        objective: The score that ranked the members.
    """
    trained = line[~line["operator"].isin([KEEP, CROSSOVER])]
    names = hyperparameter_names(line)
    rows = [
        (str(operator), existing(dict(zip(names, cells, strict=True))))
        for operator, *cells in zip(trained["operator"], *(trained[n] for n in names), strict=True)
    ]
    return Schedule(merged(rows), objective=objective)


def existing(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row's hyperparameters that exist, flat; a table holds NaN for the others."""
    return {name: value for name, value in values.items() if not is_nan(value)}


def merged(rows: Sequence[tuple[str, Mapping[str, Any]]]) -> tuple[Phase, ...]:
    """Return (operator, flat hyperparameters) of each generation, equal ones in a row as one."""
    spelled = [(name, {key: encode(one) for key, one in values.items()}) for name, values in rows]
    starts = [i for i, row in enumerate(spelled) if i == 0 or row != spelled[i - 1]]
    ends = [*starts[1:], len(rows)]
    return tuple(
        Phase(
            from_generation=start + 1,
            to_generation=end,
            hyperparameters=unflatten(rows[start][1]),
            operator=rows[start][0],
        )
        for start, end in zip(starts, ends, strict=True)
    )


class List(list[Any]):
    """A list among YAML's sequences, which stand for tuples."""


def _listed(value: Any) -> Any:
    """Return nested hyperparameters as YAML can hold them, see :meth:`Schedule.to_yaml`."""
    if isinstance(value, Mapping):
        return {name: _listed(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        kind = List if isinstance(value, list) else list
        return kind(_listed(entry) for entry in value)
    return without_numpy(value)


def _tupled(value: Any) -> Any:
    """Return nested hyperparameters as a search hands them out."""
    if isinstance(value, Mapping):
        return {name: _tupled(entry) for name, entry in value.items()}
    if isinstance(value, list):
        kind = list if isinstance(value, List) else tuple
        return kind(_tupled(entry) for entry in value)
    return value
