"""The one thing that a user writes: something that trains, is scored, and has a state."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from population.seeding import Seeds, seed_everything
from population.state import Buffer, PackedState, State, open_copy, pack

if TYPE_CHECKING:
    from population.environment import Environment

Hyperparameters = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth:
    """How one child is to be made from its parent.

    Attributes:
        seeds: The child's random streams.
        operator: The name of the mutation to apply, where the strategy uses any.
        hyperparameters: What to configure after the parent's state is loaded.
        train: False to score the parent as it is.
        partner: The state of a second parent, where there is one.
    """

    seeds: Seeds
    operator: str | None = None
    hyperparameters: Hyperparameters = field(default_factory=dict)
    train: bool = True
    partner: PackedState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Newborn:
    """A child as it leaves its maker: state, named scores, and what it may hand on.

    Attributes:
        state: Its state.
        scores: Its named scores.
        contribution: What it hands to the environment if it survives, or None.
        seconds: How long scoring it took, and copying and packing states (``transfer``).
    """

    state: PackedState
    scores: dict[str, float]
    contribution: PackedState | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)


class Member(ABC):
    """A trainable network, agent or model.

    The engine builds one with ``factory(hyperparameters)`` and uses it for many children: it loads
    a parent's state, *then* configures the hyperparameters, then calls :meth:`step` and
    :meth:`evaluate`. Before each of these calls it seeds torch, numpy and ``random``, so a member
    never seeds anything; what :meth:`state_dict` leaves out must not influence training.

    Attributes:
        environment: The environment's mirror in this process, or None.
        seeds: The random streams of the current child. ``seeds.shared("step")`` is the same for
            all children of a generation: common random numbers, which make scores comparable.
    """

    environment: "Environment | None" = None
    seeds: Seeds
    _loading_seconds: float = 0.0

    def configure(self, hyperparameters: Hyperparameters) -> None:  # noqa: B027 - optional hook
        """Apply hyperparameters to the live member: a learning rate, a loss weight."""

    @abstractmethod
    def step(self, operator: str | None = None) -> None:
        """Train for one interval; ``operator`` names the mutation where the strategy uses any."""

    @abstractmethod
    def evaluate(self) -> float | Mapping[str, float]:
        """Return a score, or named scores; higher is better."""

    @abstractmethod
    def state_dict(self) -> State:
        """Return everything that training changes: weights, optimiser state, counters."""

    @abstractmethod
    def load_state_dict(self, state: State) -> None:
        """Take over a state made by :meth:`state_dict`; it is yours to keep, and to change."""

    def cross(self, partner: State) -> None:  # noqa: ARG002 - optional hook
        """Become the child of two parents: of the one that was loaded, and of a partner.

        Args:
            partner: The other parent's state, a copy that is yours.

        Raises:
            TypeError: The member cannot, unless it overrides this.
        """
        raise TypeError(
            f"{type(self).__name__} has no cross(partner), which makes a child of two parents; "
            "write it, or take a strategy that does not cross."
        )

    def contribution(self) -> State | None:
        """Return what a survivor hands to the environment, or None."""
        return None

    def reproduce(self, parent: PackedState, births: Sequence[Birth]) -> Iterator[Newborn]:
        """Make and score children of one parent, in order; some may have a partner each beside it.

        Override it where siblings can share work; the children must stay the same, bit for bit.
        """
        for birth in births:
            yield self.bear(parent, birth)

    def bear(self, parent: PackedState, birth: Birth) -> Newborn:
        """Make and score one child: load, configure, step or cross, evaluate."""
        buffer = self.become(parent, birth)
        if birth.train:
            seed_everything(birth.seeds.own("step"))
            if birth.partner is None:
                self.step(birth.operator)
            else:
                self.cross(open_copy(birth.partner)[0])
        return self.appraise(birth, into=buffer)

    def become(self, parent: PackedState, birth: Birth) -> Buffer:
        """Take over a copy of the parent, and the birth's seeds and hyperparameters.

        Returns:
            The buffer that the copy lives in, for :meth:`appraise`.
        """
        started = time.perf_counter()
        self.seeds = birth.seeds
        state, buffer = open_copy(parent)
        self.load_state_dict(state)
        self.configure(birth.hyperparameters)
        self._loading_seconds = time.perf_counter() - started
        return buffer

    def appraise(self, birth: Birth, *, into: Buffer | None = None) -> Newborn:
        """Score the live member as a child and pack it.

        A member that loads by reference lives in the buffer of its parent's copy; what is there
        already is not copied again.
        """
        started = time.perf_counter()
        seed_everything(birth.seeds.own("evaluate"))
        scores = named_scores(self.evaluate())
        scored = time.perf_counter()
        contribution = self.contribution()
        state = pack(self.state_dict(), into=into)
        packed = None if contribution is None else pack(contribution)
        loading, self._loading_seconds = self._loading_seconds, 0.0
        transfer = loading + time.perf_counter() - scored
        seconds = {"scoring": scored - started, "transfer": transfer}
        return Newborn(state=state, scores=scores, contribution=packed, seconds=seconds)


def named_scores(result: float | Mapping[str, float]) -> dict[str, float]:
    """Return what ``evaluate`` gave as named floats; a lone number is called ``fitness``.

    Raises:
        TypeError: It is neither a number nor a mapping from names to numbers.
        ValueError: It names no score at all.
    """
    scores = result if isinstance(result, Mapping) else {"fitness": result}
    if not scores:
        raise ValueError("evaluate() returned no score; return a number or at least one by name.")
    try:
        if unnamed := [name for name in scores if type(name) is not str]:
            raise TypeError(f"{unnamed[0]!r} is no text")
        return {name: float(value) for name, value in scores.items()}
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"evaluate() returned {result!r}; return a number or a mapping from names to numbers."
        ) from error
