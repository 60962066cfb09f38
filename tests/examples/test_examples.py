import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def run(path, folder, *options):
    return subprocess.run(
        [sys.executable, "-W", "error", str(path), *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_and_is_short(tmp_path, path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 60
    done = run(path, tmp_path, "--quick")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_classifier_is_tuned_and_drawn(tmp_path):
    done = run(ROOT / "examples/tune_classifier.py", tmp_path, "--quick")
    accuracy = float(done.stdout.rpartition("test accuracy ")[2].strip().rstrip("%"))
    assert accuracy > 60
    assert (tmp_path / "tune_classifier.png").stat().st_size > 10_000


def test_the_ported_loop_shows_its_schedule(tmp_path):
    done = run(ROOT / "examples/port_from_ray_tune.py", tmp_path, "--quick")
    assert float(done.stdout.split()[1]) < 0.6
    assert "from_generation" in done.stdout
