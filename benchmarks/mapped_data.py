"""Images that stay in a file: how fast are they prepared, what memory do they take, and how slow?

A folder of PNG files, 64x64, is drawn; then for each way of holding it, in memory and mapped, a
process of its own loads it, parts it as a run does, and trains a small DCGAN. Told are images
prepared a second (from files that the system has cached), the memory of that process that is its
own (anonymous pages; those of a mapped file belong to the system, which takes them back), the same
of two Ray workers that draw from what the driver handed them, and updates a second in turns.

Marks, written before the first run: mapped, no process grows by more than 150 MiB over one with 100
images, and updates a second are at least .9 of those in memory.

  python benchmarks/mapped_data.py [--images 200000] [--save]
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from measure import mark, parser, ray_session, report, table

from egan.collection.testing import built, tiny
from egan.data import load
from egan.data.dataset import Dataset
from egan.data.splits import parted
from egan.training.game import Game
from egan.training.model import stream

SIZE, FEW = 64, 100
STORES = ("memory", "mapped")
GROWTH, SPEED = 150.0, 0.9
BATCH, TURNS = 32, 5


def draw_pictures(folder: Path, count: int) -> None:
    """Write pictures of coloured waves, all different, a thousand in a subfolder."""
    from PIL import Image

    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    for i in range(count):
        place = folder / f"{i // 1000:04d}"
        place.mkdir(exist_ok=True)
        a, b, c = rng.uniform(-9, 9, (3, 3, 1, 1))
        waves = 127.5 * (1 + np.sin(a * x + b * y + c))
        Image.fromarray(waves.astype(np.uint8).transpose(1, 2, 0)).save(
            place / f"{i}.png", compress_level=1
        )


def own_megabytes() -> float:
    """Return how much memory belongs to this process alone."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(one for one in lines if one.startswith("RssAnon")).split()[1]) / 1024


def held(folder: Path, store: str) -> Dataset:
    """Load the pictures in a way of holding them."""
    return load("folder", path=folder, image_size=SIZE, store=store)  # type: ignore[arg-type]


def model_on(data: Dataset) -> Game:
    """Build a small DCGAN on the part that a run learns from."""
    build = tiny("dcgan", parted(data, hold_out=True)[0])
    settings = build.keywords["settings"].tuned({"batch_size": BATCH})
    model: Game = built(partial(build, settings=settings))
    model.training(True)
    model.rng = stream(0)
    return model


def alone(folder: Path, store: str, updates: int) -> dict[str, float]:
    """Load, part and train in this process; return seconds and memory."""
    started = time.perf_counter()
    data = held(folder, store)
    loading = time.perf_counter() - started
    peak = own_megabytes()
    model = model_on(data)
    peak = max(peak, own_megabytes())
    for _ in range(updates):
        model.update()
    return {"seconds": loading, "peak": max(peak, own_megabytes())}


def speeds(folder: Path, updates: int) -> dict[str, float]:
    """Train on both in turns; return the medians of updates a second."""
    models = {store: model_on(held(folder, store)) for store in STORES}
    found: dict[str, list[float]] = {store: [] for store in STORES}
    for _ in range(TURNS):
        for store, model in models.items():
            started = time.perf_counter()
            for _ in range(updates):
                model.update()
            found[store].append(updates / (time.perf_counter() - started))
    return {store: float(np.median(values)) for store, values in found.items()}


def in_workers(folder: Path, store: str, batches: int) -> dict[str, float]:
    """Hand the data to two Ray workers, which draw; return the larger one's memory."""
    import ray

    handed = ray.put([parted(held(folder, store), hold_out=True)[0]])

    @ray.remote(num_cpus=0)  # type: ignore[untyped-decorator]
    class Drawer:
        def draw(self, held: list[Any]) -> float:
            import torch

            rng = torch.Generator().manual_seed(0)
            for _ in range(batches):
                held[0].draw(BATCH, rng)
            return own_megabytes()

    workers = [Drawer.remote() for _ in range(2)]
    return {"worker": max(ray.get([worker.draw.remote(handed) for worker in workers]))}


PARTS = {"alone": alone, "speeds": speeds, "workers": in_workers}


def elsewhere(*words: object) -> dict[str, float]:
    """Return what this script prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--part", *map(str, words)],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measured(root: Path, count: int, *, updates: int, quick: bool) -> dict[str, dict[str, float]]:
    """Return what each way of holding so many pictures takes; the quick way in this process."""
    folder = root / str(count)
    folder.mkdir()
    draw_pictures(folder, count)
    take = alone if quick else partial(elsewhere, "alone")
    found = {store: take(folder, store, updates) for store in STORES}
    found["again"] = take(folder, "mapped", updates)
    found["speeds"] = (speeds if quick else partial(elsewhere, "speeds"))(folder, updates)
    if not quick:
        for store in STORES:
            found[store] |= elsewhere("workers", folder, store, 10 * updates)
    return found


def described(
    few: dict[str, dict[str, float]], many: dict[str, dict[str, float]], count: int
) -> str:
    """Return a table and the marks."""
    names = {"memory": "in memory", "mapped": "mapped, prepared now", "again": "mapped, from then"}
    rows = []
    for key, name in names.items():
        one = many[key]
        worker = f"{one['worker']:.0f} ({few[key]['worker']:.0f})" if "worker" in one else ""
        own = f"{one['peak']:.0f} ({few[key]['peak']:.0f})"
        speed = f"{many['speeds'][key]:.1f}" if key in many["speeds"] else ""
        rows.append([name, f"{one['seconds']:.1f}", own, worker, speed])
    heads = ["images", "seconds to load", "driver's own MiB", "worker's own MiB", "updates/s"]
    size = count * 3 * SIZE**2 / 2**20
    growth = many["mapped"]["peak"] - few["mapped"]["peak"]
    grown = [mark("MiB by which the driver grows, mapped", growth, GROWTH)]
    if "worker" in many["mapped"]:
        growth = many["mapped"]["worker"] - few["mapped"]["worker"]
        grown.append(mark("MiB by which a worker grows, mapped", growth, GROWTH))
    ratio = many["speeds"]["mapped"] / many["speeds"]["memory"]
    rate = count / many["mapped"]["seconds"]
    return "\n".join(
        [
            f"{count:,} images of {SIZE}x{SIZE}, {size:,.0f} MiB; in brackets with {FEW}:",
            "",
            table(heads, rows),
            "",
            f"prepared: {rate:,.0f} images a second, looking at them and both checks included.",
            *grown,
            mark("updates a second, mapped / in memory", ratio, SPEED, at_least=True, form=".2f"),
        ]
    )


def main() -> None:
    """Measure with a few images and with many, and tell."""
    options = parser(__doc__ or "")
    options.add_argument("--images", type=int, default=200_000)
    options.add_argument("--part", nargs="+", help="what a process of its own measures")
    given = options.parse_args()
    if given.part:
        what, folder, *words, times = given.part
        with ray_session(2) if what == "workers" else contextlib.nullcontext():
            print(json.dumps(PARTS[what](Path(folder), *words, int(times))))
        return
    count, updates = (300, 2) if given.quick else (given.images, 20)
    with tempfile.TemporaryDirectory() as root:
        os.environ["EGAN_CACHE"] = str(Path(root, "cache"))
        few, many = (
            measured(Path(root), n, updates=updates, quick=given.quick) for n in (FEW, count)
        )
    text = described(few, many, count)
    report("mapped_data", text, {"few": few, "many": many, "images": count}, save=given.save)


if __name__ == "__main__":
    main()
