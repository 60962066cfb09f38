"""Generations of small E-GANs on demand, by whatever `egan` stands first on PYTHONPATH.

`generation_cost.py --against` runs it twice, once for each tree, and asks them in turns. A line
"digits 20" on stdin is answered by the CPU seconds of the next 20 generations, and a checksum of
the scores of those that survived the last one.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # read by torch and numpy when they are first imported

import numpy as np
import torch

CASES = ("digits", "gaussians25", "dcgan 32x32")
WIDTH, NUM_IMAGES = 32, 512


def noise(size: int) -> Any:
    """Return colour images of noise, which cost what others cost."""
    from egan.data.dataset import Dataset

    pixels = np.random.default_rng(0).integers(256, size=(NUM_IMAGES, 3, size, size))
    return Dataset(name="noise", samples=pixels.astype(np.uint8))


def data_of(case: str) -> tuple[str, Any]:
    """Return the preset that a case is of, and its data."""
    from egan.data import load

    if case == "dcgan 32x32":
        return "cifar10", noise(32)
    return case, load(case)


def search_of(case: str, *, width: int = WIDTH) -> Any:
    """Return the evolution of a case, in this process."""
    preset, dataset = data_of(case)
    try:
        from egan import collection
        from egan.evolution.whole import evolution_search, parts_of
    except ImportError:
        return _of_two_stacks(preset, dataset, width)
    from egan.judging.features import Features
    from egan.tasks import Generation

    config = collection.preset(preset)
    if preset == "cifar10":
        sizes = {"width": width, "discriminator_width": width}
        config = replace(config, settings=config.settings.tuned(sizes))
    task = Generation(dataset, dataset, Features(lambda samples: samples.flatten(1)))
    game: Any = collection.paper("egan")
    return evolution_search(parts_of(config, game, task), seed=0, checkpoint_every=10**9)


def _of_two_stacks(preset: str, dataset: Any, width: int) -> Any:
    """Return the same by a tree in which E-GAN is not yet a paper of the collection."""
    from egan.presets import PRESETS  # type: ignore[import-not-found]

    config = replace(PRESETS[preset](), executor="inline", checkpoint_every=10**9)
    if preset == "cifar10":
        both = {name: getattr(config, name) for name in ("generator", "discriminator")}
        config = replace(config, **{k: replace(v, width=width) for k, v in both.items()})
    try:
        build = import_module("egan.runs.experiment").build_search
    except ImportError:
        build = import_module("egan.experiment").build_search
    return build(config, dataset)


def stepper(case: str) -> Callable[[int], tuple[float, str]]:
    """Return what makes the next generations, and tells their CPU seconds and what came of them."""
    search = search_of(case)
    search.executor.start(search.workshop)

    def steps(count: int) -> tuple[float, str]:
        started = time.process_time()
        for _ in range(count):
            search._generate()
        seconds = time.process_time() - started
        scores = [sorted(one.scores.items()) for one in search.population]
        return seconds, hashlib.sha256(repr(scores).encode()).hexdigest()[:8]

    return steps


class Tree:
    """A process that makes generations by the packages of a checkout.

    Args:
        root: The checkout.

    Raises:
        ValueError: There are no such packages.
    """

    def __init__(self, root: Path) -> None:
        if not (root / "egan" / "__init__.py").is_file():
            raise ValueError(f"{root} is no checkout: it has no egan/__init__.py.")
        self.process = subprocess.Popen(
            [sys.executable, __file__],
            env={**os.environ, "PYTHONPATH": str(root.resolve())},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, case: str, count: int) -> tuple[float, str]:
        """Return the CPU seconds of the next generations, and a checksum of what came of them.

        Raises:
            RuntimeError: The process has ended; what it had to say is on stderr.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(case, count, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline().split()
        if len(answer) != 2:
            raise RuntimeError(f"no generations of {case} from {self.process.args!r}")
        return float(answer[0]), answer[1]

    def close(self) -> None:
        """Let the process end."""
        self.process.communicate()


@dataclass
class Turns:
    """CPU seconds a generation of two trees in turns.

    Attributes:
        here: Of this tree.
        there: Of the other.
        alike: Whether the children were the same.
    """

    here: list[float] = field(default_factory=list)
    there: list[float] = field(default_factory=list)
    alike: bool = True

    @property
    def ratios(self) -> list[float]:
        """This tree over the other, turn by turn."""
        return [here / there for here, there in zip(self.here, self.there, strict=True)]


def against(other: Path, *, rounds: int, generations: int) -> dict[str, Turns]:
    """Have this tree and another make the same generations in turns, after one that warms up.

    Raises:
        ValueError: The other is no checkout.
    """
    trees = [Tree(Path(__file__).parents[1]), Tree(other)]
    found = {}
    for case in CASES:
        turns = found[case] = Turns()
        for number in range(1 + rounds):
            order = (0, 1) if number % 2 else (1, 0)
            answers = {i: trees[i].ask(case, generations) for i in order}
            turns.alike = turns.alike and answers[0][1] == answers[1][1]
            if number:
                turns.here.append(answers[0][0] / generations)
                turns.there.append(answers[1][0] / generations)
    for tree in trees:
        tree.close()
    return found


def main() -> None:
    """Answer each line until there is no more."""
    torch.set_num_threads(1)
    known: dict[str, Callable[[int], tuple[float, str]]] = {}
    for line in sys.stdin:
        case, _, count = line.strip().rpartition(" ")
        if case not in known:
            known[case] = stepper(case)
        seconds, came = known[case](int(count))
        print(seconds, came, flush=True)


if __name__ == "__main__":
    main()
