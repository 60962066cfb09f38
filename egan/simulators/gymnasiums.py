"""Any environment of gymnasium by its id; extra egan[data]. Episodes are stepped one by one."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from egan.simulators.base import Array, Simulator

HORIZON = 1000
"""Steps of an episode where an environment does not say how many."""
MISSING = "--data.environment {} needs gymnasium: pip install 'egan[data]'"


class Gymnasium(Simulator):
    """An environment whose observations are numbers, or one of finitely many.

    Args:
        name: Its id.

    Raises:
        ValueError: There is none of this id, or its observations or actions are of another kind.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.made: list[Any] = [_made(name)]
        first = self.made[0]
        self.horizon = (first.spec and first.spec.max_episode_steps) or HORIZON
        self.observation_size = _size(first.observation_space, name, what="observations")
        self.num_actions = int(getattr(first.action_space, "n", 0))
        self.action_size = _size(first.action_space, name, what="actions")
        self.seen = np.zeros((0, self.observation_size), np.float32)

    def reset(self, count: int, rng: np.random.Generator) -> Array:
        """Begin episodes, each with a seed of its own."""
        while len(self.made) < count:
            self.made.append(_made(self.name))
        seeds = rng.integers(2**31, size=count)
        self.seen = np.stack(
            [
                self._told(one.reset(seed=int(seed))[0])
                for one, seed in zip(self.made, seeds, strict=False)
            ]
        )
        return self.seen.copy()

    def step(self, actions: Array, going: Array) -> tuple[Array, Array, Array]:
        """Act in each episode that is going."""
        rewards, ended = np.zeros(len(actions)), np.zeros(len(actions), dtype=bool)
        for i in np.flatnonzero(going):
            seen, reward, over, _, _ = self.made[i].step(self._action(actions[i]))
            self.seen[i], rewards[i], ended[i] = self._told(seen), reward, over
        return self.seen.copy(), rewards, ended

    def _told(self, observation: Any) -> Array:
        """Return an observation as numbers (S,)."""
        space = self.made[0].observation_space
        if hasattr(space, "n"):
            place = int(observation) - int(space.start)
            observation = np.arange(self.observation_size) == place
        told: Array = np.asarray(observation, dtype=np.float32).ravel()
        return told

    def _action(self, action: Array) -> Any:
        """Return an action as gymnasium takes it, within its bounds."""
        space = self.made[0].action_space
        if self.num_actions:
            return int(action) + int(space.start)
        bounded = np.clip(action.reshape(space.shape), space.low, space.high)
        return bounded.astype(space.dtype)


def _made(name: str) -> Any:
    try:
        import gymnasium
    except ImportError as error:
        raise ValueError(MISSING.format(name)) from error
    with warnings.catch_warnings():  # of versions that are newer, and of float64 bounds
        warnings.simplefilter("ignore")
        try:
            return gymnasium.make(name, disable_env_checker=True)
        except Exception as error:  # each environment misses something in its own way
            raise ValueError(
                f"--data.environment {name}: gymnasium cannot make it: {_first_line(error)}. Give "
                "the id of one that is installed, such as CartPole-v1 or Acrobot-v1."
            ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _size(space: Any, name: str, *, what: str) -> int:
    """Return how many numbers there are in what a space has."""
    if hasattr(space, "n") and np.ndim(space.n) == 0:
        return int(space.n) if what == "observations" else 1
    if hasattr(space, "low") and space.shape is not None:
        return int(np.prod(space.shape, dtype=np.int64))
    raise ValueError(
        f"--data.environment {name} has {what} of the kind {type(space).__name__}, but expected "
        "numbers (Box) or one of finitely many (Discrete). Wrap it so that it has those."
    )
