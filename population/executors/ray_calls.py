"""Waiting for Ray's answers, and telling a lost worker from an error in a member."""

import socket
import time
from collections.abc import Sequence
from typing import Any

from population.executors.executor import StateLost

NODE_PROCESSES = ("gcs_server", "raylet")
"""Without these, Ray ends the whole program: after a minute, and without a word of ours."""

LOOK_SECONDS = 1.0
"""How often to look whether Ray itself is alive."""

HEAD_SECONDS = 40.0
"""How long the head of a cluster may be gone; after 60 s Ray would end this program."""

_looked = [0.0]
_heard_of_head = [float("inf")]


def dead_processes() -> list[str]:
    """Return which of Ray's own processes are gone, without which this process cannot go on.

    Of a cluster that somebody else has started, those that nobody answers for: this machine's
    raylet at once, the head after a while, since it may be started again.
    """
    from ray._private import worker

    node = worker._global_node
    if node is None:
        return []
    dead = {name for name, _ in node.dead_processes()} & set(NODE_PROCESSES)
    host, _, port = node.gcs_address.rpartition(":")
    if not _answers(socket.AF_UNIX, node.raylet_socket_name.removeprefix("unix://")):
        dead.add("raylet")
    if _answers(socket.AF_INET, (host, int(port))):
        _heard_of_head[0] = time.monotonic()
    elif time.monotonic() > _heard_of_head[0] + HEAD_SECONDS:
        dead.add("gcs_server")
    return sorted(dead)


def _answers(family: int, address: Any) -> bool:
    """Return whether somebody listens; where that cannot be told, somebody does."""
    with socket.socket(family) as line:
        line.settimeout(LOOK_SECONDS)
        try:
            line.connect(address)
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True


def check_node() -> None:
    """Notice that Ray on this machine is gone, before it ends the program.

    Raises:
        ConnectionError: It is; nothing can be computed or fetched any more.
    """
    if dead := dead_processes():
        raise ConnectionError(
            f"Ray's own {' and '.join(dead)} died, and all workers with it, as happens where "
            "memory runs out, or something kills it or the cluster's head."
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
