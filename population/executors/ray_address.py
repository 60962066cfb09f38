"""The address of a Ray cluster: what it says, and whether anybody answers there."""

import os
import socket
from urllib.parse import urlsplit

CONNECT_SECONDS = 5.0


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


def check_reachable(address: str) -> None:
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
