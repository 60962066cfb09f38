"""`python -m egan.run --search`, in this process, with tiny networks."""

import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from safetensors import safe_open

from egan import collection
from egan.collection.search import default_space
from egan.commandline.parse import parse
from egan.config.file import read_config
from egan.errors import UserError
from egan.evolution.whole import WholeEvolution, best_of
from egan.run import main
from population.records.schedule import Schedule

WORDS = (
    *("gaussians8", "--executor", "inline"),
    *("--width", "8", "--discriminator-width", "8"),
    *("--batch-size", "16", "--evolution.num-samples", "16"),
    *("--search", "pbt", "--population", "4", "--rounds", "3", "--interval", "2"),
)
RANGES = ("--space.generator-lr", "1e-5,1e-2,log", "--space.discriminator-steps", "1,2,3")


@pytest.fixture(scope="module")
def _made_once(tmp_path_factory, judging_few):
    output = tmp_path_factory.mktemp("made-once")
    with judging_few():
        assert main([*WORDS, *RANGES, "--output", str(output)]) == 0
    return output / "00000-gaussians8-pbt"


@pytest.fixture
def words(tmp_path, _few_samples):
    """Return the words of a tiny search in `tmp_path`."""
    return [*WORDS, *RANGES, "--output", str(tmp_path)]


@pytest.fixture
def finished(tmp_path, _made_once, _few_samples):
    """Return the directory of a finished search."""
    return Path(shutil.copytree(_made_once, tmp_path / "00000-gaussians8-pbt"))


def _prepared(directory):
    """Return the plan of a run, and what it was prepared with."""
    from egan.runs.plan import plan
    from egan.runs.preparation import prepare

    planned = plan(read_config(directory / "config.yaml", collection.preset))
    return planned, prepare(planned)


def _rows(directory, name="results.csv"):
    return pd.read_csv(directory / name).drop(columns=["seconds", "run"], errors="ignore")


def _same(one, other):
    for name in ("results.csv", "metrics.csv"):
        pd.testing.assert_frame_equal(_rows(one, name), _rows(other, name), check_exact=True)


def _told(words, capsys):
    capsys.readouterr()
    assert main([str(word) for word in words]) == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error
    return error


def test_a_search_leaves_everything_in_its_directory(finished):
    files = {path.name for path in finished.iterdir()}
    assert files == {
        *("config.yaml", "about.json", "versions.json", "results.csv", "metrics.csv"),
        *("alarms.csv", "lineage.csv", "log.txt"),
        *("timing.json", "samples", "checkpoints", "fitness.png"),
        *("model.safetensors", "best.safetensors"),
        *("hyperparameters.png", "lineage.png", "schedule.yaml", "report.html"),
    }
    report = (finished / "report.html").read_text()
    assert "The best member's schedule" in report
    assert "Score and hyperparameters" in report


def test_its_rows_have_the_hyperparameters_as_columns(finished):
    results = pd.read_csv(finished / "results.csv")
    assert len(results) == 3 * 4
    assert results["generator_lr"].between(1e-5, 1e-2).all()
    assert set(results["discriminator_steps"]) <= {1, 2, 3}
    assert {"fitness", "modes", "high_quality", "mmd"} <= set(results)
    lineage = pd.read_csv(finished / "lineage.csv")
    assert lineage["copied"].sum() == 2


def test_the_winners_schedule_is_that_of_its_ancestors(finished):
    schedule = Schedule.from_yaml(finished / "schedule.yaml")
    assert len(schedule) == 3
    results = pd.read_csv(finished / "results.csv")
    last = results[results["generation"] == 3]
    best = last.loc[last["fitness"].idxmax()]
    assert schedule.at(3).hyperparameters == {
        "generator_lr": best["generator_lr"],
        "discriminator_steps": best["discriminator_steps"],
    }


def test_the_generator_and_the_last_picture_are_the_best_members(finished):
    showcase = _prepared(finished)[1].showcase
    path = finished / "model.safetensors"
    with safe_open(path, "pt") as file:
        assert file.metadata()["steps"] == str(3 * 2)
    showcase.model = collection.load(path, task=showcase.task)
    with Image.open(finished / "samples/000003.png") as picture:
        assert np.array_equal(np.asarray(showcase.picture()), np.asarray(picture.convert("RGB")))


def test_the_first_picture_is_the_first_members_random_start(finished):
    from population.seeding import Seeds, seed_everything

    planned, prepared = _prepared(finished)
    showcase, game = prepared.showcase, prepared.model_type
    seed_everything(Seeds(planned.config.seed, 0, 0).own("build"))
    member = WholeEvolution({}, config=planned.config, game=game, task=prepared.task)
    showcase.load(best_of(member.state_dict()))
    with Image.open(finished / "samples/000000.png") as picture:
        assert np.array_equal(np.asarray(showcase.picture()), np.asarray(picture.convert("RGB")))


def test_its_settings_can_be_run_again(finished, tmp_path):
    search = read_config(finished / "config.yaml", collection.preset).search
    assert (search.strategy, search.population, search.rounds, search.interval) == ("pbt", 4, 3, 2)
    assert search.space == {"generator_lr": "1e-5,1e-2,log", "discriminator_steps": "1,2,3"}
    assert main([str(finished / "config.yaml"), "--output", str(tmp_path)]) == 0
    _same(finished, tmp_path / "00001-gaussians8-pbt")


def test_a_resumed_search_is_the_uninterrupted_one(finished, words, tmp_path):
    assert main(["--resume", str(finished), "--rounds", "5"]) == 0
    assert main([*words, "--rounds", "5"]) == 0
    _same(finished, tmp_path / "00001-gaussians8-pbt")


def test_a_finished_search_says_so(finished, capsys):
    assert main(["--resume", str(finished)]) == 0
    assert "is finished: 3 rounds. To go on:" in capsys.readouterr().out
    assert "has 3 rounds, but --rounds asks for 2" in _told(
        ["--resume", finished, "--rounds", "2"], capsys
    )


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("--population 5", "--population was 4, now 5"),
        ("--interval 3", "--interval was 2, now 3"),
        ("--search random", "--search was pbt, now random"),
        ("--search.quantile 0.5", "--search.quantile was None, now 0.5"),
        ("--space.generator-lr 1e-4,1e-2,log", "--space.generator-lr was 1e-5,1e-2,log, now 1e-4"),
    ],
)
def test_resume_refuses_what_would_change_the_result(changed, expected, finished, capsys):
    assert expected in _told(["--resume", finished, *changed.split()], capsys)


def test_ctrl_c_stops_after_the_round_with_a_checkpoint(words, tmp_path, capsys, monkeypatch):
    evaluate = WholeEvolution.evaluate

    def interrupted(self):
        if self.seeds.generation == 2 and self.seeds.child == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return evaluate(self)

    with monkeypatch.context() as patch:
        patch.setattr(WholeEvolution, "evaluate", interrupted)
        assert main(words) == 130
    directory = tmp_path / "00000-gaussians8-pbt"
    assert f"--resume {directory}" in capsys.readouterr().out
    assert _rows(directory)["generation"].max() == 2
    assert main(["--resume", str(directory)]) == 0
    assert main(words) == 0
    _same(directory, tmp_path / "00001-gaussians8-pbt")


@pytest.mark.parametrize("search", ["pb2", "mf_pbt", "fire_pbt", "random", "halving"])
def test_the_other_searches(search, words, tmp_path):
    assert main([*words, "--search", search]) == 0
    results = _rows(tmp_path / f"00000-gaussians8-{search}")
    assert results.groupby("generation").size().max() <= 4


def test_a_search_that_begins_anew(words, tmp_path):
    given = [*words, "--search", "ipbt", "--search.patience", "1", "--population", "2"]
    assert main([*given, "--rounds", "6"]) == 0
    directory = tmp_path / "00000-gaussians8-ipbt"
    results = pd.read_csv(directory / "results.csv")
    assert {"shrink-perturb", "fresh", "keep"} <= set(results["operator"].dropna())
    assert not results["error"].any()
    assert "patience: '1'" in (directory / "config.yaml").read_text()
    assert main(["--resume", str(directory), "--rounds", "8"]) == 0
    assert main([*given, "--rounds", "8"]) == 0
    _same(directory, tmp_path / "00001-gaussians8-ipbt")


def test_mutations_and_niches_are_searched_too(words, tmp_path):
    given = ["--space.niches", "0|2", "--space.evolve", "minimax|heuristic,least_squares"]
    assert main([*words, *given, "--seed", "1"]) == 0
    results = _rows(tmp_path / "00000-gaussians8-pbt")
    assert set(results["niches"]) == {0, 2}
    assert set(results["evolve"]) == {"minimax", "heuristic,least_squares"}
    assert (tmp_path / "00000-gaussians8-pbt" / "model.safetensors").exists()


def test_whole_niches_are_searched(words, tmp_path):
    place = words.index("--evolution.num-samples")
    scored = words[:place] + words[place + 2 :]
    assert main([*scored, "--evolution.niches", "2", "--rounds", "1"]) == 0
    directory = tmp_path / "00000-gaussians8-pbt"
    with safe_open(directory / "model.safetensors", "pt") as file:
        assert any(name.startswith("generator.1") for name in file.keys())  # noqa: SIM118


def test_images_are_compared_by_their_distance(words, tmp_path, monkeypatch):
    monkeypatch.setenv("EGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("egan.judging.classifier.MIN_STEPS", 5)
    monkeypatch.setattr("egan.judging.classifier.MAX_STEPS", 5)
    assert main(["digits", *words[1:], "--rounds", "1", "--population", "2"]) == 0
    results = _rows(tmp_path / "00000-digits-pbt")
    assert np.allclose(results["fitness"], -np.log(results["frechet"]))
    assert "classes" in results


def test_progress_names_the_leader_and_counts_copies(words, capsys, monkeypatch):
    monkeypatch.setattr("egan.runs.session.SECONDS_PER_LINE", 0.0)
    assert main(words) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "round 3/3" in line]
    assert "fitness" in lines[0]
    assert "generator_lr" in lines[0]
    assert "1 copied" in lines[0]


def test_a_dry_run_makes_nothing(words, tmp_path, capsys):
    assert main([*words, "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "pbt: 4 members, 3 rounds of 2 generations" in out
    assert "generator_lr 1e-5,1e-2,log, discriminator_steps 1,2,3" in out
    assert str(tmp_path / "00000-gaussians8-pbt") in out
    assert list(tmp_path.iterdir()) == []


def test_without_a_space_the_models_own_is_searched_and_written_down():
    space = default_space(collection.preset("digits"))
    assert parse(["digits", "--search", "pbt"]).config.search.space == space
    assert "diversity_weight" in space


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--search pbtt", "did you mean 'pbt' or"),
        ("--search evolution", "unknown search (--search) 'evolution'"),
        ("--space.generator-lr 0,1", "--space.generator-lr needs --search"),
        ("--search.quantile 0.3", "--search.quantile needs --search"),
        ("--search pbt --search.quantil 0.3", "did you mean '--search.quantile'"),
        ("--search pbt --search.quantile 0.9", "--search pbt: quantile=0.9: expected a share"),
        ("--search pbt --search.quantile", "--search.quantile has no value"),
        ("--search mf_pbt --population 3", "MFPBT needs an integer of at least 4"),
        ("--search pbt --space.generater-lr 0,1", "did you mean '--space.generator-lr'"),
        ("--search pbt --space.generator-lr 1e-5..1e-2", "is not a number; expected low,high"),
        ("--search pbt --space.generator-lr 0,1", "--generator-lr must be a number above 0"),
        ("--search pbt --space.ema-decay 0.9,1", "--ema-decay must be in [0, 1)"),
        ("--search pbt --space.discriminator-steps 0,1,2", "--discriminator-steps must be 1"),
        ("--search pbt --space.generator-lr", "--space.generator-lr has no value"),
        ("--search pbt --population 1", "--population must be 2 or more"),
        ("--search pbt --rounds 0", "--rounds must be 1 or more"),
        ("--search pbt --interval 0", "--interval must be 1 or more"),
        ("--search pb2 --space.generator-lr 0.1|0.2", "PB2 models numbers"),
    ],
)
def test_a_mistake_is_told_and_makes_no_directory(words, expected, tmp_path, capsys):
    given = ["gaussians8", *words.split(), "--output", tmp_path, "--executor", "inline"]
    assert expected in _told(given, capsys)
    assert list(tmp_path.iterdir()) == []


def test_lengths_without_effect_are_refused(words, tiny, capsys):
    assert "--generations" in _told([*words, "--generations", "7", "--rounds", "1"], capsys)
    assert "--rounds" in _told([*tiny, "--rounds", "7"], capsys)


def test_a_flag_that_does_not_exist_exits_with_2(capsys):
    with pytest.raises(SystemExit) as caught:
        parse(["--search", "pbt", "--populaton", "3"])
    assert caught.value.code == 2
    assert "--population" in capsys.readouterr().err


def test_the_catalogue_names_searches_and_hyperparameters(capsys):
    assert main(["--list"]) == 0
    out = capsys.readouterr().out
    assert "\n  halving " in out
    assert "\n  gradient-penalty-weight" in out


def test_a_failing_member_does_not_stop_the_search(words, tmp_path, monkeypatch):
    step = WholeEvolution.step

    def unlucky(self, operator=None):
        if self.seeds.child == 2 and self.seeds.generation == 1:
            raise RuntimeError("made to fail")
        step(self, operator)

    monkeypatch.setattr(WholeEvolution, "step", unlucky)
    assert main(words) == 0
    directory = tmp_path / "00000-gaussians8-pbt"
    results = pd.read_csv(directory / "results.csv")
    assert results["error"].notna().sum() == 1
    assert "made to fail" in (directory / "report.html").read_text()


def test_nothing_is_said_of_a_search_in_a_plain_run(tiny_run):
    assert "search" not in (tiny_run / "config.yaml").read_text()
    with pytest.raises(UserError, match="--search was None, now pbt"):
        parse(["--resume", str(tiny_run), "--search", "pbt"])
