import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_quick_run_prints_all_contestants_at_equal_steps():
    shown = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "benchmarks/better_than_chance.py"), "--quick"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    rows = [line for line in shown.stdout.splitlines() if line.startswith("| ")][2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    steps = {row[0]: int(row[2]) for row in cells}
    assert list(steps) == ["pbt", "random", "halving", "pb2", "mf_pbt", "fire_pbt", "ipbt"]
    assert {name: spent for name, spent in steps.items() if spent != 16} == {"fire_pbt": 17}
    assert shown.stdout.count("of 2 seeds; the median difference is") == 6 + 4
