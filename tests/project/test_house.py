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
FILES = [path for name in ALLOWED for path in sorted((ROOT / name).rglob("*.py"))]


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_go_one_way(package):
    for path in (ROOT / package).rglob("*.py"):
        for module in imported(path):
            top = module.split(".")[0]
            assert top not in ALLOWED or top == package or top in ALLOWED[package], (path, module)


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


@pytest.mark.parametrize("package", ALLOWED)
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
        ["mypy", "-p", "population", "-p", "mutations", "-p", "fitness"],
        ["mypy", "-p", "egan"],
    ],
    ids=" ".join,
)
def test_the_linters_are_content(command):
    result = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
