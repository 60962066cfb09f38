"""Waiting for Ray's answers, and telling a lost worker from an error in a member."""

import time
from collections.abc import Sequence
from typing import Any

from population.executors.executor import StateLost

NODE_PROCESSES = ("gcs_server", "raylet")
"""Without these, Ray ends the whole program: after a minute, and without a word of ours."""

LOOK_SECONDS = 1.0
"""How often to look whether Ray itself is alive."""

_looked = [0.0]


def dead_processes() -> list[str]:
    """Return which of Ray's own processes have died, of those that this process has started."""
    from ray._private import worker

    node = worker._global_node
    dead = node.dead_processes() if node is not None else []
    return [name for name, _ in dead if name in NODE_PROCESSES]


def check_node() -> None:
    """Notice that Ray on this machine is gone, before it ends the program.

    Raises:
        ConnectionError: It is; nothing can be computed or fetched any more.
    """
    if dead := dead_processes():
        raise ConnectionError(
            f"Ray's own {' and '.join(dead)} on this machine died, and all workers with it, as "
            "happens where memory runs out or something kills it."
        )


def wait(refs: Sequence[Any], *, seconds: float) -> list[Any]:
    """Return the first reference that resolves in time, or none.

    Raises:
        ConnectionError: Ray itself is gone.
    """
    import ray

    until = time.monotonic() + seconds
    done: list[Any] = []
    while not done:
        now = time.monotonic()
        if now > _looked[0] + LOOK_SECONDS:
            check_node()
            _looked[0] = now
        timeout = min(until - now, LOOK_SECONDS)
        done, _ = ray.wait(list(refs), num_returns=1, timeout=max(0.0, timeout))
        if timeout < LOOK_SECONDS:
            break
    return done


def is_done(ref: Any) -> bool:
    """Return whether a call has come back."""
    import ray

    return bool(ray.wait([ref], timeout=0)[0])


def outcome(ref: Any) -> tuple[Any, str]:
    """Wait for an actor's call; return its value, and how the actor died or an empty text.

    Raises:
        StateLost: An object that the call needed, or its value, is gone with the node that held it.
    """
    import ray

    try:
        return get(ref), ""
    except ray.exceptions.RayActorError as error:
        check_node()
        return None, f"died ({type(error).__name__})"


def get(refs: Any) -> Any:
    """Return the values of references.

    Raises:
        StateLost: An object is gone with the node that held it.
    """
    import ray

    try:
        return _patiently(refs)
    except ray.exceptions.RayTaskError as error:
        # The call itself failed; with an error of Ray's own, because an argument is gone.
        if isinstance(error.cause, ray.exceptions.RayError):
            check_node()
            raise StateLost(f"an object is lost ({type(error.cause).__name__})") from error
        raise
    except ray.exceptions.RayActorError:
        raise
    except ray.exceptions.RayError as error:
        check_node()
        raise StateLost(f"an object is lost ({type(error).__name__})") from error


def _patiently(refs: Any) -> Any:
    """Return values, however long they take, as long as Ray is alive."""
    import ray

    while True:
        try:
            return ray.get(refs, timeout=LOOK_SECONDS)
        except ray.exceptions.GetTimeoutError:
            check_node()
