"""Ctrl-C and SIGTERM, sent to real processes."""

import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from egan.run import main


class Process:
    """The command line in a process group of its own, as a terminal would run it."""

    def __init__(self, words, directory):
        self.log = directory / "stderr"
        command = [sys.executable, "-m", "egan.run", *words, "--output", str(directory)]
        with self.log.open("w") as stderr:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=stderr, text=True, start_new_session=True
            )

    def wait_for(self, text):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if text in self.log.read_text():
                return
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        self.send(signal.SIGKILL)
        raise AssertionError(f"{text!r} never came: {self.log.read_text()}")

    def send(self, number):
        os.killpg(self.process.pid, number)

    def end(self):
        """Return exit status, stdout and stderr."""
        try:
            out, _ = self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            raise
        return self.process.returncode, out, self.log.read_text()


LONG = ["gaussians8", "--generations", "100000", "--look-every", "20"]
LONG += ["--width", "8", "--discriminator-width", "8"]


@pytest.mark.parametrize(
    ("executor", "number", "status"),
    [("ray", signal.SIGINT, 130), ("inline", signal.SIGTERM, 143)],
)
def test_the_first_signal_stops_cleanly(executor, number, status, tmp_path):
    workers = ["--workers", "2"] if executor == "ray" else []
    process = Process([*LONG, "--executor", executor, *workers], tmp_path)
    process.wait_for("generation 20/")
    process.send(number)
    returncode, out, error = process.end()
    assert returncode == status, error
    assert "Traceback" not in error
    assert "died" not in error
    directory = tmp_path / "00000-gaussians8"
    assert f"python -m egan.run --resume {directory}" in out
    assert (directory / "report.html").exists()
    done = pd.read_csv(directory / "results.csv")["generation"].max()
    assert (directory / f"checkpoints/{done:08d}").is_dir()
    more = ["--generations", str(done + 2), "--executor", "inline"]
    assert main(["--resume", str(directory), *more]) == 0
    assert pd.read_csv(directory / "results.csv")["generation"].max() == done + 2


def test_the_second_signal_quits_at_once(tmp_path):
    slow = ["--executor", "inline", "--width", "512", "--batch-size", "10000"]
    process = Process(["gaussians8", "--look-every", "1", *slow], tmp_path)
    process.wait_for("generation 1/")
    process.send(signal.SIGINT)
    process.wait_for("press Ctrl-C again")
    started = time.monotonic()
    process.send(signal.SIGINT)
    returncode, said, error = process.end()
    assert returncode == 130
    assert time.monotonic() - started < 20
    assert f"--resume {tmp_path}/00000-gaussians8" in said + error
    assert "Traceback" not in error


def test_a_signal_before_the_first_generation_keeps_nothing(tmp_path):
    slow = ["--executor", "inline", "--width", "512", "--batch-size", "50000"]
    process = Process(["gaussians8", *slow], tmp_path)
    process.wait_for("generation 0/")
    process.send(signal.SIGINT)
    returncode, _, error = process.end()
    assert returncode == 130
    assert "nothing is kept" in error
    assert list(tmp_path.glob("0*")) == []
