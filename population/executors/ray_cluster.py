"""Connecting to Ray: starting it on this machine, or joining a cluster or another search."""

import importlib.util
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from population.executors.ray_address import check_reachable
from population.executors.ray_calls import wait
from population.executors.ray_folder import check_temporary_folder, trouble

PACKAGES = ("mutations", "fitness", "population")
START_SECONDS = 120.0
STORE_BYTES = 512 * 2**20
TOKEN = ".ray/auth_token"


def default_workers() -> int:
    """Return the number of CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(slots=True, eq=False)
class Session:
    """A connection to Ray that executors of one process share: it has one, in all its threads.

    Attributes:
        asked: The address and environment it was made for; None where it is the caller's own.
        users: How many executors use it; the last one to leave shuts Ray down.
    """

    asked: Any = None
    users: int = 0

    @property
    def is_crowded(self) -> bool:
        """Return whether Ray on this machine counts CPUs that another search has taken."""
        return self.users > 1 and self.asked is not None and self.asked[0] is None


_lock = threading.RLock()
_sessions = [Session()]
"""The session of this process, the last of those it had."""


def connect(
    address: str | None, *, num_actors: int, runtime_env: Mapping[str, Any] | None = None
) -> Session:
    """Connect to Ray, or join the session that is there; leave it with :func:`disconnect`.

    A Ray session that the caller has already started is used as it is, and never shut down.

    Raises:
        ConnectionError: There is no cluster at the address, none can be started, or another search
            of this process is in another cluster.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_CLIENT_INITIAL_CONNECTION_TIMEOUT_S", "3")
    import ray

    with _lock:
        asked = address, dict(runtime_env or {})
        if not ray.is_initialized():
            start = partial(_start, address, num_actors=num_actors, runtime_env=runtime_env)
            _in_lasting_thread(start)
            _sessions[:] = [Session(asked)]
        elif not _sessions[0].users:
            _check_same_cluster(address)
            return Session()
        elif _sessions[0].asked != asked:
            raise ConnectionError(
                f"address={address!r}: another search of this process is connected to Ray with "
                f"address={_sessions[0].asked[0]!r}, and a process can be in one cluster only. Use "
                "the same address and runtime_env, or run this search in a process of its own."
            )
        _sessions[0].users += 1
        return _sessions[0]


def _check_same_cluster(address: str | None) -> None:
    """See that an address is that of the cluster which the caller is connected to.

    Raises:
        ConnectionError: It is another.
    """
    import ray

    here = str(ray.get_runtime_context().gcs_address)
    if address not in (None, "auto", here):
        raise ConnectionError(
            f"address={address!r}: this process is connected to Ray at {here} already, and a "
            "process can be in one cluster only. Leave the address out to use that one, or call "
            "ray.shutdown() first."
        )


def disconnect(session: Session) -> None:
    """Leave a session; the last one shuts Ray down, unless the caller had started it."""
    import ray

    with _lock:
        session.users -= 1
        if session.asked is not None and not session.users and session is _sessions[0]:
            ray.shutdown()


def _in_lasting_thread(start: Callable[[], None]) -> None:
    """Call it in a thread that never ends: the system kills what Ray starts with its thread."""
    if threading.current_thread() is threading.main_thread():
        start()
        return
    done: Future[None] = Future()

    def call() -> None:
        try:
            start()
        except BaseException as error:  # the caller raises it
            done.set_exception(error)
        else:
            done.set_result(None)
            threading.Event().wait()

    threading.Thread(target=call, name="keeps Ray", daemon=True).start()
    done.result()


def _start(address: str | None, *, num_actors: int, runtime_env: Mapping[str, Any] | None) -> None:
    """Start Ray on this machine, or connect to a cluster."""
    import ray

    if address is None:
        os.environ.setdefault("RAY_worker_niceness", "0")  # else a busy machine starves workers
        os.environ.setdefault("RAY_task_events_report_interval_ms", "0")  # nobody reads them
        check_temporary_folder()
        with _loopback_only(), _modules_for_workers():
            _start_here(num_cpus=max(default_workers(), num_actors))
        return
    check_reachable(address)
    environment = dict(runtime_env or {})
    environment["py_modules"] = [*_package_folders(), *environment.get("py_modules", [])]
    try:
        ray.init(
            address=address, runtime_env=environment, log_to_driver=False, logging_level="ERROR"
        )
    except (ConnectionError, RuntimeError, TimeoutError, ValueError) as error:
        raise ConnectionError(
            f"address={address!r}: Ray refused the connection ({error}). Check that the cluster "
            "runs the same versions of Ray and Python. If it asks for a token, set "
            "RAY_AUTH_MODE=token and RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH."
        ) from error


def _start_here(*, num_cpus: int) -> None:
    """Start Ray on this machine.

    Raises:
        ConnectionError: It could not write what it needs.
    """
    import ray

    try:
        with _token_told():
            ray.init(
                address="local",
                num_cpus=num_cpus,
                include_dashboard=False,
                log_to_driver=False,
                logging_level="ERROR",
                object_store_memory=_store_bytes(),
                _node_ip_address="127.0.0.1",
            )
    except ConnectionError:
        raise
    except OSError as error:
        raise trouble(error) from error


@contextmanager
def _loopback_only() -> Iterator[None]:
    """Keep Ray from replacing 127.0.0.1 by an address that other machines can reach.

    Ray does so only where it supports clusters, by this flag.
    """
    from ray._private import ray_constants

    before = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


@contextmanager
def _modules_for_workers() -> Iterator[None]:
    """Let workers on this machine import whatever this process can."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(path or os.getcwd() for path in sys.path)
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


@contextmanager
def _token_told() -> Iterator[None]:
    """Name the file of Ray's token where it cannot be written, as with a read-only home.

    Raises:
        ConnectionError: It cannot; the message names it.
    """
    try:
        yield
    except OSError as error:
        home = Path(os.path.expanduser("~"))
        if error.filename is None or not _is_on_the_way(Path(error.filename), home / TOKEN):
            raise
        raise ConnectionError(
            f"Ray keeps a token in {home / TOKEN}, but {error.filename} cannot be written: "
            f"{error.strerror}. Set HOME to a folder that can be written to, or RAY_AUTH_TOKEN to "
            "a token of your own, such as a long random text."
        ) from error


def _is_on_the_way(path: Path, goal: Path) -> bool:
    return path == goal or path in goal.parents


def _store_bytes() -> int:
    """Return the size of the local object store: modest, and within the shared memory there is."""
    try:
        free = shutil.disk_usage("/dev/shm").free
    except OSError:
        free = STORE_BYTES
    return max(80 * 2**20, min(4 * STORE_BYTES, int(free * 0.3)))


def _package_folders() -> list[str]:
    """Return the folders of our packages, for workers on machines that do not have them."""
    folders = []
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            folders.append(str(Path(spec.origin).parent))
    return folders


def actor_options(workers: int, *, num_cpus: float | None, num_gpus: float) -> dict[str, Any]:
    """Return Ray's options for each actor: spread over nodes, never restarted by Ray itself."""
    import ray

    if num_cpus is None:
        available = ray.cluster_resources().get("CPU", 0.0)
        num_cpus = min(1.0, int(available / (workers + 1) * 100) / 100)
    return {
        "num_cpus": num_cpus,
        "num_gpus": num_gpus,
        "max_restarts": 0,
        "scheduling_strategy": "SPREAD",
    }


def wait_for_first(ready: Sequence[Any], options: Mapping[str, Any]) -> None:
    """Wait until one worker is up.

    Raises:
        ConnectionError: None came up; the message names what was asked for.
    """
    import ray

    done = wait(ready, seconds=START_SECONDS)
    if not done:
        asked = ", ".join(f"{name}={options[name]}" for name in ("num_cpus", "num_gpus"))
        raise ConnectionError(
            f"no worker started within {START_SECONDS:.0f} s: each asks for {asked}, and the "
            f"cluster has {ray.available_resources()} free. Ask for less, or add nodes."
        )
    try:
        ray.get(done[0])
    except ray.exceptions.RayActorError as error:
        raise RuntimeError(f"a worker could not be built:\n{error}") from error
