"""Every benchmark answers --help and runs its quick form."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks"
HELPERS = (
    *(
        "by_hand",
        "cases",
        "forked_tests",
        "games",
        "golden_lines",
        "golden_workplace",
        "measure",
        "members",
    ),
    *("mutants", "niche_cost", "on_demand"),
)
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in HELPERS)
SAYS = {
    "arithmetic": "times faster",
    "augmentation": "the better family / none",
    "collection_search": "PBT's median on the test part",
    "digits": "worst ratio of distances",
    "egan_pbt": "What decides, written down before the run",
    "engine_overhead": "three plain Ray actors",
    "generation_cost": "dcgan --evolve / E-GAN with the networks of dcgan",
    "mapped_data": "updates a second, mapped / in memory",
    "memory": "megabytes more",
    "mixtures": "median high quality",
    "mutation_score": "mutants killed",
    "near_the_limit": "all generations / ideal",
    "paper_sizes": "moved, finite",
    "ray_tune_side_by_side": "Ratio of overheads",
    "round_trips": "parts in which an example fails: 0",
    "scale": "µs of the scheduler per member",
}
QUICK = sorted(SAYS)
ON_RAY = ("engine_overhead", "generation_cost", "memory", "near_the_limit", "scale")
"""Those that can share one Ray; Ray Tune has settings of its own."""
MANY = """
import contextlib, io, json, os, pathlib, runpy, sys, traceback
found, on_ray, *lines = {}, *sys.argv[1:]
if on_ray == "ray":
    from population.executors import ray_cluster
    ray_cluster.connect(None, num_actors=6)
for path, *words in map(str.split, lines):
    path = pathlib.Path(path)
    sys.argv = [str(path), *words]
    sys.path[0] = str(path.parent)
    status = 0
    with contextlib.redirect_stdout(io.StringIO()) as said:
        try:
            runpy.run_path(str(path), run_name="__main__")
        except SystemExit as end:
            status = end.code or 0
        except BaseException:
            status = 1
            traceback.print_exc()
    found[path.stem] = status, said.getvalue()
print(json.dumps(found))
"""
FEW = {"collection_search": ["vae"], "egan_pbt": ["digits"]}


def run(name, *words):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, FOLDER / f"{name}.py", *words],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=280,
    )


def run_many(commands, *, ray=False):
    """Return status and output of scripts that run in one process, which imports torch once."""
    lines = [" ".join([str(FOLDER / f"{name}.py"), *words]) for name, *words in commands]
    done = subprocess.run(
        [sys.executable, "-c", MANY, "ray" if ray else "inline", *lines],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, FOLDER)))},
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    return {
        name: (status, said, done.stderr)
        for name, (status, said) in json.loads(done.stdout.splitlines()[-1]).items()
    }


@pytest.fixture(scope="module")
def helped():
    """Return what each script answers to --help."""
    return run_many([[name, "--help"] for name in SCRIPTS])


def quick(name):
    return [name, "--quick", *FEW.get(name, [])]


@pytest.fixture(scope="module")
def on_ray():
    """Return what the quick forms give that share a Ray."""
    return run_many(map(quick, ON_RAY), ray=True)


@pytest.fixture(scope="module")
def in_process():
    """Return what the quick forms give that need no Ray."""
    return run_many(map(quick, sorted({*QUICK} - {*ON_RAY, "ray_tune_side_by_side"})))


@pytest.mark.xdist_group("help of the benchmarks")
@pytest.mark.parametrize("name", SCRIPTS)
def test_help_and_a_line_in_the_readme(helped, name):
    status, said, _ = helped[name]
    assert status == 0
    assert "--quick" in said
    assert f"`{name}.py`" in (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def nothing_kept():
    """See that a quick form keeps no result."""
    before = sorted(FOLDER.rglob("results/*"))
    yield
    assert sorted(FOLDER.rglob("results/*")) == before


@pytest.mark.xdist_group("quick forms on Ray")
@pytest.mark.parametrize("name", ON_RAY)
def test_the_quick_form_runs_on_ray(nothing_kept, on_ray, name):
    status, said, errors = on_ray[name]
    assert status == 0, errors
    assert SAYS[name] in said


@pytest.mark.xdist_group("quick forms in the process")
@pytest.mark.parametrize("name", sorted({*QUICK} - {*ON_RAY, "ray_tune_side_by_side"}))
def test_the_quick_form_runs(nothing_kept, in_process, name):
    status, said, errors = in_process[name]
    assert status == 0, errors
    assert SAYS[name] in said


def test_the_quick_form_beside_ray_tune_runs(nothing_kept):
    done = run("ray_tune_side_by_side", "--quick")
    assert done.returncode == 0, done.stderr
    assert SAYS["ray_tune_side_by_side"] in done.stdout


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
    assert done.stdout in (ROOT / "docs" / "collection.md").read_text(encoding="utf-8"), (
        "put the output of `python benchmarks/collection.py --overview` into docs/collection.md"
    )
