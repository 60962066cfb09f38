import subprocess
import sys

import pytest
from PIL import Image

from egan.plot import main
from egan.reporting.about import About

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
    assert rows[0].startswith("digits, evolution.diversity_weight=0.1  2")
    assert rows[1].startswith("digits, evolution.diversity_weight=0.2  2")


def test_runs_without_settings_have_a_curve_each(run_directory, tmp_path, capsys):
    runs = [run_directory(name) for name in ("a", "b")]
    for run in runs:
        (run / "config.yaml").unlink()
        (run / "metrics.csv").unlink()
    assert main([*map(str, runs), "--output", str(tmp_path / "runs.pdf")]) == 0
    rows = capsys.readouterr().out.splitlines()[1:3]
    assert [row.split()[0] for row in rows] == ["a", "b"]
    assert len(rows[0].split()) == 4


def test_a_figure_that_is_there_is_overwritten_only_where_that_is_asked_for(
    run_directory, tmp_path, capsys
):
    output = tmp_path / "mine.png"
    output.write_text("a picture of mine")
    words = [str(run_directory()), "--output", str(output)]
    assert main(words) == 2
    assert "write over it with --overwrite" in capsys.readouterr().err
    assert output.read_text() == "a picture of mine"
    assert main([*words, "--overwrite"]) == 0
    with Image.open(output) as picture:
        assert picture.format == "PNG"


def training_in(run_directory, results, **options):
    about = About(kind="train", unit="rounds", interval=100, step="updates", **options)
    return run_directory("00001-vae", table=results(20, operators=("",)), about=about)


def test_runs_of_different_kinds_are_compared_over_seconds(
    run_directory, results, tmp_path, capsys
):
    runs = [str(run_directory()), str(training_in(run_directory, results))]
    assert main([*runs, "--output", str(tmp_path / "runs.png")]) == 0
    printed = capsys.readouterr().out
    header, *rows = printed.splitlines()[:3]
    assert header.split()[:3] == ["curve", "runs", "seconds"]
    assert [row.split()[2] for row in rows] == ["6", "2"]
    assert "its own discriminator's" in printed
    assert main([*runs, "--output", str(tmp_path / "other.png"), "--axis", "updates"]) == 2
    assert "counts generations, not updates" in capsys.readouterr().err


def test_a_training_is_drawn_over_its_updates_unless_seconds_are_asked_for(
    run_directory, results, tmp_path, capsys
):
    words = [str(training_in(run_directory, results, leading=("coverage",)))]
    assert main([*words, "--output", str(tmp_path / "a.png")]) == 0
    header, row = capsys.readouterr().out.splitlines()[:2]
    assert " ".join(header.split()) == "curve runs updates final fitness final coverage"
    assert row.split()[2] == "2000"
    assert main([*words, "--output", str(tmp_path / "b.png"), "--axis", "seconds"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[2] == "2"


def test_weak_features_are_told_of(run_directory, tmp_path, capsys, monkeypatch):
    titles = []
    monkeypatch.setattr(
        "egan.reporting.plots.comparison.dress", lambda *axes, title, **rest: titles.append(title)
    )
    told = About(
        kind="evolve", caveat="in weak features: the classifier is 40% right", leading=("frechet",)
    )
    runs = [str(run_directory()), str(run_directory("00001-photos", about=told))]
    assert main([*runs, "--output", str(tmp_path / "runs.png")]) == 0
    last = capsys.readouterr().out.splitlines()[-2]
    assert last == f"digits: Fréchet distance ({told.caveat})."
    assert [title.endswith("(in weak features)") for title in titles] == [False, True]


def test_niches_have_no_fitness_to_draw(run_directory, results, tmp_path, monkeypatch):
    titles = []
    monkeypatch.setattr(
        "egan.reporting.plots.comparison.dress", lambda *axes, title, **rest: titles.append(title)
    )
    niches, evolution = About(kind="niches"), About(kind="evolve")
    runs = [
        str(run_directory(f"0000{i}-digits", about=about))
        for i, about in enumerate((niches, niches, evolution))
    ]
    assert main([*runs[:2], "--output", str(tmp_path / "niches.png")]) == 0
    assert main([*runs, "--output", str(tmp_path / "all.png")]) == 0
    assert main([*runs[:2], "--score", "quality", "--output", str(tmp_path / "quality.png")]) == 0
    assert [title.split(" of ")[0] for title in titles] == [
        *("Fréchet distance",),
        *("Fitness", "Fréchet distance"),
        *("Quality", "Fréchet distance"),
    ]


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
