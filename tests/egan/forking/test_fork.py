"""A fork is its run up to one generation, bit for bit, and differs by one decision after it."""

import csv
import errno
import json
import shutil

import pytest
import torch
from safetensors.torch import load_file

from egan.fork import main
from egan.run import main as run_main

GENERATIONS = 12
WORDS = [
    *("gaussians8", "--executor", "inline", "--generations", str(GENERATIONS)),
    *("--checkpoint-every", "2", "--look-every", "4", "--seed", "3"),
    *("--width", "8", "--discriminator-width", "8", "--batch-size", "16"),
    *("--evolution.num-samples", "16"),
]


@pytest.fixture(scope="module")
def _run(tmp_path_factory, judging_few):
    output = tmp_path_factory.mktemp("runs")
    with judging_few():
        assert run_main([*WORDS, "--output", str(output)]) == 0
    return output / "00000-gaussians8"


@pytest.fixture
def run(_run, tmp_path, _few_samples):
    return shutil.copytree(_run, tmp_path / _run.name)


def rows(path, name="results"):
    with (path / f"{name}.csv").open(newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def forked(run, *words):
    assert main([str(run), *words]) == 0
    [fork] = run.parent.glob("00001-*-fork")
    assert not list(run.parent.glob(".*"))
    return fork


def common(run, fork):
    """Return up to which generation the rows of two runs are the same."""
    first = [a["generation"] for a, b in zip(rows(run), rows(fork), strict=True) if a != b]
    return int(first[0]) - 1 if first else GENERATIONS


@pytest.mark.parametrize("at", [1, 9, 10])
def test_a_fork_that_changes_nothing_is_the_run_again(run, at):
    fork = forked(run, "--at", str(at))
    assert rows(fork) == rows(run)
    assert rows(fork, "metrics") == rows(run, "metrics")
    names = {path.name for path in (run / "samples").iterdir()}
    assert {path.name for path in (fork / "samples").iterdir()} == names
    mine, theirs = (load_file(path / "model.safetensors") for path in (fork, run))
    assert all(torch.equal(theirs[name], tensor) for name, tensor in mine.items())


def test_another_rate_from_one_generation_on(run, capsys):
    fork = forked(run, "--at", "9", "--generator-lr", "0.01")
    assert common(run, fork) == 9
    told = json.loads((fork / "fork.json").read_text())
    assert told["changed"] == ["--generator-lr was 0.001, now 0.01"]
    assert "generator_lr: 0.01" in (fork / "config.yaml").read_text()
    report = (fork / "report.html").read_text()
    assert f"A fork of {run} at generation 9: --generator-lr was 0.001, now 0.01." in report
    assert 'alt="Fitness of both runs"' in report
    assert str(fork / "fork.png") in capsys.readouterr().out


def test_another_child_survives(run):
    litter = [row for row in rows(run) if row["generation"] == "5"]
    loser = next(row["child"] for row in litter if row["survived"] == "False")
    fork = forked(run, "--at", "5", "--survivor", loser)
    [survivor] = [
        row for row in rows(fork) if row["generation"] == "5" and row["survived"] == "True"
    ]
    assert survivor["child"] == loser
    assert {row["parent"] for row in rows(fork) if row["generation"] == "6"} == {loser}
    scores = [[row["fitness"] for row in rows(x) if row["generation"] == "5"] for x in (run, fork)]
    assert scores[0] == scores[1]
    assert f"child {loser} of its litter survives" in (fork / "report.html").read_text()


def test_no_more_contests(run):
    fork = forked(run, "--at", "6", "--evolution.contest-every", "1000")
    sizes = [sum(row["generation"] == str(g) for row in rows(fork)) for g in (6, 7, 12)]
    assert sizes == [3, 1, 1]


def test_a_run_that_was_killed_and_resumed_forks_alike(run, tmp_path):
    whole = forked(run, "--at", "7", "--generator-lr", "0.01")
    other = tmp_path / "other"
    assert run_main([*WORDS, "--generations", "6", "--output", str(other)]) == 0
    killed = other / run.name
    assert run_main(["--resume", str(killed), "--generations", str(GENERATIONS)]) == 0
    assert main([str(killed), "--at", "7", "--generator-lr", "0.01"]) == 0
    assert rows(other / whole.name) == rows(whole)


def test_a_fork_goes_on_like_any_run(run):
    fork = forked(run, "--at", "9", "--generator-lr", "0.01")
    assert run_main(["--resume", str(fork), "--generations", "14"]) == 0
    assert rows(fork)[-1]["generation"] == "14"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "say where to fork, with --at GENERATION, or how many contests"),
        (["--at", "3", "--regret", "2"], "got both"),
        (["--at", "0"], "--at must be from 1 to 11"),
        (["--at", "12"], "--at must be from 1 to 11"),
        (
            ["--at", "3", "--seed", "4"],
            "--seed is what a fork shares with its run: it was 3, now 4",
        ),
        (["--at", "3", "--data.name", "gaussians25"], "--data is what a fork shares"),
        (["--at", "3", "--output", "memory://far"], "a fork is made in a folder of this machine"),
        (["--at", "3", "--survivor", "7"], "child 7 cannot survive"),
        (["--at", "3", "--width", "16"], "make other networks"),
        (["--at", "3", "--search", "pbt"], "cannot search"),
        (["--regret", "0"], "--regret must be 1 or more"),
        (["--regret", "2", "--generator-lr", "0.1"], "measures the run as it was"),
        (["--regret", "50", "--horizon", "2"], "the run has 10 contests with 2 generations after"),
    ],
)
def test_mistakes_are_one_message_and_leave_nothing(run, capsys, words, message):
    before = sorted(run.parent.iterdir())
    assert main([str(run), *words]) == 2
    assert message in capsys.readouterr().err
    assert sorted(run.parent.iterdir()) == before


def refused(run, *words):
    before = sorted(run.parent.iterdir())
    assert main([str(run), "--at", "9", *words]) == 2
    assert sorted(run.parent.iterdir()) == before


def test_an_altered_journal_is_told_and_leaves_nothing(run, capsys):
    journal = run / "results.csv"
    journal.write_text(journal.read_text().replace("fitness", "fatness", 1))
    refused(run)
    assert "results.csv" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["write_checkpoint", "make_numbered"])
def test_a_full_disk_is_told_and_leaves_nothing(run, capsys, monkeypatch, name):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(f"egan.forking.branch.{name}", full)
    refused(run)
    assert "No space left on device. Make room" in capsys.readouterr().err


def test_nothing_is_imported_from_inside_the_run(run, monkeypatch):
    (run / "torch.py").write_text("raise SystemExit('imported from the run')\n")
    monkeypatch.chdir(run)
    assert main([".", "--at", "9"]) == 0
    assert [path.name for path in run.parent.glob("*-fork")] == ["00001-gaussians8-fork"]


def test_help_and_what_is_no_run(tmp_path, capsys):
    assert main([str(tmp_path), "--at", "3"]) == 2
    assert "is no run directory" in capsys.readouterr().err
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    assert "--regret" in capsys.readouterr().out
