"""E-GAN whose contests are rare, with a bandit in between."""

import pandas as pd
import pytest
from gans import search_for, task_for, tiny_config

from egan.collection.egan.model import Egan
from egan.commandline.overview import overview
from egan.evolution.whole import WholeEvolution
from egan.run import main
from egan.runs.checks import checked
from population.testing import check_member

FLAGS = ("--evolution.contest-every", "3", "--evolution.bandit", "--evolution.num-survivors", "2")


def bandit(*, evolve="minimax,heuristic,least_squares", search=None, **changes):
    evolution = {"contest_every": 3, "bandit": True} | changes
    return checked(tiny_config(evolution=evolution, evolve=evolve, search=search or {}))


def rows(directory):
    return pd.read_csv(directory / "results.csv").drop(columns=["run", "seconds"])


@pytest.mark.parametrize("stop", [5, 7])
def test_a_run_with_a_bandit_is_resumed_bit_for_bit(stop, tiny, tmp_path):
    words = [*tiny, *FLAGS, "--checkpoint-every", "1", "--look-every", "12"]
    assert main([*words, "--generations", "12"]) == 0
    assert main([*words, "--generations", str(stop)]) == 0
    cut = tmp_path / "00001-gaussians8"
    assert main(["--resume", str(cut), "--generations", "12"]) == 0
    whole = rows(tmp_path / "00000-gaussians8")
    assert whole.groupby("generation").size().tolist() == [6, 2, 2] * 4
    pd.testing.assert_frame_equal(rows(cut), whole, check_exact=True)


def test_the_bandit_is_part_of_a_runs_identity_and_changes_its_children():
    def history(config):
        search = search_for(config)
        return search.identity, search.run(30).history

    identity, proposed = history(bandit())
    other_identity, repeated = history(bandit(bandit=False))
    assert identity != other_identity
    assert proposed.groupby("generation").size().tolist() == [3, 1, 1] * 10
    assert not proposed["operator"].equals(repeated["operator"])
    assert history(bandit())[1]["fitness"].equals(proposed["fitness"])


def test_a_member_of_a_search_takes_its_bandit_along():
    config = bandit(search={"interval": 4})
    task = task_for(config)
    check_member(
        lambda h: WholeEvolution(h, config=config, game=Egan, task=task),
        {"generator_lr": 1e-3},
        changed={"generator_lr": 2e-3},
    )


def test_a_dry_run_says_how_rare_contests_are():
    said = overview(bandit())
    assert "of 1 survivor; a contest every 3 generations, the bandit's choice in between" in said
    assert "the last winner's mutation in between" in overview(bandit(bandit=False))
    assert "in between" not in overview(tiny_config())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"contest_every": 1}, "got --evolution.contest-every 1, .* expected 2 or more"),
        ({"random_mutation": True}, "got --evolution.random-mutation, which holds none"),
        ({"evolve": "heuristic"}, "got --evolve heuristic alone"),
    ],
)
def test_a_bandit_without_a_choice_or_a_contest_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        bandit(**changes)
