"""Where command lines are run for `golden.py`: small data, what is printed, what a run leaves."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import pickle
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from golden_lines import INLINE, MISTAKE, OUTPUT, RAY_ON
from PIL import Image, ImageSequence

WEIGHTS = "model.safetensors"
PROGRESS = re.compile(r"^(generation|round) \d+/\d+ .*\n", re.MULTILINE)
TABLES = ("results.csv", "metrics.csv", "lineage.csv")

RAISED = "raised"
"""The one part of an entry that could not be made."""

Value = str | int | list[str]
Found = dict[str, Value]


def digest(*parts: bytes | str) -> str:
    """Return the first 16 hex digits of a SHA-256."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(part.encode() if isinstance(part, str) else part)
    return whole.hexdigest()[:16]


def columns(path: Path) -> Found:
    """Return the columns of a table, without seconds, and a digest of each one's text."""
    with path.open(encoding="utf-8", newline="") as file:
        heads, *rows = csv.reader(file)
    kept = {
        head: [row[place] for row in rows]
        for place, head in enumerate(heads)
        if not head.endswith("seconds")
    }
    found: Found = {f"{path.name}/{head}": digest("\n".join(kept[head])) for head in kept}
    return {path.name: list(kept), f"{path.name}/rows": len(rows), **found}


def pixels(path: Path) -> str:
    """Return a digest of all frames of a picture, decoded."""
    with Image.open(path) as picture:
        frames = [frame.convert("RGBA") for frame in ImageSequence.Iterator(picture)]
    return digest(*(f"{frame.size}".encode() + frame.tobytes() for frame in frames))


def tensors(path: Path) -> list[str]:
    """Return the sorted digests of all tensors of a file, whatever they are called."""
    from safetensors.torch import load

    found = load(path.read_bytes()).values()
    return sorted(digest(f"{one.dtype} {tuple(one.shape)}", _bytes(one)) for one in found)


def _bytes(tensor: torch.Tensor) -> bytes:
    return tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes()


def left_by_run(run: Path) -> Found:
    """Return what a run left in its directory: tables, pixels, weights."""
    found: Found = {}
    for name in TABLES:
        found |= columns(run / name) if (run / name).is_file() else {}
    for path in sorted((run / "samples").iterdir()):
        found[f"samples/{path.name}"] = pixels(path)
    for path in sorted(run.glob("*.png")):
        found[f"figures/{path.name}"] = pixels(path)
    if (run / WEIGHTS).is_file():
        found["weights"] = tensors(run / WEIGHTS)
    for path in run.glob("schedule.yaml"):
        found["schedule"] = path.read_text(encoding="utf-8").splitlines()
    return found


class Workplace:
    """A temporary folder with small data sets, in which command lines are run.

    Args:
        folder: The folder, which is empty.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self._number = 0
        write_data(self.data)

    def tell(self, words: str) -> tuple[int, str, str, Path]:
        """Run commands; return the last one's status, stdout and stderr, and the output folder."""
        from egan.run import main

        self._number += 1
        output = self.folder / f"{self._number:04d}"
        output.mkdir()
        status = 0
        for command in words.split(" ; "):
            runs = [*output.iterdir()]
            names = {"data": self.data, "output": output, "run": runs[0] if runs else ""}
            out, err = io.StringIO(), io.StringIO()
            with _quiet(out, err, output):
                try:
                    status = main(shlex.split(command.format(**names)))
                except SystemExit as stop:
                    status = int(stop.code or 0)
        return status, self.masked(out, output), self.masked(err, output), output

    def masked(self, stream: io.StringIO, output: Path) -> str:
        """Return what was printed, without progress and the names of this machine's folders."""
        text = stream.getvalue().replace(str(output), "<output>").replace(str(self.data), "<data>")
        return PROGRESS.sub("", text)

    def run(self, words: str, how: str = INLINE) -> Found:
        """Run a case, and return what it left."""
        first, *more = words.split(" ; ")
        lines = [f"{first} {OUTPUT}", *more]
        status, _, told, output = self.tell(" ; ".join(f"{line} {how}" for line in lines))
        runs = [*output.iterdir()]
        if status or not runs:
            return {RAISED: f"exit status {status}: {told.strip()}"}
        return {"status": status, **left_by_run(runs[0])}

    def text(self, words: str) -> Found:
        """Return what a command prints."""
        status, out, err, _ = self.tell(words)
        return {"status": status, "stdout": out.splitlines(), "stderr": err.splitlines()}

    def error(self, words: str) -> Found:
        """Return what a mistake is answered with, and the folders that it leaves."""
        first, *more = words.split(" ; ")
        lines = [f"{first} {OUTPUT}", *more]
        status, _, err, output = self.tell(" ; ".join(f"{line} {INLINE}" for line in lines))
        left = sorted(path.name for path in output.iterdir())
        return {"status": status, "stderr": err.splitlines(), "folders": left}

    def on_ray(self, words: str, workers: int) -> Found:
        """Run a case on workers, in a Ray session of its own."""
        import ray

        try:
            return self.run(words, RAY_ON.replace("{workers}", str(workers)))
        finally:
            ray.shutdown()


@contextlib.contextmanager
def _quiet(out: io.StringIO, err: io.StringIO, folder: Path) -> Iterator[None]:
    """Keep what is printed, and let relative paths begin in an empty folder."""
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        contextlib.chdir(folder),
    ):
        yield


def write_data(folder: Path, *, count: int = 36, classes: int = 3) -> None:
    """Write small data sets of noise, in the formats that the project reads, and bad ones."""
    rng = np.random.default_rng(0)
    labels = np.arange(count, dtype=np.uint8) % classes
    (folder / "empty").mkdir(parents=True)
    for place, label in enumerate(labels):
        picture = Image.fromarray(rng.integers(0, 256, (20, 24, 3), np.uint8))
        for path in (f"folder/class{label}/{place:02d}.png", f"flat/{place:02d}.png"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            picture.save(folder / path)
    batch = {b"data": rng.integers(0, 256, (count, 3072), np.uint8), b"labels": labels.tolist()}
    (folder / "cifar10").mkdir()
    for number in range(1, 6):
        (folder / f"cifar10/data_batch_{number}").write_bytes(pickle.dumps(batch, protocol=2))
    (folder / "mnist").mkdir()
    digits = rng.integers(0, 256, (count, 28, 28), np.uint8)
    for name, array in (("images-idx3", digits), ("labels-idx1", labels)):
        header = np.array((0x0800 + array.ndim, *array.shape), dtype=">u4")
        (folder / f"mnist/train-{name}-ubyte").write_bytes(header.tobytes() + array.tobytes())
    pictures = rng.integers(0, 256, (count, 16, 16, 3), np.uint8)
    np.savez(folder / "images.npz", images=pictures, labels=labels)
    (folder / "damaged.npz").write_bytes((folder / "images.npz").read_bytes()[:1000])
    (folder / "mistake.yaml").write_text(MISTAKE, encoding="utf-8")
