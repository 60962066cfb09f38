import subprocess
import sys

import pytest
from PIL import Image

from egan.plot import main

HEAVY = ("torch", "ray", "matplotlib", "pandas", "numpy")


def test_one_run_is_drawn_and_summed_up(run_directory, tmp_path, capsys):
    output = tmp_path / "one.png"
    assert main([str(run_directory()), "--output", str(output)]) == 0
    with Image.open(output) as picture:
        assert picture.width > 1000
    printed = capsys.readouterr().out
    assert f"wrote {output}" in printed
    header, row = printed.splitlines()[:2]
    assert " ".join(header.split()) == "curve runs generations final fitness final Fréchet distance"
    assert row.split()[:3] == ["00000-digits", "1", "60"]
    assert row.split()[-1] == "5"


def test_runs_that_differ_in_the_seed_share_a_curve(run_directory, tmp_path, capsys):
    runs = [
        run_directory("00001-digits", seed=1),
        run_directory("00002-digits", seed=2),
        run_directory("00003-digits", seed=1, weight=0.3),
    ]
    output = ["--output", str(tmp_path / "runs.svg")]
    assert main([*map(str, runs), *output]) == 0
    rows = capsys.readouterr().out.splitlines()[1:3]
    assert rows[0].split()[:3] == ["digits", "2", "60"]
    assert "to" in rows[0]
    assert rows[1].split()[:2] == ["00003-digits", "1"]


def test_curves_of_one_name_are_told_apart_by_their_settings(run_directory, tmp_path, capsys):
    runs = [
        run_directory(f"{i:05d}-digits", seed=i, weight=weight)
        for i, weight in enumerate([0.1, 0.1, 0.2, 0.2])
    ]
    assert main([*map(str, runs), "--output", str(tmp_path / "runs.png")]) == 0
    rows = capsys.readouterr().out.splitlines()[1:3]
    assert rows[0].startswith("digits, fitness.diversity_weight=0.1  2")
    assert rows[1].startswith("digits, fitness.diversity_weight=0.2  2")


def test_runs_without_settings_have_a_curve_each(run_directory, tmp_path, capsys):
    runs = [run_directory(name) for name in ("a", "b")]
    for run in runs:
        (run / "config.yaml").unlink()
        (run / "metrics.csv").unlink()
    assert main([*map(str, runs), "--output", str(tmp_path / "runs.pdf")]) == 0
    rows = capsys.readouterr().out.splitlines()[1:3]
    assert [row.split()[0] for row in rows] == ["a", "b"]
    assert rows[0].endswith("-")


@pytest.fixture
def places(run_directory, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    places = {"run": run_directory(), "torn": run_directory("torn")}
    (places["torn"] / "config.yaml").write_text("a: [1,")
    for name in ("empty", "early"):
        places[name] = tmp_path / name
        places[name].mkdir()
    (places["early"] / "config.yaml").write_text("seed: 1")
    return places


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "at least one run"),
        (["nowhere"], "nowhere is not a folder"),
        (["{run}", "--score", "qualty"], "did you mean 'quality'"),
        (["{run}", "--output", "x.jpeg"], "must end in .png, .pdf, .svg"),
        (["{run}", "--output", "no/such/x.png"], "there is no folder 'no/such'"),
        (["{empty}"], "is not a run"),
        (["{early}"], "has no results yet"),
        (["{torn}"], "is no YAML"),
    ],
)
def test_bad_input_is_one_clear_line_and_status_2(places, capsys, arguments, message):
    assert main([argument.format(**places) for argument in arguments]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_an_unknown_option_is_status_2(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--scor", "x"])
    assert stopped.value.code == 2
    assert "--score" in capsys.readouterr().err


def test_help_teaches_and_loads_nothing_heavy():
    code = (
        "import sys\n"
        "from egan.plot import main\n"
        "try:\n    main(['--help'])\n"
        f"finally:\n    print('LOADED', [m for m in {HEAVY} if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "python -m egan.plot runs/00003-digits" in done.stdout
    assert "--score" in done.stdout
    assert "LOADED []" in done.stdout


def test_the_module_is_a_command(tmp_path):
    command = [sys.executable, "-m", "egan.plot", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "is not a run" in done.stderr
    assert "Traceback" not in done.stderr
