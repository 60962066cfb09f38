"""What a search needs to go on, and what is said where it does not fit."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from population.records.identity import plain_settings
from population.state import PackedState
from population.strategy import Individual


class CheckpointError(ValueError):
    """A checkpoint is damaged, missing, or of another run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything a search needs to go on from the end of a generation.

    Attributes:
        generation: The last finished generation.
        population: The survivors; their states are packed.
        environment: The environment's packed state, or None.
        strategy: The strategy's state.
        marks: The size of each journal.
        digests: The SHA-256 of each journal up to its mark.
        identity: The settings that a resumed run must share.
        idle: How many generations in a row nobody has survived.
    """

    generation: int
    population: list[Individual]
    environment: PackedState | None
    strategy: Mapping[str, Any]
    marks: Mapping[str, int] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    identity: Mapping[str, Any] = field(default_factory=dict)
    idle: int = 0

    def check_identity(self, expected: Mapping[str, Any]) -> None:
        """Compare with the settings of the run that wants to go on.

        Raises:
            CheckpointError: They differ; the message names each setting.
        """
        expected = plain_settings(expected)
        names = sorted({*expected, *self.identity})
        differing = [
            f"{name} was {self.identity.get(name)!r}, now {expected.get(name)!r}"
            for name in names
            if expected.get(name) != self.identity.get(name)
        ]
        if differing:
            raise CheckpointError(
                f"the checkpoint of generation {self.generation} is from another configuration: "
                f"{'; '.join(differing)}. Resume with the settings it was made with, or start a "
                "new run."
            )


@contextmanager
def taking_over(snapshot: Snapshot, what: str) -> Iterator[None]:
    """Say which part of a checkpoint does not fit the run that wants to go on from it.

    Raises:
        CheckpointError: In place of whatever loading it raised.
    """
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        raise CheckpointError(
            f"the checkpoint of generation {snapshot.generation} holds no {what} that fits this "
            f"run ({type(error).__name__}: {error}). Start a new run, or restore the folder from "
            "a copy."
        ) from error
