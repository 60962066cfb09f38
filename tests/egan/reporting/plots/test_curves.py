import time

import numpy as np
import pytest
from matplotlib.colors import to_hex

from egan.reporting.plots import compare_runs, fitness_curves
from egan.reporting.plots.curves import spread, winner_curve
from egan.reporting.plots.style import MUTATIONS, SERIES
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
    assert len(figure.axes[0].lines) == table["operator"].nunique() + 1


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


def test_runs_of_one_label_share_a_curve_with_their_range(results):
    runs = [("a", results(20, seed=1)), ("a", results(20, seed=2)), ("b", results(20, seed=3))]
    figure = compare_runs(runs)
    (axes,) = figure.axes
    lines = lines_of(axes)
    assert list(lines) == ["a (2 runs)", "b"]
    one, two = (winner_curve(table, score="fitness") for _, table in runs[:2])
    assert np.allclose(lines["a (2 runs)"].get_ydata(), (one + two) / 2)
    assert [lines[name].get_color() for name in lines] == list(SERIES[:2])
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert np.isclose(band.max(), max(one.max(), two.max()))
    assert "lowest to highest" in figure.legends[0].get_title().get_text()


def test_a_single_run_has_no_band_to_explain(results):
    figure = compare_runs([("only", results(10))])
    assert figure.legends[0].get_title().get_text() == ""


def test_spread_ends_with_the_shortest_run(results):
    lines = [winner_curve(results(n, seed=n), score="fitness") for n in (10, 15)]
    table = spread(lines)
    assert table["generation"].tolist() == list(range(1, 11))
    assert (table["low"] <= table["middle"]).all()
    assert (table["middle"] <= table["high"]).all()


def test_distances_get_a_panel_where_all_runs_have_them(results, metrics):
    runs = [("a", results(60)), ("b", results(60))]
    figure = compare_runs(runs, metrics=[metrics(), metrics(last=50.0)])
    assert len(figure.axes) == 2
    assert figure.axes[1].get_yscale() == "log"
    assert lines_of(figure.axes[1])["b"].get_ydata()[-1] == 50.0
    without = metrics().drop(columns="frechet")
    assert len(compare_runs(runs, metrics=[metrics(), without]).axes) == 1


def test_names_with_special_meaning_to_matplotlib_are_shown(results):
    figure = compare_runs([("_hidden", results(5)), ("$x^$", results(5))])
    figure.canvas.draw()
    shown = [text.get_text() for text in figure.legends[0].get_texts()]
    assert shown == [" _hidden", r"\$x^\$"]


def test_nothing_to_compare_is_named():
    with pytest.raises(ValueError, match="at least one run"):
        compare_runs([])
