import time

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from searches import SPACE, Walker, pbt_search
from toys import Unlucky, search

from population import Choice, LogUniform, Ordinal, RandomSearch, Search, SuccessiveHalving, Uniform
from population.plots import plot_lineage, plot_search
from population.plots.style import BEST, ENDED, FOUNDERS, ticks_of_decades
from population.plots.tracks import MAX_POINTS, joined, tracks_of
from population.records.result import Record, read_result


def panels_of(figure):
    return {axes.get_ylabel(): axes for axes in figure.axes}


def line_named(axes, name):
    (found,) = [line for line in axes.lines if line.get_label() == name]
    return found


def points_of(line):
    x, y = np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)
    return x[np.isfinite(x)], y[np.isfinite(x)]


def test_a_panel_for_the_score_and_each_hyperparameter_that_varies():
    result = Search(Walker, RandomSearch({"lr": LogUniform(0.1, 0.2), "fixed": 3}, 3)).run(3)
    assert list(panels_of(result.plot())) == ["fitness", "lr"]


@pytest.mark.parametrize("seed", range(3))
def test_the_line_of_the_best_is_its_ancestry(seed):
    result = pbt_search(seed=seed).run(12)
    panels = panels_of(result.plot())
    line = result.ancestry()
    for name in ("fitness", "lr", "count"):
        drawn = line_named(panels[name], "ancestors of the best")
        assert drawn.get_color() == BEST
        x, y = points_of(drawn)
        assert x.tolist() == line["generation"].tolist()
        assert np.allclose(y, line[name].to_numpy(float), equal_nan=True)


@pytest.mark.parametrize(
    "strategy", [None, RandomSearch(SPACE, 5), SuccessiveHalving(SPACE, 9, reduction_factor=2)]
)
def test_every_child_is_in_exactly_one_line(strategy):
    run = Search(Walker, strategy) if strategy else pbt_search(size=7)
    tracks = tracks_of(run.run(11))
    lines = list(tracks.lines())
    first = {int(line[0]) for line in lines}
    later = np.concatenate([line[1:] for line in lines])
    assert len(set(later.tolist())) == len(later)
    assert first | set(later.tolist()) == set(range(len(tracks.table)))
    for line in lines:
        assert tracks.parents[line[1:]].tolist() == line[:-1].tolist()
    assert lines[0].tolist() == tracks.best


def test_logarithmic_axes_follow_the_space_or_the_values(tmp_path):
    space = {"narrow": LogUniform(0.1, 0.2), "wide": Uniform(1e-9, 1), "lr": Uniform(0.1, 0.2)}

    class Plain(Walker):
        def evaluate(self):
            return super().evaluate()["fitness"]

    Search(Plain, RandomSearch(space, 8), directory=tmp_path).run(1)
    record = read_result(tmp_path)
    scales = {name: axes.get_yscale() for name, axes in panels_of(record.plot()).items()}
    assert scales == {"fitness": "linear", "narrow": "log", "wide": "linear", "lr": "linear"}
    table = record.history.assign(wide=np.geomspace(1e-6, 1, 8))
    unknown = panels_of(plot_search(Record(history=table)))
    assert unknown["narrow"].get_yscale() == "linear"
    assert unknown["wide"].get_yscale() == "log"


def test_options_are_named_on_their_axis():
    space = {"lr": Choice([0.5, "auto"]), "kind": Choice(["b$", "a"])}

    class Any(Walker):
        def configure(self, hyperparameters):
            super().configure({"lr": 0.1})

    figure = Search(Any, RandomSearch(space, 9)).run(2).plot()
    panels = panels_of(figure)
    assert [text.get_text() for text in panels["lr"].get_yticklabels()] == ["0.5", "auto"]
    assert [text.get_text() for text in panels["kind"].get_yticklabels()] == ["a", r"b\$"]
    figure.canvas.draw()


def test_terrible_scores_do_not_stretch_the_axis_and_are_counted():
    result = pbt_search(size=8).run(20)
    table = result.history.copy()
    table.loc[table.index[3:5], "fitness"] = -1e9
    figure = plot_search(Record(history=table, settings=result.settings))
    axes = panels_of(figure)["fitness"]
    low, high = axes.get_ylim()
    assert -10 < low < high < 1
    hidden = int((table["fitness"] < low).sum())
    assert 2 <= hidden < len(table) / 4
    assert axes.get_title(loc="right") == f"{hidden} scores are below the axis"


def test_lines_alive_at_the_end_have_a_colour_for_each_founder():
    result = Search(Walker, RandomSearch(SPACE, 5)).run(3)
    axes = result.plot().axes[0]
    colours = {to_hex(line.get_color()).upper() for line in axes.lines if len(line.get_xdata()) > 1}
    assert len(colours - {ENDED, BEST.upper(), "#FFFFFF"}) == 4
    labels = [text.get_text() for text in axes.figure.legends[0].get_texts()]
    assert labels == ["alive at the end (a colour for each founder)", "ancestors of the best"]


def test_founders_beyond_the_palette_are_grey():
    result = Search(Walker, RandomSearch(SPACE, len(FOUNDERS) + 4)).run(3)
    axes = result.plot().axes[0]
    colours = {to_hex(line.get_color()).upper() for line in axes.lines if len(line.get_xdata()) > 1}
    assert ENDED in colours
    assert colours <= {colour.upper() for colour in (*FOUNDERS, ENDED, BEST, "#FFFFFF")}


def test_more_hyperparameters_than_panels_are_mentioned():
    space = {f"x{i}": Uniform(0, 1) for i in range(11)} | {"lr": Uniform(0, 1)}
    figure = Search(Walker, RandomSearch(space, 3, objective="other")).run(2).plot()
    assert len(figure.axes) == 10
    assert "3 more hyperparameters are not shown" in figure.axes[0].get_title(loc="right")


def test_lanes_show_scores_and_the_best_ones_line():
    result = pbt_search(size=5, seed=1).run(9)
    axes, bar = plot_lineage(result).axes
    picture = np.asarray(axes.images[0].get_array())
    table = result.history.pivot_table(index="child", columns="generation", values="fitness")
    assert np.allclose(picture, table.to_numpy())
    x, y = points_of(line_named(axes, "ancestors of the best"))
    line = result.ancestry()
    assert x.tolist() == line["generation"].tolist()
    assert y.tolist() == line["child"].tolist()
    assert bar.get_ylabel() == "fitness"


def test_every_copy_is_a_line_from_the_donors_lane():
    result = pbt_search(size=5, seed=1).run(9)
    axes = plot_lineage(result).axes[0]
    drawn = set()
    for line in axes.lines:
        if str(line.get_label()).startswith("copied"):
            x, y = points_of(line)
            drawn |= {tuple(pair) for pair in np.column_stack([x, y]).reshape(-1, 4).tolist()}
    copied = result.lineage[result.lineage["copied"]]
    names = ["parent_generation", "parent", "generation", "child"]
    assert drawn == {tuple(row) for row in copied[names].to_numpy(float).tolist()}
    assert len(drawn) >= 8


@pytest.mark.parametrize("draw", [plot_search, plot_lineage])
def test_any_search_can_be_drawn(tmp_path, draw):
    records = [
        search().run(4),
        search(member=lambda h: Unlucky(h, folder=tmp_path, once=False, generation=1)).run(3),
        Search(Walker, RandomSearch(SPACE, 1)).run(1),
        Search(Walker, SuccessiveHalving(SPACE, 9)).run(9),
        pbt_search(Sometimes).run(6),
    ]
    for record in records:
        draw(record).canvas.draw()


class Sometimes(Walker):
    """Has no finite score in some generations and slots."""

    def evaluate(self):
        odd = (self.seeds.generation + self.seeds.child) % 3 == 0
        return {**super().evaluate(), "fitness": float("nan")} if odd else super().evaluate()


@pytest.mark.parametrize("spare", [0, -1])
def test_copies_without_descendants_are_drawn_while_they_are_few(spare, monkeypatch):
    result = pbt_search(seed=0).run(12)
    tracks = tracks_of(result)
    dead = int((tracks.copied & (tracks.parents >= 0) & ~tracks.alive).sum())
    assert 0 < dead < (~tracks.alive).sum()
    monkeypatch.setattr("population.plots.genealogy.MAX_EDGES", dead + spare)
    _, labels = plot_lineage(result).axes[0].get_legend_handles_labels()
    assert ("copied, no descendants at the end" in labels) == (spare == 0)


def test_long_lines_are_thinned_with_their_ends():
    line = np.arange(10 * MAX_POINTS)
    x, _ = joined([line, line[:5]], line.astype(float), line.astype(float))
    assert len(x) == MAX_POINTS + 5 + 3
    assert (x[1], x[MAX_POINTS]) == (0.0, line[-1])


def test_a_large_search_is_drawn_in_time():
    small = pbt_search(size=64).run(25).history
    parts = [
        small.assign(
            generation=small["generation"] + 25 * i,
            parent_generation=small["parent_generation"] + 25 * i,
        )
        for i in range(20)
    ]
    record = Record(history=pd.concat(parts, ignore_index=True))
    started = time.process_time()
    record.plot().canvas.draw()
    record.plot_lineage().canvas.draw()
    assert len(record.history) == 32_000
    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1e-5, 1e-1, [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]),
        (1e-12, 1.0, [1e-12, 1e-9, 1e-6, 1e-3, 1.0]),
        (0.1, 1.0, [0.1, 0.2, 0.5, 1.0]),
        (3e-4, 4e-3, [5e-4, 1e-3, 2e-3]),
        (0.11, 0.19, [0.11, 0.145, 0.19]),
        (7.0, 7.0, [7.0]),
    ],
)
def test_a_logarithmic_axis_has_numbers_that_can_be_read(low, high, expected):
    assert ticks_of_decades(low, high)[: len(expected)] == pytest.approx(expected)


@pytest.mark.parametrize("limits", [(0.1, 0.2), (1e-6, 1.0), (0.5, 0.9)])
def test_every_logarithmic_panel_has_two_labels_or_more(limits):
    result = Search(Walker, RandomSearch({"lr": LogUniform(*limits)}, 6)).run(2)
    axes = panels_of(result.plot())["lr"]
    low, high = axes.get_ylim()
    shown = [text for text in axes.get_yticklabels() if low <= text.get_position()[1] <= high]
    assert len({text.get_text() for text in shown}) >= 2


@pytest.mark.parametrize("kind", [Ordinal, Choice])
def test_options_that_are_numbers_have_their_own_places(kind):
    options = [16, 64, 256]
    space = {"lr": LogUniform(0.1, 0.2), "size": kind(options)}
    result = Search(Walker, RandomSearch(space, 9)).run(2)
    axes = panels_of(result.plot())["size"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["16", "64", "256"]
    for line in axes.lines:
        _, y = points_of(line)
        assert (np.abs(y - np.round(y)) <= 0.151).all()


def test_long_and_many_options_can_be_read():
    options = [f"{'x' * 40}{i:02d}" for i in range(30)]
    space = {"lr": LogUniform(0.1, 0.2), "name": Choice(options)}
    result = Search(Walker, RandomSearch(space, 60)).run(1)
    labels = [text.get_text() for text in panels_of(result.plot())["name"].get_yticklabels()]
    assert 1 < len(labels) <= 12
    assert max(map(len, labels)) <= 24
