"""How a run stands, by its locks, its journal and the end of its log."""

import subprocess
import sys

import pytest

from egan.reporting.view import RunView
from egan.watching.status import state, status
from population.records.lock import Lock, is_held

LINE = "2026-11-26 07:00:00,123 {} {}: {}\n"
GOING_ON = LINE.format("INFO", "egan", "going on from generation 20")


def ended(text, level="INFO"):
    return LINE.format(level, "egan.journal", text)


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("", "killed"),
        (GOING_ON, "killed"),
        (ended("ended with status 0"), "finished"),
        (ended("ended with status 1"), "finished"),
        (ended("ended with status 130"), "stopped"),
        (ended("ended: boom", "ERROR") + "Traceback:\n  more\nValueError: boom\n", "failed"),
        (ended("ended with status 0") + GOING_ON, "killed"),
        ("\xff\xfe no log at all", "killed"),
    ],
)
def test_the_end_of_the_log_says_how_it_ended(tmp_path, log, expected):
    (tmp_path / "config.yaml").write_text("generations: 5\n")
    (tmp_path / "log.txt").write_text(log)
    assert state(tmp_path) == expected


def test_a_search_of_ones_own_has_no_log(tmp_path):
    assert state(tmp_path) == "ended"


@pytest.mark.parametrize("place", ["", "checkpoints"])
def test_who_holds_its_folder_runs_it(tmp_path, place):
    folder = tmp_path / place
    folder.mkdir(exist_ok=True)
    lock = Lock(folder)
    assert state(tmp_path) == "running"
    lock.close()
    assert state(tmp_path) == "ended"


def test_asking_keeps_nobody_from_the_folder(tmp_path):
    """Another process asks all the time, while a lock is taken again and again."""
    code = (
        "import sys, pathlib; from population.records.lock import is_held\n"
        "print('go', flush=True)\n"
        "while True: is_held(pathlib.Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as asker:
        try:
            assert asker.stdout is not None
            asker.stdout.readline()
            for _ in range(200):
                Lock(tmp_path).close()
        finally:
            asker.kill()
    assert not is_held(tmp_path)


def test_how_far_it_is(run_directory, results):
    stands = status(RunView(run_directory(table=results(60))))
    assert (stands.done, stands.problem) == (60, "")


def test_what_cannot_be_read_is_broken(run_directory):
    path = run_directory()
    (path / "results.csv").write_text("nothing,of,the\nkind,at,all\n")
    stands = status(RunView(path))
    assert stands.state == "broken"
    assert "results.csv" in stands.problem
