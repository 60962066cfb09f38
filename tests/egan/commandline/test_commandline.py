import dataclasses
import math
import os

import pytest

from egan import collection
from egan.commandline.parse import parse
from egan.config.file import to_yaml
from egan.errors import UserError

FOLDER = ["folder", "--data.image-size", "32"]


def test_nothing_given_is_the_default_preset():
    request = parse([])
    assert request.config == collection.preset("digits")
    assert (request.list, request.dry_run, request.resume) == (False, False, None)


def test_flags_change_single_settings_of_a_preset():
    config = parse(["gaussians25", "--generations", "6000", "--seed", "3"]).config
    assert config == dataclasses.replace(collection.preset("gaussians25"), generations=6000, seed=3)


def test_flags_of_lists_and_nested_settings():
    words = "--evolve hinge,heuristic --evolution.diversity-weight 0.3 --width 9 --workers 2"
    words += " --evolution.diversity-cap inf"
    config = parse(words.split()).config
    assert config.mutations == ("hinge", "heuristic")
    assert config.evolution.diversity_weight == 0.3
    assert config.evolution.diversity_cap == math.inf
    assert config.settings.width == 9
    assert config.workers == 2


def test_the_preset_may_stand_behind_the_flags():
    config = parse(["--seed", "3", "gaussians8"]).config
    assert config.settings == collection.preset("gaussians8").settings


def test_a_file_of_settings_is_a_starting_point(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(to_yaml(dataclasses.replace(collection.preset("gaussians8"), generations=7)))
    config = parse([str(path), "--seed", "5"]).config
    assert config == dataclasses.replace(collection.preset("gaussians8"), generations=7, seed=5)


def test_the_path_of_the_data_becomes_absolute():
    path = parse([*FOLDER, "--data.path", "photos/"]).config.data.path
    assert path == os.path.join(os.getcwd(), "photos")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("digts", "did you mean 'digits'"),
        ("nowhere.yaml", "there is no file of settings 'nowhere.yaml'"),
        ("no/where", "there is no file of settings"),
        ("--evolve minmax", "did you mean minimax"),
        ("--evolve minimax,minimax", "distinct"),
        ("--data.name digit", "did you mean 'digits'"),
        ("--network dcgn", "did you mean 'dcgan'"),
        ("--generator-lr -1", "--generator-lr must be a number above 0, but got -1.0"),
        ("--discriminator-lr nan", "--discriminator-lr must be a number above 0, but got nan"),
        ("--beta2 1", "--beta2 must be in [0, 1)"),
        ("--depth -1", "--depth must be 0 or more, but got -1"),
        ("--generations 0", "--generations must be 1 or more"),
        ("--seed -1", "--seed must be 0 or more"),
        ("--workers 0", "--workers must be 1 or more"),
        (
            "--evolution.diversity-cap 0",
            "--evolution.diversity-cap must be a number above 0, or inf",
        ),
        (
            "--evolution.diversity-weight inf",
            "--evolution.diversity-weight must be a number at least",
        ),
        ("--device cuda", "--gpus-per-worker above 0"),
    ],
)
def test_a_mistake_is_named(words, expected):
    with pytest.raises(UserError) as caught:
        parse(words.split())
    assert expected in str(caught.value)
    assert caught.value.status == 2


@pytest.mark.parametrize("words", ["--seed x", "--evolution.diversity-wight 1", "--executor rai"])
def test_flags_that_do_not_parse_exit_with_2(words, capsys):
    with pytest.raises(SystemExit) as caught:
        parse(words.split())
    assert caught.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_run_directory_is_told_from_a_file(tmp_path):
    (tmp_path / "config.yaml").write_text("seed: 1\n")
    with pytest.raises(UserError, match="--resume"):
        parse([str(tmp_path)])


def _run_directory(tmp_path):
    (tmp_path / "config.yaml").write_text(to_yaml(collection.preset("gaussians8")))
    return str(tmp_path)


def test_resume_takes_the_settings_of_the_run(tmp_path):
    directory = _run_directory(tmp_path)
    request = parse(["--resume", directory, "--generations", "9000", "--executor", "inline"])
    expected = dataclasses.replace(
        collection.preset("gaussians8"), generations=9000, executor="inline"
    )
    assert request.config == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--seed 3", "--seed was 0, now 3"),
        ("--generator-lr 0.5", "--generator-lr was 0.001, now 0.5"),
        ("--evolve hinge", "--evolve was minimax,heuristic,least_squares, now hinge"),
        (
            "--evolution.bandit --evolution.contest-every 4",
            "--evolution.bandit was False, now True",
        ),
    ],
)
def test_resume_refuses_what_would_change_the_result(tmp_path, words, expected):
    with pytest.raises(UserError) as caught:
        parse(["--resume", _run_directory(tmp_path), *words.split()])
    assert expected in str(caught.value)


@pytest.mark.parametrize("words", ["gaussians25", "digits"])
def test_resume_and_a_preset_exclude_each_other(tmp_path, words):
    with pytest.raises(UserError, match="leave out"):
        parse([words, "--resume", _run_directory(tmp_path)])


def test_resume_of_no_run(tmp_path):
    (tmp_path / "00003-digits").mkdir()
    with pytest.raises(UserError, match=r"is not a folder\. Did you mean .*00003-digits"):
        parse(["--resume", str(tmp_path / "0003-digits")])
    with pytest.raises(UserError, match=r"no run directory: it has no config\.yaml"):
        parse(["--resume", str(tmp_path / "00003-digits")])
