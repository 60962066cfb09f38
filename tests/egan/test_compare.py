import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from egan import collection, compare
from egan.comparison.figure import comparison_figure
from egan.comparison.methods import default_methods, method_config
from egan.comparison.run import load_study
from egan.comparison.study import Study, Trial
from egan.comparison.table import markdown, ranked, relation, summary, verdict
from egan.config import to_dict
from egan.runs.checks import checked

SIZES = {"width": 8, "discriminator_width": 8, "batch_size": 16}


def small(preset="gaussians8", *, sizes=(("depth", 1),), **changed):
    """Return settings of a comparison that runs in seconds."""
    config = collection.preset(preset)
    return replace(
        config,
        generations=30,
        settings=config.settings.tuned({**SIZES, **dict(sizes)}),
        evolution=replace(config.evolution, num_samples=16),
        **changed,
    )


@pytest.fixture
def settings_file(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(to_dict(small())))
    return path


def arguments(settings_file, tmp_path, *more):
    return [str(settings_file), "--seeds", "2", "--output", str(tmp_path / "out"), *more]


def results_of(tmp_path):
    return pd.read_csv(tmp_path / "out" / "results.csv")


def table(**scores):
    """Return results at both budgets: method -> a list of (modes, high quality) by seed."""
    rows = [
        {
            "method": method,
            "seed": seed,
            "budget": budget,
            "generations": 10,
            "cpu_seconds": 1.0,
            "parameters": 100,
            "frechet": 1.0,
            "modes": modes,
            "high_quality": share,
            "jsd": 0.1,
        }
        for method, values in scores.items()
        for seed, (modes, share) in enumerate(values)
        for budget in ("steps", "cpu")
    ]
    return pd.DataFrame(rows)


def test_a_comparison_meets_both_budgets_and_goes_on_where_it_stopped(
    settings_file, tmp_path, capsys, monkeypatch
):
    words = arguments(settings_file, tmp_path, "--methods", "minimax", "egan", "bandit-10")
    assert compare.main(words) == 0
    results = results_of(tmp_path)
    assert len(results) == 12
    assert set(results["method"]) == {"egan", "minimax", "bandit-10"}
    steps = results[results["budget"] == "steps"]
    assert (steps["generations"] == 30).all()
    cpu = results[results["budget"] == "cpu"].set_index(["method", "seed"])["cpu_seconds"]
    for seed in (0, 1):
        assert cpu["minimax", seed] >= cpu["egan", seed] > 0
        assert cpu["bandit-10", seed] >= cpu["egan", seed]
    assert results["modes"].between(0, 8).all()
    output = capsys.readouterr().out
    assert "At the same CPU time, " in output
    for name in ("table.md", "table.csv", "comparison.png"):
        assert (tmp_path / "out" / name).stat().st_size > 0

    ran = []
    run = Study.run
    monkeypatch.setattr(Study, "run", lambda *a: ran.append((a[1].method, a[1].seed)) or run(*a))
    before = (tmp_path / "out" / "results.csv").read_text()
    assert compare.main(words) == 0
    assert ran == []
    assert (tmp_path / "out" / "results.csv").read_text() == before
    assert compare.main([*words, "random"]) == 0
    assert ran == [("random", 0), ("random", 1)]
    assert (tmp_path / "out" / "results.csv").read_text().startswith(before)


def test_a_run_that_was_killed_while_it_wrote_is_run_again_and_no_other(
    settings_file, tmp_path, monkeypatch
):
    words = arguments(settings_file, tmp_path, "--methods", "egan", "random")
    words += ["--generations", "3", "--cpu-seconds", "0.001"]
    assert compare.main(words) == 0
    path = tmp_path / "out" / "results.csv"
    whole = path.read_bytes()
    ran = []
    run = Study.run
    monkeypatch.setattr(Study, "run", lambda *a: ran.append((a[1].method, a[1].seed)) or run(*a))
    path.write_bytes(whole[:-20])
    assert compare.main(words) == 0
    assert ran == [("random", 1)]
    rows = whole.splitlines(keepends=True)
    assert path.read_bytes().startswith(b"".join(rows[:-1]))
    results = results_of(tmp_path)
    assert len(results) == 9
    assert pd.read_csv(tmp_path / "out" / "table.csv")["seeds"].eq(2).all()


def test_the_cpu_budget_can_be_given_and_processes_run_side_by_side(settings_file, tmp_path):
    words = arguments(
        settings_file, tmp_path, "--methods", "heuristic", "--cpu-seconds", "0.2", "--jobs", "2"
    )
    assert compare.main(words) == 0
    cpu = results_of(tmp_path).query("budget == 'cpu'")
    assert (cpu["cpu_seconds"] >= 0.2).all()
    assert (cpu["generations"] > 1).all()


def test_scores_at_equal_steps_are_the_same_bits_whatever_the_other_budget():
    study = load_study(small())
    trials = [
        Trial(method="egan", seed=3, generations=5, cpu_seconds=seconds) for seconds in (0.2, None)
    ]
    rows = [
        {row["budget"]: row for row in study.run(trial, lambda *_: None)}["steps"]
        for trial in trials
    ]
    for row in rows:
        del row["cpu_seconds"]
    assert rows[0] == rows[1]


def test_looking_at_samples_does_not_count_as_training(monkeypatch):
    study = load_study(small())
    judge = Study.judge

    def slow(self, search):
        end = time.process_time() + 0.5
        while time.process_time() < end:
            pass
        return judge(self, search)

    monkeypatch.setattr(Study, "judge", slow)
    rows = study.run(Trial(method="minimax", seed=0, generations=2), lambda *_: None)
    assert all(row["cpu_seconds"] < 0.5 for row in rows)


def test_a_run_that_diverges_keeps_its_place_with_nan():
    broken = small(sizes={"depth": 1, "generator_lr": 1e30})
    rows = load_study(broken).run(Trial(method="egan", seed=0, generations=50), lambda *_: None)
    assert [row["budget"] for row in rows] == ["steps", "cpu"]
    assert all(pd.isna(row["modes"]) for row in rows)
    assert rows[0]["generations"] < 50


def test_baselines_pay_for_no_scoring():
    config = checked(method_config(collection.preset("paper"), "heuristic", seed=7))
    assert config.mutations == ("heuristic",)
    assert config.evolution.diversity == "none"
    assert config.evolution.num_samples == 32
    assert config.evolution.num_children(config.mutations) == 1
    assert config.seed == 7
    digits = collection.preset("digits")
    drawn = checked(method_config(digits, "random", seed=0))
    assert drawn.evolution.random_mutation
    assert drawn.evolution.num_children(drawn.mutations) == 1
    rare = method_config(digits, "contest-10", seed=0)
    assert rare.evolution.contest_every == 10
    assert not rare.evolution.bandit
    assert rare.evolution.diversity == digits.evolution.diversity


def test_baselines_take_no_shortcut_of_scoring():
    config = small()
    shortcuts = replace(config, evolution=replace(config.evolution, reuse_gradient=True))
    vectorized = replace(config, arithmetic=replace(config.arithmetic, vectorize=True))
    for one in map(checked, (shortcuts, vectorized)):
        assert checked(method_config(one, "egan", seed=0)).evolution == one.evolution
        for method in ("heuristic", "random"):
            assert checked(method_config(one, method, seed=0)).mutations


def test_a_bandit_is_a_contest_that_is_rare_and_not_passed_on_to_other_methods():
    digits = collection.preset("digits")
    config = checked(method_config(digits, "bandit-7", seed=0))
    assert (config.evolution.contest_every, config.evolution.bandit) == (7, True)
    assert replace(config.evolution, bandit=False) == (
        method_config(digits, "contest-7", seed=0).evolution
    )
    for method in ("contest-3", "heuristic", "random"):
        assert not checked(method_config(config, method, seed=0)).evolution.bandit
    assert method_config(config, "egan", seed=0).evolution == config.evolution


def test_niches_are_compared_as_one():
    for preset in ("digits", "paper"):
        config = checked(method_config(collection.preset(preset), "niches-4", seed=5))
        assert config.evolution.niches == 4
        assert config.mutations == collection.preset(preset).mutations
        assert not checked(method_config(config, "heuristic", seed=5)).evolution.niches
    with pytest.raises(ValueError, match="niches-4"):
        method_config(config, "niches-0", seed=0)
    study = load_study(small())
    rows = study.run(Trial(method="niches-3", seed=1, generations=4), lambda *_: None)
    assert [row["generations"] for row in rows] == [4, 4]
    assert all(pd.notna(row["modes"]) for row in rows)
    assert study.prepared.showcase.model.networks.keys() == {
        "generator",
        "discriminator",
        "average",
    }


def test_default_methods_are_egan_its_parts_and_chance():
    methods = default_methods(collection.preset("gaussians25"))
    assert methods == ("egan", "minimax", "heuristic", "least_squares", "random")


def test_any_game_is_compared_with_its_parts(tmp_path, capsys):
    config = small("cgan", sizes={"latent_dim": 4}, evolve="minimax,heuristic")
    path = tmp_path / "cgan.yaml"
    path.write_text(yaml.safe_dump(to_dict(replace(config, generations=3))))
    methods = ("egan", "heuristic", "random", "contest-2", "bandit-2")
    words = arguments(path, tmp_path, "--seeds", "1", "--methods", *methods)
    assert compare.main(words) == 0
    results = results_of(tmp_path)
    assert set(results["method"]) == set(methods)
    assert np.isfinite(results["accuracy"]).all()
    assert "# E-GAN and its parts on cgan, seed 0" in capsys.readouterr().out


def test_a_game_that_is_trained_by_default_is_told_what_to_evolve_by():
    options = compare.Options(preset="dcgan", evolve="minimax,heuristic", generations=5)
    config = compare.settings(options)
    assert (config.preset, config.generations) == ("dcgan", 5)
    assert default_methods(config) == ("egan", "minimax", "heuristic", "random")
    protocol = compare.protocol_for(options, config)
    assert [one.method for one in compare.trials_of(options, config, protocol)][:1] == ["egan"]


def test_medians_and_spread():
    rows = summary(table(egan=[(20, 0.5), (25, 0.7), (24, 0.9)])).set_index(["budget", "score"])
    modes = rows.loc[("cpu", "modes")]
    assert (modes["median"], modes["min"], modes["max"], modes["seeds"]) == (24, 20, 25, 3)
    assert (modes["q1"], modes["q3"]) == (22, 24.5)


def test_a_lost_run_counts_as_the_worst():
    results = table(egan=[(20, 0.5), (float("nan"), float("nan")), (float("nan"), float("nan"))])
    assert summary(results).query("score == 'modes'")["median"].eq(0).all()


def test_the_verdict_tells_overlap_from_distance():
    results = table(
        egan=[(25, 0.8), (25, 0.9)],
        minimax=[(25, 0.7), (25, 0.85)],
        random=[(24, 0.9), (23, 0.9)],
        heuristic=[(25, 0.9), (25, 0.8)],
        least_squares=[(25, 0.4), (24, 0.5)],
    )
    said = verdict(results, "steps")
    assert "egan has the best median (modes 25, high quality 85.0%)" in said
    assert "The same median: heuristic." in said
    assert "so no evidence: minimax." in said
    assert "Worse in every seed than its worst: least_squares (high quality), random (mo" in said
    assert "| random " in markdown(results, title="t")


def test_distances_rank_from_below():
    results = table(egan=[(1, 1)], random=[(1, 1)]).drop(columns=["modes", "high_quality", "jsd"])
    results.loc[results["method"] == "random", "frechet"] = 0.5
    rows = summary(results).query("budget == 'cpu'").set_index(["method", "score"])
    assert ranked(rows, ["frechet"]) == ["random", "egan"]
    assert relation(rows, ["frechet"], "random", "egan") == "frechet"


def test_the_figure_has_a_dot_for_each_seed_and_a_bar_at_the_median():
    results = table(egan=[(20, 0.5), (25, 0.7), (24, 0.9)], random=[(20, 0.5)] * 3)
    figure = comparison_figure(results, title="t")
    assert len(figure.axes) == 4
    lines = figure.axes[0].get_lines()
    assert sorted(lines[0].get_xdata()) == [20, 24, 25]
    assert list(lines[2].get_xdata()) == [24, 24]


def test_the_figure_names_each_way_to_choose_and_gives_it_a_colour_of_its_own():
    methods = (*default_methods(collection.preset("gaussians25")), "contest-10", "bandit-10")
    axes = comparison_figure(table(**{name: [(20, 0.5)] for name in methods}), title="t").axes[0]
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names[-3:] == [
        "random mutation",
        "last winner, contest 1 in 10",
        "bandit, contest 1 in 10",
    ]
    assert len({line.get_color() for line in axes.get_lines()}) == len(methods)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gausians25"], "did you mean 'gaussians25'"),
        (["gaussians8", "--methods", "egan", "minmax"], "did you mean 'minimax'"),
        (["gaussians8", "--methods", "minimax"], "add egan"),
        (["gaussians8", "--methods", "egan", "bandit-0"], "did you mean 'bandit-10'"),
        (["gaussians8", "--methods", "egan", "bandit-1"], "--evolution.contest-every 1"),
        (["gaussians8", "--seeds", "0"], "--seeds must be 1 or more, but got 0"),
        (["gaussians8", "--generations", "-3"], "--generations must be 1 or more"),
        (["gaussians8", "--cpu-seconds", "nan"], "--cpu-seconds must be a number above 0"),
        (["gaussians8", "--first-seed", "-1"], "--seed must be 0 or more"),
        (["nowhere.yaml"], "no file of settings 'nowhere.yaml'"),
        (["dcgan"], "--evolve minimax,heuristic,least_squares"),
        (["vae", "--evolve", "minimax"], "vae has no discriminator"),
        (["gaussians8", "--evolve", "minmax"], "did you mean minimax"),
        (["folder"], "--data.path"),
    ],
)
def test_bad_input_is_one_line_and_status_2(words, message, tmp_path, capsys):
    assert compare.main([*words, "--output", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_another_comparison_is_not_overwritten(settings_file, tmp_path, capsys):
    words = arguments(settings_file, tmp_path, "--seeds", "1", "--methods", "egan")
    assert compare.main(words) == 0
    before = (tmp_path / "out" / "results.csv").read_text()
    assert compare.main([*words, "--generations", "31"]) == 2
    assert "another --output" in capsys.readouterr().err
    assert (tmp_path / "out" / "results.csv").read_text() == before


def test_help_loads_neither_torch_nor_ray():
    code = (
        "import sys; from egan import compare\n"
        "try: compare.main(['--help'])\n"
        "except SystemExit as e: assert e.code == 0\n"
        "assert not {'torch', 'ray', 'pandas', 'matplotlib'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--cpu-seconds" in done.stdout
    assert "contest-10" in done.stdout
    assert "bandit-10" in done.stdout


def test_training_leaves_the_callers_random_state_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    load_study(small()).run(Trial(method="random", seed=0, generations=2), lambda *_: None)
    assert torch.equal(torch.rand(3), expected)
