import time

import numpy as np
import pytest
from matplotlib.colors import to_hex

from egan.reporting.about import About
from egan.reporting.plots import fitness_curves
from egan.reporting.plots.style import MUTATIONS
from egan.reporting.plots.tables import winner_path


def lines_of(axes):
    return {line.get_label(): line for line in axes.lines}


def test_each_mutation_has_its_colour_and_the_winner_is_on_top(results):
    figure = fitness_curves(results(30))
    lines = lines_of(figure.axes[0])
    assert list(lines) == ["minimax", "heuristic", "least squares", "winner's path"]
    assert lines["least squares"].get_color() == MUTATIONS["least_squares"]
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert legend == list(lines)


def test_short_runs_show_every_generation_as_it_is(results):
    table = results(12)
    line = lines_of(fitness_curves(table).axes[0])["minimax"]
    assert np.allclose(line.get_ydata(), table.loc[table["operator"] == "minimax", "fitness"])


def test_the_strip_shows_who_made_each_winner(results):
    table = results(20)
    strip = fitness_curves(table).axes[1].images[0].get_array()
    shown = [to_hex(colour).upper() for colour in strip[0]]
    assert shown == [MUTATIONS[name] for name in winner_path(table)["operator"]]


def test_another_score_can_be_drawn_and_an_unknown_one_is_named(results):
    table = results(5)
    figure = fitness_curves(table, score="quality")
    line = lines_of(figure.axes[0])["minimax"]
    assert np.allclose(line.get_ydata(), table.loc[table["operator"] == "minimax", "quality"])
    with pytest.raises(ValueError, match="no score 'qality'"):
        fitness_curves(table, score="qality")


@pytest.mark.parametrize(
    "options",
    [
        {"generations": 1},
        {"operators": ("",)},
        {"operators": tuple(f"op{i}" for i in range(12))},
        {"operators": ("minimax", "keep"), "num_survivors": 3},
        {"scores": ("fitness", "accuracy")},
    ],
)
def test_any_run_can_be_drawn(results, options):
    table = results(**options)
    figure = fitness_curves(table)
    figure.canvas.draw()
    evolves = bool(table["operator"].any())
    assert len(figure.axes[0].lines) == table["operator"].nunique() + evolves


def test_failed_children_leave_the_others_in_the_figure(results):
    table = results(10)
    table.loc[table["operator"] == "minimax", "fitness"] = np.nan
    lines = lines_of(fitness_curves(table).axes[0])
    assert len(lines["minimax"].get_xdata()) == 0
    assert len(lines["heuristic"].get_xdata()) == 10


def test_a_run_without_any_finite_score_is_drawn_empty(results):
    table = results(3).assign(fitness=np.nan)
    assert "winner's path" not in lines_of(fitness_curves(table).axes[0])


def test_a_long_run_is_drawn_in_time(results):
    table = results(500)
    long = table.loc[table.index.repeat(40)].reset_index(drop=True)
    long["generation"] = np.arange(len(long)) // 3 + 1
    start = time.process_time()
    figure = fitness_curves(long)
    assert time.process_time() - start < 2
    assert all(len(line.get_xdata()) <= 600 for line in figure.axes[0].lines)


def training(**options):
    return About(kind="train", unit="rounds", interval=100, step="updates", **options)


def test_a_training_has_its_score_over_updates_and_no_winner(results):
    figure = fitness_curves(results(12, operators=("",)), about=training())
    (axes,) = figure.axes
    assert list(lines_of(axes)) == ["fitness"]
    assert list(axes.lines[0].get_xdata()) == list(range(100, 1300, 100))
    assert axes.get_title(loc="left") == "Fitness"
    assert axes.get_title(loc="right") == "every 100 updates"
    assert axes.get_xlabel() == "updates"
    assert axes.get_legend() is None


def test_a_long_training_says_over_how_many_updates_its_median_goes(results):
    axes = fitness_curves(results(80, operators=("",)), about=training()).axes[0]
    assert axes.get_title(loc="right").startswith("median over 200 updates; band")


def test_baselines_are_drawn_beside_a_score_unless_they_flatten_it(results):
    baselines = {"floor": {"fitness": 1.0}, "noise": {"fitness": -1e9}}
    axes = fitness_curves(results(12, operators=("",)), about=training(baselines=baselines)).axes[0]
    assert list(lines_of(axes)) == ["fitness", "floor 1"]


def test_a_search_shows_its_best_member_and_the_spread_of_the_others(results):
    table = results(6, operators=("",), num_survivors=5)
    about = About(kind="search", unit="rounds", interval=10, step="updates")
    (axes,) = fitness_curves(table, about=about).axes
    scores = table.groupby("generation")["fitness"]
    lines = lines_of(axes)
    assert np.allclose(lines["best member"].get_ydata(), scores.max())
    assert np.allclose(lines["median member"].get_ydata(), scores.median())
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert np.isclose(band.min(), scores.quantile(0.1).min())
    assert list(lines["best member"].get_xdata()) == [10, 20, 30, 40, 50, 60]


def test_members_that_went_wrong_do_not_flatten_the_others(results):
    table = results(6, operators=("",), num_survivors=5)
    table.loc[table["child"] < 2, "fitness"] = -1e6
    low, high = fitness_curves(table, about=None).axes[0].get_ylim()
    assert high - low < 100
