"""A plain function as a member: a generator that yields scores and checkpoints, as for Ray Tune."""

from collections.abc import Callable, Generator, Mapping
from typing import Any

from population.member import Hyperparameters, Member
from population.state import State

Scores = float | Mapping[str, float]
Train = Callable[[Hyperparameters, State], Generator[tuple[Scores, State], None, None]]


class FunctionMember(Member):
    """Runs ``train(config, checkpoint)`` up to its next ``yield score, checkpoint``.

    The function begins anew for every child: it builds its model, takes over the checkpoint unless
    that is None, and only then applies its configuration, since an optimiser's state holds a
    learning rate too. So a child that copies another one's weights goes on from whatever the
    checkpoint holds: optimiser, schedulers, position in the data.

    Args:
        hyperparameters: What ``train`` gets as its first argument.
        train: The generator function. It draws from torch, numpy and ``random``, which are seeded.
    """

    def __init__(self, hyperparameters: Hyperparameters, *, train: Train) -> None:
        self.train = train
        self.hyperparameters = hyperparameters
        self.checkpoint: State = None
        self.scores: Scores = float("nan")

    def configure(self, hyperparameters: Hyperparameters) -> None:
        """Hand the hyperparameters to the next call."""
        self.hyperparameters = hyperparameters

    def step(self, operator: str | None = None) -> None:  # noqa: ARG002 - there are none
        """Run the function until it yields.

        Raises:
            RuntimeError: It returned without a yield.
            TypeError: It yielded anything but a score and a checkpoint.
        """
        training = self.train(dict(self.hyperparameters), self.checkpoint)
        try:
            self.scores, self.checkpoint = _pair(next(training))
        except StopIteration:
            raise RuntimeError(
                f"{_name(self.train)}() returned before it yielded a score; let it train in a loop "
                "that does not end: `while True: ...; yield score, checkpoint`."
            ) from None
        finally:
            training.close()

    def evaluate(self) -> Scores:
        """Return what the function yielded last."""
        return self.scores

    def state_dict(self) -> State:
        """Return the checkpoint and its scores."""
        scores = dict(self.scores) if isinstance(self.scores, Mapping) else self.scores
        return {"checkpoint": self.checkpoint, "scores": scores}

    def load_state_dict(self, state: State) -> None:
        """Take over a checkpoint and its scores."""
        self.checkpoint, self.scores = state["checkpoint"], state["scores"]


def _pair(found: Any) -> tuple[Scores, State]:
    if isinstance(found, tuple) and len(found) == 2:
        return found
    raise TypeError(f"train() yielded {found!r:.99}; yield a score and a checkpoint.")


def _name(train: Train) -> str:
    return getattr(train, "__name__", type(train).__name__)
