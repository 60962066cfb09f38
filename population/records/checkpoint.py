"""Checkpoints: written atomically, verified by checksum, and unable to run code.

A checkpoint is a folder ``checkpoints/00000400`` with ``state.safetensors`` (the packed states'
buffers), ``state.json`` (everything else) and ``manifest.json`` (size and SHA-256 of both). It is
written under another name and renamed when it is complete.
"""

import hashlib
import json
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from population.records.cells import encode
from population.records.content import CONTENT, MANIFEST, Buffers
from population.records.identity import json_bytes
from population.records.plain_files import check_plain, read_plain, remove
from population.records.schema import SchemaError
from population.records.snapshot import CheckpointError, Snapshot
from population.state import PackedState
from population.strategy import flatten

logger = logging.getLogger("population")

_FORMAT = 1
_FILES = ("state.safetensors", "state.json")


def write_checkpoint(directory: Path, snapshot: Snapshot, *, keep: int = 3) -> Path:
    """Write a snapshot below ``directory`` and delete all but the newest ``keep``.

    Raises:
        OSError: The disk is full or cannot be written; no half-written checkpoint is left.
    """
    check_plain(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for stale in directory.glob(".[0-9]*"):  # its process is gone, but may have had our number
        _discard(stale)
    final = directory / f"{snapshot.generation:08d}"
    draft = directory / f".{final.name}.{os.getpid()}"
    try:
        draft.mkdir()
        _write_files(draft, snapshot)
        remove(final)
        draft.rename(final)
    except BaseException:
        _discard(draft)
        raise
    _sync_directory(directory)
    for old in _superseded(directory, final, keep=keep):
        remove(old)
    return final


def _discard(draft: Path) -> None:
    with suppress(OSError):
        remove(draft)


def _superseded(directory: Path, final: Path, *, keep: int) -> list[Path]:
    """Return the checkpoints to delete: old ones, and those that a run had gone back behind."""
    before = sorted(path for path in _numbered(directory) if path.name <= final.name)
    return [*before[:-keep], *(path for path in _numbered(directory) if path.name > final.name)]


def _write_files(draft: Path, snapshot: Snapshot) -> None:
    from safetensors.numpy import save

    buffers: dict[str, npt.NDArray[np.uint8]] = {}

    def record(name: str, packed: PackedState | None) -> Any:
        if packed is None:
            return None
        buffers[name] = packed.buffer
        return packed.skeleton

    content = {
        "format": _FORMAT,
        "generation": snapshot.generation,
        "population": [
            {
                "generation": member.generation,
                "index": member.index,
                "hyperparameters": [
                    [name, encode(value)] for name, value in flatten(member.hyperparameters).items()
                ],
                "scores": member.scores,
                "failed": member.failed,
                "state": record(f"population.{i}", member.state),
            }
            for i, member in enumerate(snapshot.population)
        ],
        "environment": record("environment", snapshot.environment),
        "strategy": snapshot.strategy,
        "marks": {
            name: {"size": size, "sha256": snapshot.digests.get(name)}
            for name, size in snapshot.marks.items()
        },
        "identity": snapshot.identity,
        "idle": snapshot.idle,
    }
    blobs = {
        "state.safetensors": save(buffers),
        "state.json": json_bytes(content),
    }
    manifest = {name: _fingerprint(blob) for name, blob in blobs.items()}
    blobs["manifest.json"] = json_bytes(manifest)
    for name, blob in blobs.items():
        with (draft / name).open("wb") as file:
            file.write(blob)
            file.flush()
            os.fsync(file.fileno())
    _sync_directory(draft)


def read_checkpoint(path: Path) -> Snapshot:
    """Read and verify one checkpoint.

    Raises:
        CheckpointError: A file is missing, truncated or altered, or holds what no search writes;
            the message names it.
    """
    content = _read_content(path)
    if content["generation"] != int(path.name):
        raise CheckpointError(f"{path} holds generation {content['generation']}; it was renamed")
    blob = _verified(path, "state.safetensors")
    with _told(path):
        buffers = Buffers(blob, content)
        population, environment = buffers.population(), buffers.environment()
    marks = content["marks"]
    return Snapshot(
        population=population,
        environment=environment,
        marks={name: mark["size"] for name, mark in marks.items()},
        digests={name: mark["sha256"] for name, mark in marks.items() if mark["sha256"]},
        **{name: content[name] for name in ("generation", "strategy", "identity", "idle")},
    )


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what a file's content may bring about into an error that names the file."""
    try:
        yield
    except RecursionError as error:
        raise CheckpointError(f"{path} is nested too deep") from error
    except ValueError as error:
        raise CheckpointError(f"{path} is no checkpoint's: {error}") from error


def _read_content(path: Path) -> dict[str, Any]:
    """Return what ``state.json`` holds, each field checked."""
    blob = _verified(path, "state.json")
    with _told(path / "state.json"):
        content = json.loads(blob)
        if isinstance(content, dict) and content.get("format") != _FORMAT:
            raise SchemaError(
                f"format is {repr(content.get('format'))[:60]}, but this version reads {_FORMAT}; "
                "resume it with the version that versions.json in the run's folder names"
            )
        checked: dict[str, Any] = CONTENT(content, "content")
        return checked


def latest_checkpoint(directory: Path, *, up_to: int | None = None) -> Snapshot:
    """Return the newest checkpoint that is whole, naming in the log those that are not.

    Args:
        directory: The folder of checkpoints.
        up_to: The last generation that is wanted.

    Raises:
        CheckpointError: There is none.
    """
    problems = []
    for path in sorted(_numbered(directory), reverse=True):
        if up_to is not None and int(path.name) > up_to:
            continue
        try:
            return read_checkpoint(path)
        except CheckpointError as error:
            problems.append(str(error))
            logger.warning("%s; trying the checkpoint before it", error)
    found = "; ".join(problems) if problems else "there are none"
    raise CheckpointError(
        f"no usable checkpoint in {directory}: {found}. Start a new run, or restore the "
        "folder from a copy."
    )


def read_settings(directory: Path) -> list[dict[str, Any]]:
    """Return ``identity`` and ``marks`` of each checkpoint that can be read, newest first."""
    found = []
    for path in sorted(_numbered(directory), reverse=True):
        try:
            content = _read_content(path)
        except CheckpointError:
            continue
        found.append({name: content[name] for name in ("identity", "marks")})
    return found


def _verified(path: Path, name: str) -> bytes:
    """Return a file's content after comparing it with the manifest."""
    blob, manifest = _read(path / name), _read_manifest(path / "manifest.json")
    got, expected = _fingerprint(blob), manifest[name]
    if got["size"] != expected["size"]:
        raise CheckpointError(
            f"{path / name} has {got['size']} bytes, but was written with {expected['size']}"
        )
    if got != expected:
        raise CheckpointError(f"{path / name} was altered after it was written")
    return blob


def _read(path: Path) -> bytes:
    try:
        check_plain(path.parent)
        return read_plain(path)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise CheckpointError(str(error)) from error


def _read_manifest(path: Path) -> dict[str, dict[str, Any]]:
    blob = _read(path)
    try:
        manifest: dict[str, dict[str, Any]] = MANIFEST(json.loads(blob), "manifest")
        if json_bytes(manifest) != blob:
            raise SchemaError("its bytes are not as they were written")
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} was altered: {error}") from error
    return manifest


def _fingerprint(blob: bytes) -> dict[str, Any]:
    return {"size": len(blob), "sha256": hashlib.sha256(blob).hexdigest()}


def _numbered(directory: Path) -> Iterable[Path]:
    return [path for path in directory.glob("[0-9]*") if path.name.isdigit() and path.is_dir()]


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
