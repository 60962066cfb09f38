"""Weights with text beside them, as a safetensors file: it holds no code, so reading runs none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from egan.files import atomic

if TYPE_CHECKING:
    import torch

WEIGHTS, BEST_WEIGHTS = "model.safetensors", "best.safetensors"
"""What a run's folder has: the model at the end, and at the best look so far."""


def write(path: Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str]) -> None:
    """Write tensors and text atomically."""
    from safetensors.torch import save

    owned = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    with atomic(path) as temporary:
        temporary.write_bytes(save(owned, metadata=dict(metadata)))


def read(
    path: str | Path, *, file_format: str, what: str
) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Read tensors and text of a format, the metadata's ``format``.

    Args:
        path: The file.
        file_format: What the metadata must name.
        what: Which file to give instead, for the message.

    Raises:
        ValueError: The file is missing, damaged, or of another format.
    """
    from safetensors import SafetensorError, safe_open

    if not Path(path).is_file():  # a pipe would hold us up
        raise ValueError(f"{path} cannot be read as safetensors: there is no such file")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{path} cannot be read as safetensors: {error}") from error
    if metadata.get("format") != file_format:
        raise ValueError(
            f"{path} is of format {metadata.get('format')!r}, but {file_format!r} is expected: "
            f"give {what}."
        )
    return tensors, metadata
