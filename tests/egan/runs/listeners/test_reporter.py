"""A report while the run goes on, and none of its failures at the run's cost."""

import dataclasses
from types import SimpleNamespace

import pytest

from egan.reporting.about import About, read_about, write_about
from egan.reporting.report import write_report
from egan.runs.listeners import reporter
from egan.runs.listeners.reporter import Reporter

ABOUT = About(kind="evolve", length=100, fitness="Fitness is <what>.")


class Looker:
    generations = 60

    def is_due(self, number):
        return number % 10 == 0


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(reporter.time, "monotonic", lambda: clock.now)
    return clock


def listener(directory):
    made = Reporter(directory, Looker(), ABOUT)
    made.on_start(None, 60)
    return made


def hear(made, number):
    made.on_generation(None, SimpleNamespace(number=number))


def test_it_is_written_at_looks_once_there_was_some_time(run_directory, clock):
    run = run_directory()
    made = listener(run)
    for number, now, there in ((10, 5.0, False), (11, 12.0, False), (20, 13.0, True)):
        clock.now = now
        hear(made, number)
        assert (run / "report.html").exists() == there
    assert read_about(run).ended == -1
    page = (run / "report.html").read_text()
    assert 'http-equiv="refresh"' in page
    assert "under way at 60 of 100 generations" in page
    assert "Fitness is &lt;what&gt;." in page


def test_reports_take_a_twentieth_of_the_time(run_directory, clock, monkeypatch):
    written = []

    def slow(directory):
        written.append(clock.now)
        clock.now += 4.0

    monkeypatch.setattr("egan.reporting.report.write_report", slow)
    made = listener(run_directory())
    for clock.now in (20.0, 60.0, 103.9, 104.1, 150.0):
        hear(made, 10)
    assert written == [20.0, 104.1]


def test_the_last_look_is_left_to_the_outcome(run_directory, clock):
    made = listener(run_directory())
    clock.now = 100.0
    hear(made, 60)
    assert not (made.directory / "report.html").exists()


def test_a_report_that_fails_does_not_cost_the_run(run_directory, clock, monkeypatch, caplog):
    def fail(directory):
        raise ValueError("no room")

    monkeypatch.setattr("egan.reporting.report.write_report", fail)
    made = listener(run_directory())
    clock.now = 100.0
    hear(made, 10)
    assert "the report could not be written: no room" in caplog.text


def test_the_report_of_a_run_that_ended_is_not_loaded_anew(run_directory):
    run = run_directory()
    write_about(run, dataclasses.replace(ABOUT, ended=60))
    page = write_report(run).read_text()
    assert "refresh" not in page
    assert "stopped at 60 of 100 generations" in page
    write_about(run, dataclasses.replace(ABOUT, length=60, ended=60))
    assert "stopped at" not in write_report(run).read_text()
