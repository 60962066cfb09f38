from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from egan.reporting.about import About
from egan.reporting.plots import Compared, compare_runs
from egan.reporting.plots.comparison import (
    common_axis,
    common_measure,
    positions,
    spread,
    winner_curve,
)
from egan.reporting.plots.style import SERIES

EVOLUTION = About(kind="evolve")
TRAINING = About(kind="train", unit="rounds", interval=100, step="updates")
LONG = replace(TRAINING, interval=1000)


def run(label, results, metrics=None, *, about=EVOLUTION):
    return Compared(label=label, results=results, metrics=metrics, about=about)


def lines_of(axes):
    return {line.get_label(): line for line in axes.lines}


def test_runs_of_one_label_share_a_curve_with_their_range(results):
    runs = [run("a", results(20, seed=1)), run("a", results(20, seed=2)), run("b", results(20))]
    figure = compare_runs(runs)
    (axes,) = figure.axes
    lines = lines_of(axes)
    assert list(lines) == ["a (2 runs)", "b"]
    one, two = (
        winner_curve(table, score="fitness") for table in (runs[0].results, runs[1].results)
    )
    assert np.allclose(lines["a (2 runs)"].get_ydata(), (one + two) / 2)
    assert [lines[name].get_color() for name in lines] == list(SERIES[:2])
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert np.isclose(band.max(), max(one.max(), two.max()))
    assert "lowest to highest" in figure.legends[0].get_title().get_text()


def test_a_single_run_has_no_band_to_explain(results):
    figure = compare_runs([run("only", results(10))])
    assert figure.legends[0].get_title().get_text() == ""


def test_spread_ends_with_the_shortest_run(results):
    lines = [winner_curve(results(n, seed=n), score="fitness") for n in (10, 15)]
    places = [pd.Series(range(0, 100 * (n + 1), 100)) for n in (10, 15)]
    table = spread(lines, places)
    assert table["x"].tolist() == list(range(100, 1100, 100))
    assert (table["low"] <= table["middle"]).all()
    assert (table["middle"] <= table["high"]).all()


def test_the_measure_that_leads_all_runs_gets_a_panel(results, metrics):
    runs = [run("a", results(60), metrics()), run("b", results(60), metrics(last=50.0))]
    figure = compare_runs(runs)
    assert len(figure.axes) == 2
    assert figure.axes[1].get_yscale() == "log"
    assert lines_of(figure.axes[1])["b"].get_ydata()[-1] == 50.0
    without = metrics().drop(columns=["frechet", "classes"])
    assert len(compare_runs([runs[0], run("b", results(60), without)]).axes) == 1
    leading = replace(EVOLUTION, leading=("coverage",))
    panel = compare_runs([replace(one, about=leading) for one in runs]).axes[1]
    assert panel.get_title(loc="left") == "Coverage"


def test_runs_that_are_led_by_different_measures_share_the_first_that_both_have(results, metrics):
    mixture = replace(EVOLUTION, leading=("modes", "coverage"))
    runs = [run("a", results(9), metrics().assign(modes=3), about=mixture)]
    assert common_measure(runs) == "modes"
    runs.append(run("b", results(9), metrics()))
    assert common_measure(runs) == "coverage"
    assert common_measure([replace(one, about=EVOLUTION) for one in runs]) == "frechet"


def test_runs_that_count_the_same_are_compared_over_it(results):
    runs = [run("a", results(5, operators=("",)), about=TRAINING), run("b", results(5), about=LONG)]
    axes = compare_runs(runs).axes[0]
    assert axes.get_xlabel() == "updates"
    assert lines_of(axes)["a"].get_xdata()[-1] == 500
    assert lines_of(axes)["b"].get_xdata()[-1] == 5000
    assert axes.get_title(loc="left") == "Fitness"


def test_runs_that_do_not_are_compared_over_the_seconds_of_the_slowest_child(results):
    one = results(4).assign(seconds=[0.1, 0.5, 0.2] * 4)
    runs = [run("a", one), run("b", results(4, operators=("",)), about=TRAINING)]
    assert common_axis(runs) == "seconds"
    assert np.allclose(positions(runs[0], "seconds"), [0, 0.5, 1.0, 1.5, 2.0])
    axes = compare_runs(runs).axes[0]
    assert np.allclose(lines_of(axes)["b"].get_xdata(), [0.1, 0.2, 0.3, 0.4])
    assert axes.get_title(loc="left") == "Fitness of the best"


@pytest.mark.parametrize(
    ("axis", "drop", "message"),
    [
        ("updates", [], "a counts generations, not updates; compare over seconds"),
        (None, ["seconds"], "a does not say how long it took"),
    ],
)
def test_an_axis_that_a_run_lacks_is_named(results, axis, drop, message):
    runs = [run("a", results(3).drop(columns=drop)), run("b", results(3), about=TRAINING)]
    with pytest.raises(ValueError, match=message):
        compare_runs(runs, axis=axis)


def test_names_with_special_meaning_to_matplotlib_are_shown(results):
    figure = compare_runs([run("_hidden", results(5)), run("$x^$", results(5))])
    figure.canvas.draw()
    shown = [text.get_text() for text in figure.legends[0].get_texts()]
    assert shown == [" _hidden", r"\$x^\$"]


def test_nothing_to_compare_is_named():
    with pytest.raises(ValueError, match="at least one run"):
        compare_runs([])
