"""Tests in a copy of a warm process: what they import from elsewhere is loaded already.

Ours is not: each copy imports it anew, one file perhaps from another source. Ray cannot be started.
"""

from __future__ import annotations

import inspect
import json
import math
import os
import re
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["CI"] = "1"  # hypothesis then draws the same examples every time, and keeps none

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = ("egan", "population", "mutations", "fitness")
WARM = (
    *("numpy", "torch", "torch._dynamo", "torch.func", "torch.optim.swa_utils", "pandas"),
    *("scipy.stats", "scipy.linalg", "scipy.optimize", "scipy.fft", "sklearn.datasets"),
    *("sklearn.metrics", "sklearn.linear_model", "sklearn.gaussian_process", "yaml", "PIL.Image"),
    *("matplotlib.pyplot", "hypothesis", "prdc", "moocore", "optuna", "safetensors.torch", "rich"),
)
APART = re.compile(r"\bray\b|Ray|subprocess|Popen|start_new_session|sys\.executable")
PATIENCE, FACTOR = 15.0, 10.0
"""CPU seconds that a test may take on a mutant: these, and so many times what it took before."""
DEADLINE = 150
"""Seconds that it may take by the clock; a mutant may wait for ever."""
NOTHING_COLLECTED = 5


def warm_up() -> None:
    """Import what tests need and is not ours, and Adam's compiler with its first step."""
    for name in WARM:
        import_module(name)
    import torch

    torch.set_num_threads(1)
    parameter = torch.nn.Parameter(torch.zeros(1))
    parameter.grad = torch.zeros(1)
    torch.optim.Adam([parameter], fused=True).step()


def baseline(files: Sequence[str]) -> dict[str, float]:
    """Return the seconds of each test that passes on the sound source, without Ray.

    Raises:
        RuntimeError: pytest came to no end.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seconds.json"
        status, _ = _forked(lambda: _tested(files, Chosen(None, path), folder))
        if not path.exists():
            raise RuntimeError(f"pytest ended with {status} on {' '.join(files)}.")
        return dict(json.loads(path.read_text(encoding="utf-8")))


def run(
    files: Sequence[str], known: Mapping[str, float], *, swap: tuple[Path, str]
) -> tuple[bool, float]:
    """Return whether a known test fails once a file has another source, and the CPU seconds."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:

        def work() -> int:
            _swap(*swap)
            return _tested(files, Chosen(known), folder, "-x")

        status, seconds = _forked(work)
    return status not in (0, NOTHING_COLLECTED), seconds


def _swap(path: Path, source: str) -> None:
    """Have a file's module made from another source."""
    original = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> Any:
        if Path(self.path) == path:
            return compile(source, self.path, "exec", dont_inherit=True)
        return original(self, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]


class Chosen:
    """Takes the tests that are known, quick files first and quick ones in them, each in its time.

    Args:
        known: Seconds by test; None to take and to time all that need no further process.
        path: Where to write the seconds of those that pass.
    """

    def __init__(self, known: Mapping[str, float] | None, path: Path | None = None) -> None:
        self.known = known
        self.path = path
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep what is to be run, in its order."""
        known = self.known
        if known is None:
            items[:] = [item for item in items if not _stands_apart(item)]
            return
        items[:] = [item for item in items if item.nodeid in known]
        whole: dict[str, float] = {}
        for name, seconds in known.items():
            file = name.split("::")[0]
            whole[file] = whole.get(file, 0.0) + seconds

        def order(item: pytest.Item) -> tuple[float, str, float]:
            file = item.nodeid.split("::")[0]
            return whole[file], file, known[item.nodeid]

        items.sort(key=order)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Have the process killed where a test computes for too long."""
        if self.known is not None:
            left = PATIENCE + FACTOR * self.known[item.nodeid]
            _, hard = resource.getrlimit(resource.RLIMIT_CPU)
            resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + left), hard))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how long a test took, and whether it passed."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if not report.passed:
            self.failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Write down what passed."""
        if self.path is not None:
            passed = {name: s for name, s in self.seconds.items() if name not in self.failed}
            self.path.write_text(json.dumps(passed), encoding="utf-8")


def _stands_apart(item: pytest.Item) -> bool:
    """Return whether a test starts Ray or another process."""
    fixtures = getattr(item, "fixturenames", ())
    function = getattr(item, "function", None)
    text = inspect.getsource(function) if function else ""
    return "ray_session" in fixtures or bool(APART.search(text))


def _tested(files: Sequence[str], chosen: Chosen, folder: str, *words: str) -> int:
    """Run tests in this process, where nothing of ours is imported yet; return pytest's status."""
    for name in [one for one in sys.modules if one.split(".")[0] in OURS]:
        del sys.modules[name]
    sys.modules["ray"] = None  # type: ignore[assignment] # an import of it fails
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    known = ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # hypothesis is loaded already
    fixed = (*known, "-n0", "-q", "-p", "no:cacheprovider", "--basetemp", f"{folder}/tests")
    patience = ("--timeout", str(DEADLINE), "--timeout-method", "thread")
    return int(pytest.main([*fixed, *patience, *words, *files], plugins=[chosen]))


def _forked(work: Callable[[], int]) -> tuple[int, float]:
    """Return what work returns in a copy of this process, and the CPU seconds that it took."""
    sys.stdout.flush()
    process = os.fork()
    if process == 0:
        status = 3
        try:
            os.setsid()
            nowhere = os.open(os.devnull, os.O_RDWR)
            for descriptor in range(3):
                os.dup2(nowhere, descriptor)
            status = work()
        finally:
            os._exit(status)
    _, code, usage = os.wait4(process, 0)
    with suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)  # what a test has left behind
    return os.waitstatus_to_exitcode(code), usage.ru_utime + usage.ru_stime
