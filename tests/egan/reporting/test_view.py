"""What a notebook, and the live page, see of a run directory: whole, begun, broken, or none."""

import base64
import hashlib
import re

import pytest

from egan.plot import draw
from egan.reporting.about import About
from egan.reporting.view import RunView
from egan.runs.folder import RunDirectory


def tree(folder):
    """Return what is in a folder, byte for byte."""
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in folder.rglob("*")
    }


def test_a_run_shows_headline_curves_and_last_samples(run_directory):
    path = run_directory()
    before = tree(path)
    view = RunView(path)
    page = view._repr_html_()
    assert tree(path) == before
    assert "Fréchet" in page
    assert len(re.findall("data:image/png", page)) == 3
    when, samples = view.samples()
    assert f'samples</th><td style="text-align:left">{when}' in page
    assert base64.b64encode(samples.read_bytes()).decode() in page


def test_figures_are_returned(run_directory):
    figures = RunView(run_directory()).figures()
    assert list(figures) == ["score", "mutations", "parts", "looks"]
    assert all(figure._repr_png_().startswith(b"\x89PNG") for figure in figures.values())


def test_a_search_has_its_lineage(run_directory, results):
    table = results(5, operators=("", "", ""), num_survivors=3)
    view = RunView(run_directory(table=table, about=About(kind="search", unit="rounds")))
    assert "lineage" in view.drawings()
    assert view.figures()["lineage"]._repr_png_()


def test_runs_are_drawn_into_one_figure(run_directory):
    figure = draw([run_directory("00000-a"), run_directory("00001-b", seed=1)])
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_a_run_that_just_began_shows_what_there_is(tmp_path):
    (tmp_path / "config.yaml").write_text("seed: 3\n")
    page = RunView(tmp_path)._repr_html_()
    assert "seed" in page
    assert "<img" not in page


def test_what_cannot_be_read_is_said_as_text(run_directory):
    path = run_directory()
    (path / "about.json").write_text('{"kind": "<script>"}')
    page = RunView(path)._repr_html_()
    assert "cannot be read" in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page


def test_what_is_no_run_is_refused(tmp_path, run_directory):
    with pytest.raises(ValueError, match="is no run directory"):
        RunView(tmp_path)
    (tmp_path / "link").symlink_to(run_directory())
    with pytest.raises(ValueError, match="is a link"):
        RunView(tmp_path / "link")


def test_a_run_directory_that_is_at_work_shows_itself(run_directory):
    directory = RunDirectory(run_directory(), is_new=False)
    try:
        assert "<img" in directory._repr_html_()
    finally:
        directory.close()
