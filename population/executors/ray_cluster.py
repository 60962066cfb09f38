"""Connecting to Ray, and telling a lost worker from an error in a member."""

import importlib.util
import os
import shutil
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from population.executors.executor import StateLost
from population.executors.ray_folder import check_temporary_folder, trouble

PACKAGES = ("mutations", "fitness", "population")
CONNECT_SECONDS = 5.0
START_SECONDS = 120.0
STORE_BYTES = 512 * 2**20


def default_workers() -> int:
    """Return the number of CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def connect(
    address: str | None, *, num_actors: int, runtime_env: Mapping[str, Any] | None = None
) -> bool:
    """Connect to Ray; return whether this call started it, so that it must be shut down.

    A Ray session that the caller has already started is used as it is.

    Raises:
        ConnectionError: There is no cluster at the address, or none can be started.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_CLIENT_INITIAL_CONNECTION_TIMEOUT_S", "3")
    import ray

    if ray.is_initialized():
        return False
    if address is None:
        os.environ.setdefault("RAY_worker_niceness", "0")  # else a busy machine starves workers
        os.environ.setdefault("RAY_task_events_report_interval_ms", "0")  # nobody reads them
        check_temporary_folder()
        with _loopback_only(), _modules_for_workers():
            _start(num_cpus=max(default_workers(), num_actors))
        return True
    _check_reachable(address)
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
    return True


def _start(*, num_cpus: int) -> None:
    """Start Ray on this machine.

    Raises:
        ConnectionError: It could not write what it needs.
    """
    import ray

    try:
        ray.init(
            address="local",
            num_cpus=num_cpus,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
            object_store_memory=_store_bytes(),
            _node_ip_address="127.0.0.1",
        )
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


def _store_bytes() -> int:
    """Return the size of the local object store: modest, and within the shared memory there is."""
    try:
        free = shutil.disk_usage("/dev/shm").free
    except OSError:
        free = STORE_BYTES
    return max(80 * 2**20, min(4 * STORE_BYTES, int(free * 0.3)))


def host_and_port(address: str) -> tuple[str, int]:
    """Return where a cluster is.

    Raises:
        ConnectionError: The address has no host, no port, or is none.
    """
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port or parts.scheme not in ("", "ray"):
        raise ConnectionError(
            f"address={address!r}: expected 'auto', 'host:port' or 'ray://host:port'."
        )
    return host, port


def _check_reachable(address: str) -> None:
    """Fail within seconds, with the host and port in the message, where nobody listens."""
    if address == "auto":
        return
    host, port = host_and_port(address)
    try:
        socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
    except (OSError, UnicodeError) as error:  # a name that no host can have is a UnicodeError
        raise ConnectionError(
            f"address={address!r}: nobody answers at {host} port {port} ({error}). Start the "
            "cluster with 'ray start --head' and use the address it prints, or leave the address "
            "out to run on this machine."
        ) from error
    if not _speaks_grpc(f"{host}:{port}"):
        raise ConnectionError(
            f"address={address!r}: somebody listens at {host} port {port}, but it is not Ray. Use "
            "the address that 'ray start --head' prints (port 6379 by default), or ray:// with the "
            "client port (10001 by default)."
        )


def _speaks_grpc(target: str) -> bool:
    """Return whether a gRPC server answers; Ray itself would wait for minutes."""
    if os.environ.get("RAY_USE_TLS", "0") not in ("", "0"):
        return True
    import grpc

    with grpc.insecure_channel(target) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=CONNECT_SECONDS)
        except grpc.FutureTimeoutError:
            return False
    return True


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

    done, _ = ray.wait(list(ready), num_returns=1, timeout=START_SECONDS)
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
        return None, f"died ({type(error).__name__})"


def get(refs: Any) -> Any:
    """Return the values of references.

    Raises:
        StateLost: An object is gone with the node that held it.
    """
    import ray

    try:
        return ray.get(refs)
    except ray.exceptions.RayTaskError as error:
        # The call itself failed; with an error of Ray's own, because an argument is gone.
        if isinstance(error.cause, ray.exceptions.RayError):
            raise StateLost(f"an object is lost ({type(error.cause).__name__})") from error
        raise
    except ray.exceptions.RayActorError:
        raise
    except ray.exceptions.RayError as error:
        raise StateLost(f"an object is lost ({type(error).__name__})") from error
