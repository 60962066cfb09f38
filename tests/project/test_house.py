"""The layout of the repository: which way imports go, what they load, and what ours are called."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "mutations": set(),
    "fitness": set(),
    "population": {"mutations", "fitness"},
    "egan": {"mutations", "fitness", "population"},
}
ENGINE = (
    *(
        "errors",
        "extras",
        "state",
        "switches",
        "seeding",
        "strategy",
        "spaces",
        "environment",
        "member",
        "worker",
    ),
    *("records", "plots", "testing", "strategies", "callbacks", "executors"),
    *("scheduler", "search", "asynchronous", "adapters"),
)
"""The modules and folders of `population`; each imports only what stands before it."""
WINGS = (
    *(
        "eager",
        "errors",
        "files",
        "lazy",
        "memory",
        "weights_file",
        "simulators",
        "data",
        "networks",
        "losses",
        "augmentation",
        "judging",
        "config",
    ),
    *("reporting", "watching", "tasks", "training", "evolution", "collection", "sampling", "runs"),
    *(
        "comparison",
        "forking",
        "commandline",
        "compare",
        "plot",
        "run",
        "fork",
        "sample",
        "judge",
        "report",
        "watch",
    ),
)
"""The same of `egan`."""
ORDERS = {"population": ENGINE, "egan": WINGS}
MACHINERY = ("__init__", "api", "conformance", "saved", "search", "testing")
"""What of `egan.collection` is no paper."""
FILES = [path for name in ALLOWED for path in sorted((ROOT / name).rglob("*.py"))]


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def imported_at_once(statements):
    """What a module imports while it is loaded: not in functions, not for the type checker."""
    for node in statements:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from imported_at_once(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from imported_at_once(ast.iter_child_nodes(node))


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_go_one_way(package):
    for path in (ROOT / package).rglob("*.py"):
        for module in imported(path):
            top = module.split(".")[0]
            assert top not in ALLOWED or top == package or top in ALLOWED[package], (path, module)


@pytest.mark.parametrize("package", ORDERS)
def test_imports_within_a_package_go_one_way(package):
    folder, order = ROOT / package, ORDERS[package]
    found = {path.stem for path in folder.glob("*.py")} | {
        path.parent.name for path in folder.glob("*/*.py")
    }
    assert found == {"__init__", *order}
    for path in folder.rglob("*.py"):
        place = path.relative_to(folder).with_suffix("").parts[0]
        below = order[: order.index(place) + 1] if place in order else ()
        for name in imported_at_once(ast.parse(path.read_text()).body):
            top, *rest = name.split(".")
            assert top != package or (rest[:1] and rest[0] in below), (path, name)


def papers():
    """Return the files of each paper of the collection."""
    folder = ROOT / "egan" / "collection"
    flat = [path for path in folder.glob("*.py") if path.stem not in MACHINERY]
    return {path.stem: [path] for path in flat} | {
        path.name: sorted(path.glob("*.py"))
        for path in folder.iterdir()
        if (path / "model.py").exists()
    }


def test_a_paper_knows_no_other_and_little_of_ours():
    found = papers()
    assert len(found) >= 15
    for name, files in found.items():
        for path in files:
            body = ast.parse(path.read_text()).body
            ours = [n for n in ast.walk(ast.Module(body, [])) if isinstance(n, ast.ImportFrom)]
            ours = {n.module for n in ours if n.module.split(".")[0] in ALLOWED}
            ours = {m for m in ours if not m.startswith(f"egan.collection.{name}")}
            assert len(ours) <= 8, (path, ours)
            others = {m.split(".")[2] for m in ours if m.startswith("egan.collection.")}
            assert others <= {name, *MACHINERY}, (path, others)


def test_no_file_is_long():
    long = {str(path): n for path in FILES if (n := len(path.read_text().splitlines())) > 400}
    assert not long


def test_the_engine_knows_no_gan():
    words = re.compile(r"\b(e-gans?|gans?|discriminators?|latent)\b", re.IGNORECASE)
    for path in (ROOT / "population").rglob("*.py"):
        assert not words.findall(path.read_text()), path


@pytest.mark.parametrize("package", ALLOWED)
def test_the_packages_imported_are_ours(package):
    code = f"import {package}; print({package}.__file__)"
    found = run(code).strip()
    assert Path(found).is_relative_to(ROOT)


@pytest.mark.parametrize("package", [*ALLOWED, "egan.losses", "egan.augmentation"])
def test_importing_a_package_loads_neither_torch_nor_ray(package):
    code = f"import sys, {package}; print([m for m in ('torch', 'ray') if m in sys.modules])"
    assert run(code).strip() == "[]"


def run(code):
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy", *(word for package in ALLOWED for word in ("-p", package))],
    ],
    ids=" ".join,
)
def test_the_linters_are_content(command):
    result = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
