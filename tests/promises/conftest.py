"""A run of the command line to tamper with, and traps that code would spring."""

import os
import shutil
from pathlib import Path

import pytest

from egan.run import main

TINY = (
    *("gaussians8", "--executor", "inline", "--generations", "2", "--look-every", "1"),
    *("--width", "8", "--discriminator-width", "8"),
    *("--batch-size", "16", "--evolution.num-samples", "16"),
)

FEW = {"egan.data.kinds.Points.num_judged": 300, "egan.tasks.Task.num_judged": 50}


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """Return the folder of a finished run; tests take copies."""
    output = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in FEW.items():
            patch.setattr(name, value)
        assert main([*TINY, "--output", str(output)]) == 0
    return output / "00000-gaussians8"


@pytest.fixture
def run(finished, tmp_path, monkeypatch):
    """Return the folder of a finished run, for one test alone."""
    for name, value in FEW.items():
        monkeypatch.setattr(name, value)
    return Path(shutil.copytree(finished, tmp_path / "00000-gaussians8"))


class Trap:
    """Makes a folder where it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("sprung",)


@pytest.fixture
def trap():
    return Trap()


@pytest.fixture
def lay_module(monkeypatch):
    """Return what lays a module that Python finds, and that makes a folder where it is imported."""

    def lay(folder, name):
        line = "import os; os.mkdir(os.path.join(os.path.dirname(__file__), 'sprung')); f = len\n"
        (folder / f"{name}.py").write_text(line)
        monkeypatch.syspath_prepend(str(folder))

    return lay


@pytest.fixture
def told(capsys):
    """Return what runs a command that must end with a message alone, and gives the message."""

    def run_command(words, status=2):
        capsys.readouterr()
        assert main([str(word) for word in words]) == status
        error = capsys.readouterr().err
        assert "Traceback" not in error
        return error

    return run_command
