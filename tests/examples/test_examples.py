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


def check_the_classifier(said, folder):
    """It is tuned and drawn."""
    accuracy = float(said.rpartition("test accuracy ")[2].strip().rstrip("%"))
    assert accuracy > 60
    assert (folder / "tune_classifier.png").stat().st_size > 10_000


def check_the_ported_loop(said, folder):
    """It shows its schedule."""
    assert float(said.split()[1]) < 0.6
    assert "from_generation" in said


CHECKS = {"tune_classifier": check_the_classifier, "port_from_ray_tune": check_the_ported_loop}


def test_every_check_has_its_example():
    assert set(CHECKS) <= {path.stem for path in EXAMPLES}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_and_is_short(tmp_path, path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 60
    done = run(path, tmp_path, "--quick")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    if path.stem in CHECKS:
        CHECKS[path.stem](done.stdout, tmp_path)
