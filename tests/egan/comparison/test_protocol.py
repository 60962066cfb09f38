"""What a comparison's file says, and what it may not say."""

import json

import pandas as pd
import pytest
import yaml

from egan import compare
from egan.comparison.protocol import Mark, Protocol, protocol_of

SETTINGS = {
    "preset": "gaussians8",
    "generations": 3,
    "settings": {"width": 8, "discriminator_width": 8, "batch_size": 16, "depth": 1},
    "evolution": {"num_samples": 16},
}
MARK = {"method": "niches-2", "measure": "modes", "margin": 1, "apart": True}
WHOLE = {"seeds": 2, "methods": ["egan", "random", "niches-2"], "marks": [MARK]}


def written(tmp_path, **comparison):
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump({**SETTINGS, "comparison": comparison}))
    return str(path)


def test_a_file_says_what_is_compared_and_what_decides(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path, **WHOLE)
    assert protocol_of(path).marks == (Mark(**MARK),)
    assert compare.main([path, "--seeds", "1"]) == 0
    assert "**open, 1 of 2 seeds**" in capsys.readouterr().out
    assert compare.main([path]) == 0
    output = capsys.readouterr().out
    assert "# E-GAN and its parts on own, seeds 0 to 1" in output
    assert "**missed**: modes" in output or "**kept**: modes" in output
    results = pd.read_csv("comparisons/own/results.csv")
    assert len(results) == 2 * 2 * 3
    assert results["parameters"].nunique() == 2
    assert json.loads((tmp_path / "comparisons/own/comparison.json").read_text())["marks"]


def test_marks_cannot_be_changed_once_results_are_there(tmp_path, capsys):
    words = ["--output", str(tmp_path / "out"), "--methods", "egan", "--seeds", "1"]
    assert compare.main([written(tmp_path, **WHOLE), *words]) == 0
    easier = written(tmp_path, **{**WHOLE, "marks": [{**MARK, "margin": 0}]})
    assert compare.main([easier, *words]) == 2
    assert "another --output" in capsys.readouterr().err


def test_what_is_no_file_has_no_marks():
    assert protocol_of("gaussians8") == Protocol()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seeds": 0}, "--seeds must be 1 or more"),
        ({"cpu_seconds": -1.0}, "--cpu-seconds must be a number above 0"),
        ({"sedes": 3}, "did you mean 'seeds'"),
        ({"methods": ["egan", "niches"]}, "'niches-2'"),
        ({"marks": [{**MARK, "measure": "mode"}]}, "did you mean 'modes'"),
        ({"marks": [{**MARK, "measure": "saturated"}]}, "not saturated"),
        ({"marks": [{**MARK, "against": "minimax"}]}, "method of a mark 'minimax'"),
        ({"marks": [{**MARK, "seeds": 3}]}, "from 1 to the comparison's 2, but got 3"),
        ({"marks": [{**MARK, "margin": -1.0}]}, "at least 0, but got -1"),
        ({"marks": [{"method": "random", "measure": "modes"}]}, "asks for nothing"),
        ({"marks": [{"method": "random"}]}, "measure"),
        ({"marks": [{**MARK, "budget": "wall"}]}, "'steps' or 'cpu'"),
        ({"marks": 3}, "marks"),
    ],
)
def test_bad_files_are_one_line_and_status_2(tmp_path, capsys, changed, message):
    path = written(tmp_path, **{**WHOLE, **changed})
    assert compare.main([path, "--output", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_stranger_s_file_runs_no_code(tmp_path, capsys):
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump({**SETTINGS, "features": "os:abort"}))
    assert compare.main([str(path), "--output", str(tmp_path / "out")]) == 2
    assert "features" in capsys.readouterr().err
