import dataclasses
import re

from egan.report import main
from egan.reporting.about import read_about, write_about
from egan.run import main as run


def test_a_report_is_made_again(tiny_run, capsys):
    before = (tiny_run / "report.html").read_text()
    (tiny_run / "report.html").unlink()
    assert main([str(tiny_run)]) == 0
    assert capsys.readouterr().out == f"{tiny_run}/report.html\n"
    assert len((tiny_run / "report.html").read_text()) == len(before)


def test_a_run_that_was_killed_has_one_too(tiny_run):
    about = dataclasses.replace(read_about(tiny_run), length=9, ended=-1)
    write_about(tiny_run, about)
    assert main([str(tiny_run)]) == 0
    assert "under way at 4 of 9 generations" in (tiny_run / "report.html").read_text()


def test_it_says_what_fitness_means(tiny_run):
    page = (tiny_run / "report.html").read_text()
    assert re.search(r"Fitness is quality plus [\d.]+ times diversity", page)
    assert "of 8" in page


def test_what_is_no_run_is_told(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "no config.yaml" in capsys.readouterr().err
    assert main([]) == 2
    assert "got no run" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_report_from_under_way_does_not_make_a_run_finished(tiny_run, capsys):
    write_about(tiny_run, dataclasses.replace(read_about(tiny_run), ended=-1))
    assert run(["--resume", str(tiny_run)]) == 0
    assert "is finished" not in capsys.readouterr().out
    assert read_about(tiny_run).ended == 4
    assert run(["--resume", str(tiny_run)]) == 0
    assert "is finished: 4 generations" in capsys.readouterr().out
