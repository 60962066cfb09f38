"""One member that trains by a given schedule of hyperparameters."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from population.records.schedule import Schedule
from population.spaces.tree import flatten
from population.strategy import MISSING, Child, Individual, Offspring, Strategy


class FollowSchedule(Strategy):
    """A population of one whose hyperparameters and operators follow a schedule.

    After the schedule's end its last phase goes on. A generation whose score is NaN is tried again
    from the state before it.

    Args:
        schedule: What to train with; from ``result.schedule()`` or ``Schedule.from_yaml(path)``.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.objective = schedule.objective
        self.round = 0

    def initial(self, rng: np.random.Generator) -> list[dict[str, Any]]:  # noqa: ARG002
        """Return the first phase's hyperparameters."""
        return [dict(self.schedule.at(1).hyperparameters)]

    def ask(
        self,
        population: Sequence[Individual],  # noqa: ARG002 - there is one member
        rng: np.random.Generator,  # noqa: ARG002 - nothing is drawn
    ) -> list[Offspring]:
        """Let the member train on with what its schedule says."""
        phase = self.schedule.at(self.round + 1)
        hyperparameters = dict(phase.hyperparameters)
        return [
            Offspring(parent=0, operator=phase.operator or None, hyperparameters=hyperparameters)
        ]

    def tell(self, children: Sequence[Child]) -> list[int]:
        """Go on from the child if it has a finite score."""
        if not np.isfinite(self.score(children[0].scores)):
            return []
        self.round += 1
        return [0]

    def columns(self, hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the hyperparameters under the names of all phases, MISSING where one is absent."""
        flat = flatten(hyperparameters)
        names = dict.fromkeys(
            name for phase in self.schedule.phases for name in flatten(phase.hyperparameters)
        )
        return {name: flat.get(name, MISSING) for name in names}

    def state_dict(self) -> dict[str, Any]:
        """Return the number of generations lived through."""
        return {"round": self.round}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state made by :meth:`state_dict`."""
        self.round = int(state["round"])

    def describe(self) -> dict[str, Any]:
        """Return the settings that a resumed run must share."""
        phases = [asdict(phase) for phase in self.schedule.phases]
        return {**super().describe(), "schedule": phases}
