from dataclasses import replace

import numpy as np
import pandas as pd

from egan.reporting.about import About
from egan.reporting.plots import measure_curves

TRAINING = About(kind="train", unit="rounds", interval=100, step="updates")


def titles(figure):
    return [axes.get_title(loc="left") for axes in figure.axes]


def test_leading_measures_come_first_and_those_of_a_kind_share_a_panel(metrics):
    table = metrics().assign(precision=0.5, mmd=0.1, elbo=-3.0, kl=2.0, novelty=1.0)
    figure = measure_curves(table)
    shown = ["Fréchet distance", "Classes", "Shares", "Densities", "Novelty"]
    assert [title for title in titles(figure) if title] == shown
    assert figure.axes[0].get_yscale() == "log"
    assert [line.get_label() for line in figure.axes[2].lines] == ["precision", "coverage"]
    assert figure.axes[2].yaxis.get_major_formatter()(0.5) == "50%"
    figure = measure_curves(table, about=replace(TRAINING, leading=("coverage", "mmd")))
    assert titles(figure)[:2] == ["Coverage", "Squared MMD"]
    assert len(measure_curves(metrics()[["generation", "frechet"]]).axes) == 1


def test_looks_of_a_training_lie_over_its_updates(metrics):
    axes = measure_curves(metrics(), about=TRAINING).axes[0]
    assert axes.get_xlabel() == "updates"
    assert axes.lines[0].get_xdata()[-1] == 6000


def test_baselines_are_dashed_lines_with_their_values(metrics):
    baselines = {"Gaussian": {"frechet": 8.45}, "floor": {"frechet": 0.141, "classes": 10}}
    figure = measure_curves(metrics(), about=replace(TRAINING, baselines=baselines))
    names = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert names == ["Fréchet distance", "Gaussian 8.45", "floor 0.141"]
    assert figure.axes[0].get_ylim()[0] < 0.141


def test_distances_that_are_not_positive_or_finite_are_left_out(metrics):
    table = metrics()
    table.loc[:2, "frechet"] = [0.0, np.nan, np.inf]
    figure = measure_curves(table)
    figure.canvas.draw()
    assert len(figure.axes[0].lines[0].get_xdata()) == len(table) - 3


def test_a_single_look_is_a_figure(metrics):
    figure = measure_curves(metrics().head(1))
    figure.canvas.draw()
    low, high = figure.axes[0].get_ylim()
    assert low < 100.0 < high


def test_without_measures_there_is_no_figure():
    assert measure_curves(pd.DataFrame({"generation": [1], "seconds": [0.1]})) is None
