"""Every benchmark answers --help and runs its quick form."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks"
HELPERS = ("by_hand", "cases", "games", "measure", "members", "niche_cost", "on_demand")
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in HELPERS)
SAYS = {
    "arithmetic": "times faster",
    "collection": "marks kept by the median",
    "collection_search": "PBT's median on the test part",
    "digits": "worst ratio of distances",
    "engine_overhead": "three plain Ray actors",
    "generation_cost": "dcgan --evolve / E-GAN with the networks of dcgan",
    "memory": "megabytes more",
    "mixtures": "median high quality",
    "near_the_limit": "all generations / ideal",
    "paper_sizes": "moved, finite",
    "ray_tune_side_by_side": "Ratio of overheads",
    "round_trips": "parts in which an example fails: 0",
    "scale": "µs of the scheduler per member",
}
QUICK = sorted(SAYS)
HELP = """
import contextlib, io, json, pathlib, runpy, sys
found = {}
for path in map(pathlib.Path, sys.argv[1:]):
    sys.argv = [str(path), "--help"]
    sys.path[0] = str(path.parent)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        try:
            runpy.run_path(str(path), run_name="__main__")
        except SystemExit as end:
            found[path.stem] = end.code or 0, said.getvalue()
print(json.dumps(found))
"""
FEW = {"collection": ["gan"], "collection_search": ["vae"]}


def run(name, *words):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, FOLDER / f"{name}.py", *words],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=170,
    )


@pytest.fixture(scope="module")
def helped():
    """Return what each script answers to --help: all in one process, which imports torch once."""
    done = subprocess.run(
        [sys.executable, "-c", HELP, *(str(FOLDER / f"{name}.py") for name in SCRIPTS)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=170,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.xdist_group("help of the benchmarks")
@pytest.mark.parametrize("name", SCRIPTS)
def test_help_and_a_line_in_the_readme(helped, name):
    status, said = helped[name]
    assert status == 0
    assert "--quick" in said
    assert f"`{name}.py`" in (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", QUICK)
def test_the_quick_form_runs(name):
    before = sorted(FOLDER.rglob("results/*"))
    done = run(name, "--quick", *FEW.get(name, []))
    assert done.returncode == 0, done.stderr
    assert SAYS[name] in done.stdout
    assert sorted(FOLDER.rglob("results/*")) == before


def test_a_tree_is_compared_with_another():
    done = run("generation_cost", "--quick", "--against", str(ROOT))
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.endswith("| yes           |")]
    assert [row.split("|")[1].strip() for row in rows] == ["digits", "gaussians25", "dcgan 32x32"]
    wrong = run("generation_cost", "--quick", "--against", str(FOLDER))
    assert wrong.returncode == 2
    assert "is no checkout" in wrong.stderr


def test_the_readme_has_the_kept_figures_of_the_collection():
    done = run("collection", "--overview")
    assert done.returncode == 0, done.stderr
    assert "`gan`" in done.stdout
    assert done.stdout in (ROOT / "README.md").read_text(encoding="utf-8"), (
        "put the output of `python benchmarks/collection.py --overview` into README.md"
    )
