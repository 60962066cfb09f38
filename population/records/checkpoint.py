"""Checkpoints: written atomically, verified by checksum, and unable to run code.

A checkpoint is a folder ``checkpoints/00000400`` with ``state.safetensors`` (the packed states'
buffers), ``state.json`` (everything else) and ``manifest.json`` (size and SHA-256 of both). It is
written under another name and renamed when it is complete.
"""

import contextlib
import hashlib
import json
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError

from population.records.plain_files import check_plain, read_plain, remove
from population.state import PackedState
from population.strategy import Individual

logger = logging.getLogger("population")

_FORMAT = 1
_FILES = ("state.safetensors", "state.json")
_MALFORMED = (ValueError, TypeError, KeyError, AttributeError, RecursionError, SafetensorError)


class CheckpointError(ValueError):
    """A checkpoint is damaged, missing, or of another run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything a search needs to go on from the end of a generation.

    Attributes:
        generation: The last finished generation.
        population: The survivors; their states are packed.
        environment: The environment's packed state, or None.
        strategy: The strategy's state.
        marks: The size of each journal.
        identity: The settings that a resumed run must share.
        idle: How many generations in a row nobody has survived.
    """

    generation: int
    population: list[Individual]
    environment: PackedState | None
    strategy: Mapping[str, Any]
    marks: Mapping[str, int] = field(default_factory=dict)
    identity: Mapping[str, Any] = field(default_factory=dict)
    idle: int = 0

    def check_identity(self, expected: Mapping[str, Any]) -> None:
        """Compare with the settings of the run that wants to go on.

        Raises:
            CheckpointError: They differ; the message names each setting.
        """
        expected = _plain(expected)
        names = sorted({*expected, *self.identity})
        differing = [
            f"{name} was {self.identity.get(name)!r}, now {expected.get(name)!r}"
            for name in names
            if expected.get(name) != self.identity.get(name)
        ]
        if differing:
            raise CheckpointError(
                f"the checkpoint of generation {self.generation} is from another configuration: "
                f"{'; '.join(differing)}. Resume with the settings it was made with, or start a "
                "new run."
            )


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
    with contextlib.suppress(OSError):
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
                "hyperparameters": member.hyperparameters,
                "scores": member.scores,
                "failed": member.failed,
                "state": record(f"population.{i}", member.state),
            }
            for i, member in enumerate(snapshot.population)
        ],
        "environment": record("environment", snapshot.environment),
        "strategy": snapshot.strategy,
        "marks": snapshot.marks,
        "identity": snapshot.identity,
        "idle": snapshot.idle,
    }
    blobs = {
        "state.safetensors": save(buffers),
        "state.json": _dumps(content).encode(),
    }
    manifest = {name: _fingerprint(blob) for name, blob in blobs.items()}
    blobs["manifest.json"] = _dumps(manifest).encode()
    for name, blob in blobs.items():
        with (draft / name).open("wb") as file:
            file.write(blob)
            file.flush()
            os.fsync(file.fileno())
    _sync_directory(draft)


def read_checkpoint(path: Path) -> Snapshot:
    """Read and verify one checkpoint.

    Raises:
        CheckpointError: A file is missing, truncated or altered; the message names it.
    """
    try:
        return _read(path)
    except CheckpointError:
        raise
    except _MALFORMED as error:
        raise CheckpointError(
            f"{path} holds what no search has written ({type(error).__name__}: {error})"
        ) from error


def _read(path: Path) -> Snapshot:
    from safetensors.numpy import load

    blobs = _verified(path)
    content = json.loads(blobs["state.json"])
    if content["format"] != _FORMAT:
        raise CheckpointError(
            f"{path} has format {content['format']}, but this version reads {_FORMAT}; resume it "
            "with the version that versions.json in the run's folder names."
        )
    buffers = load(blobs["state.safetensors"])

    def packed(name: str, skeleton: Any) -> PackedState | None:
        return None if skeleton is None else PackedState(skeleton, buffers[name])

    population = [
        Individual(**{**member, "state": packed(f"population.{i}", member["state"])})
        for i, member in enumerate(content["population"])
    ]
    names = ("generation", "strategy", "marks", "identity", "idle")
    return Snapshot(
        population=population,
        environment=packed("environment", content["environment"]),
        **{name: content[name] for name in names},
    )


def latest_checkpoint(directory: Path) -> Snapshot:
    """Return the newest checkpoint that is whole, naming in the log those that are not.

    Raises:
        CheckpointError: There is none.
    """
    problems = []
    for path in sorted(_numbered(directory), reverse=True):
        try:
            snapshot = read_checkpoint(path)
        except CheckpointError as error:
            problems.append(str(error))
            logger.warning("%s; trying the checkpoint before it", error)
            continue
        return snapshot
    found = "; ".join(problems) if problems else "there are none"
    raise CheckpointError(
        f"no usable checkpoint in {directory}: {found}. Start a new run, or restore the "
        "folder from a copy."
    )


def _verified(path: Path) -> dict[str, bytes]:
    """Return the files' contents after comparing them with the manifest."""
    check_plain(path)
    blobs = {}
    for name in ("manifest.json", *_FILES):
        try:
            blobs[name] = read_plain(path / name)
        except OSError as error:
            raise CheckpointError(f"{path / name} cannot be read ({error.strerror})") from error
    try:
        manifest = json.loads(blobs["manifest.json"])
        canonical = _dumps(manifest).encode()
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path / 'manifest.json'} was altered") from error
    if canonical != blobs["manifest.json"] or not _is_manifest(manifest):
        raise CheckpointError(f"{path / 'manifest.json'} was altered")
    for name in _FILES:
        got, expected = _fingerprint(blobs[name]), manifest[name]
        if got["size"] != expected.get("size"):
            raise CheckpointError(
                f"{path / name} has {got['size']} bytes, but was written with "
                f"{expected.get('size')}"
            )
        if got != expected:
            raise CheckpointError(f"{path / name} was altered after it was written")
    return blobs


def _is_manifest(content: Any) -> bool:
    """Return whether there is a size and a checksum for each of the files."""
    return (
        isinstance(content, dict)
        and sorted(content) == sorted(_FILES)
        and all(isinstance(entry, dict) for entry in content.values())
    )


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


def _dumps(content: Any) -> str:
    return json.dumps(content, sort_keys=True, default=_item)


def _item(value: Any) -> Any:
    """Return a numpy number as a plain one."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a checkpoint cannot hold {value!r} of type {type(value).__name__}")


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(_dumps(dict(values)))
    return plain
