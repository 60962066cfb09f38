"""Trajectories of an expert in a simulator: of a controller written by hand, or a user's own.

A sample is what was observed in an episode, (T, S) float32 padded with zeros; T is the simulator's
horizon. Annotations:

    actions   (N, T) int64, or (N, T, A) float32
    rewards   (N, T) float32
    lengths   (N,) int64, how many steps of the T there were

A file of one's own is a .npz with "observations" (N, T, S) and "actions", and perhaps "rewards" and
"lengths"; `egan.sample RUN --output NAME.npz` writes one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from egan.data.dataset import Array, Dataset
from egan.data.images import check_path, refusal
from egan.data.npz import arrays_of
from egan.memory import require
from egan.simulators import Episodes, Simulator, play, simulator
from egan.simulators.controllers import CONTROLLERS

ACTIONS, REWARDS, LENGTHS = "actions", "rewards", "lengths"
OBSERVATIONS = ("observations", "samples")
COUNT, BLOCK, SEED = 10, 10, 1606
DEFAULT = "CartPole-v1"
EXPECTED = '"observations" (N, T, S), "actions" (N, T), and perhaps "rewards" and "lengths"'
MEND = "Save it with numpy.savez(path, observations=..., actions=..., rewards=..., lengths=...)."


def cartpole(*, trajectories: int | None = None, **_: Any) -> Dataset:
    """Trajectories of a controller that keeps the pole upright, 500 steps each."""
    return _by_controller("cartpole", simulator(DEFAULT), trajectories)


def gridworld(*, trajectories: int | None = None, **_: Any) -> Dataset:
    """Walks of the policy of the greatest reward and entropy, 16 steps each."""
    return _by_controller("gridworld", simulator("GridWorld-v0"), trajectories)


def load(
    *,
    path: Path | None = None,
    environment: str | None = None,
    trajectories: int | None = None,
    **_: Any,
) -> Dataset:
    """Load a user's trajectories, or have them made by the controller of a simulator.

    Raises:
        ValueError: There is no such simulator or file, or they do not fit each other.
    """
    world = simulator(DEFAULT if environment is None else environment)
    if path is None:
        return _by_controller("gymnasium", world, trajectories)
    known = _read(check_path(path, name="gymnasium", folder=False))
    found = _fitting(path, known, world)
    if trajectories is not None:
        _check_count(trajectories, most=len(found[LENGTHS]))
        found = {name: values[:trajectories] for name, values in found.items()}
    return _dataset("gymnasium", world, found)


def _by_controller(name: str, world: Simulator, count: int | None) -> Dataset:
    """Return what a controller does, always the same: the first of many are those of few."""
    import torch

    count = COUNT if count is None else count
    _check_count(count)
    _require(count, world, f"--data.trajectories {count}: they")
    if world.name not in CONTROLLERS:
        raise ValueError(
            f"--data.environment {world.name} has no controller, unlike "
            f"{', '.join(CONTROLLERS)}. Give trajectories of an expert: --data.path FILE.npz with "
            f"{EXPECTED}."
        )
    act, seeds = CONTROLLERS[world.name], range(SEED, SEED + -(-count // BLOCK))
    made = [play(world, act, BLOCK, torch.Generator().manual_seed(seed)) for seed in seeds]
    blocks = [_arrays(one.padded(world.horizon)) for one in made]
    known = {k: np.concatenate([one[k] for one in blocks])[:count] for k in blocks[0]}
    return _dataset(name, world, known)


def _require(count: int, world: Simulator, what: str) -> None:
    """See that so many trajectories fit in memory, twice while they are made.

    Raises:
        TooLargeError: They do not.
    """
    size = 4 * (world.observation_size + world.action_size + 1)
    require(2 * count * world.horizon * size, what, mend="Give fewer.")


def _check_count(count: int, *, most: int | None = None) -> None:
    if count < 1 or (most is not None and count > most):
        bound = "1 or more" if most is None else f"from 1 to {most}, as many as the file has"
        raise ValueError(f"--data.trajectories must be {bound}, but got {count}.")


def _arrays(made: Episodes) -> dict[str, Array]:
    return {
        OBSERVATIONS[0]: made.observations.numpy(),
        ACTIONS: made.actions.numpy(),
        REWARDS: made.rewards.numpy(),
        LENGTHS: made.lengths.numpy(),
    }


def _dataset(name: str, world: Simulator, known: dict[str, Array]) -> Dataset:
    notes = {k: v for k, v in known.items() if k not in OBSERVATIONS}
    samples = np.ascontiguousarray(known[OBSERVATIONS[0]], dtype=np.float32)
    return Dataset(name, samples, annotations=notes, simulator=world.name)


def _read(path: Path) -> dict[str, Array]:
    """Read the arrays of a file; pickled objects are refused."""
    found = arrays_of(path, OBSERVATIONS, others=(ACTIONS, REWARDS, LENGTHS), mend=MEND)
    seen = next((name for name in OBSERVATIONS if name in found), None)
    if seen is None or ACTIONS not in found:
        raise refusal(path, got=f"arrays {sorted(found)}", expected=EXPECTED, mend=MEND)
    return {OBSERVATIONS[0]: found.pop(seen), **found}


def _fitting(path: Path, known: dict[str, Array], world: Simulator) -> dict[str, Array]:
    """Return trajectories as a data set has them, padded to the horizon.

    Raises:
        ValueError: They are not of this simulator.
    """
    seen, actions = known[OBSERVATIONS[0]], known[ACTIONS]
    count, length = (*seen.shape, 0, 0)[:2]
    lengths = known.get(LENGTHS, np.full(count, length))
    acting = (count, length) if world.num_actions else (count, length, world.action_size)
    for name, values, shape, kinds in (
        (OBSERVATIONS[0], seen, (count, length, world.observation_size), "iuf"),
        (ACTIONS, actions, acting, "iu" if world.num_actions else "iuf"),
        (REWARDS, known.get(REWARDS, np.zeros((count, length))), (count, length), "iuf"),
        (LENGTHS, lengths, (count,), "iu"),
    ):
        if values.shape != shape or not count or not length or values.dtype.kind not in kinds:
            got = f"{name} of shape {values.shape} and type {values.dtype}"
            what = "whole numbers" if kinds == "iu" else "numbers"
            sizes = f"{(count or 'N', length or 'T', *shape[2:])[: len(shape)]}".replace("'", "")
            raise refusal(path, got=got, expected=f"{sizes} {what} for {world.name}", mend=MEND)
        with np.errstate(over="ignore"):
            finite = np.isfinite(values.astype(np.float32)).all()
        if not finite:
            got, mend = f"{name} that are not finite in float32", "Leave such trajectories out."
            raise refusal(path, got=got, expected="numbers", mend=mend)
    _require(count, world, f"--data.path {path}: {count:,} trajectories, padded,")
    _check_steps(path, actions, lengths, world, length=length)
    length = min(length, world.horizon)
    whole = {OBSERVATIONS[0]: seen, ACTIONS: actions.astype(_dtype(world))}
    whole |= {REWARDS: known[REWARDS].astype(np.float32)} if REWARDS in known else {}
    lengths = np.minimum(lengths, length).astype(np.int64)
    padded = {k: _padded(values, lengths, world.horizon) for k, values in whole.items()}
    return {**padded, LENGTHS: lengths}


def _check_steps(
    path: Path, actions: Array, lengths: Array, world: Simulator, *, length: int
) -> None:
    """See that actions and lengths are in their ranges."""
    low, high = lengths.min(), lengths.max()
    if low < 1 or high > length:
        got, expected = f"lengths from {low} to {high}", f"from 1 to {length}"
        raise refusal(path, got=got, expected=expected, mend=MEND)
    there = np.arange(length) < lengths[:, None]
    low, high = actions[there].min(), actions[there].max()
    if world.num_actions and (low < 0 or high >= world.num_actions):
        got, expected = f"actions from {low} to {high}", f"from 0 to {world.num_actions - 1}"
        raise refusal(path, got=got, expected=expected, mend="Number them from 0.")


def _dtype(world: Simulator) -> type[np.generic]:
    return np.int64 if world.num_actions else np.float32


def _padded(values: Array, lengths: Array, length: int) -> Array:
    """Return (N, T, ...) cut or padded with zeros along T; none but zeros follow an end."""
    kept = values[:, :length].copy()
    kept[np.arange(kept.shape[1]) >= lengths[:, None]] = 0
    room = [(0, 0), (0, length - kept.shape[1]), *[(0, 0)] * (kept.ndim - 2)]
    padded: Array = np.pad(kept, room)
    return padded
