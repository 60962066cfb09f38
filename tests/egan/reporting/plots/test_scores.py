import numpy as np
import pytest
from matplotlib.colors import to_hex

from egan.reporting.plots import mutation_shares, quality_diversity
from egan.reporting.plots.scores import MOST_POINTS
from egan.reporting.plots.style import MUTATIONS


def test_bars_are_stacked_to_the_top_in_the_mutations_colours(results):
    axes = mutation_shares(results(80)).axes[0]
    tops = {}
    for bar in axes.patches:
        tops[bar.get_x()] = max(tops.get(bar.get_x(), 0), bar.get_y() + bar.get_height())
    assert np.allclose(list(tops.values()), 1.0)
    assert {to_hex(bar.get_facecolor()).upper() for bar in axes.patches} == {
        MUTATIONS[name] for name in ("minimax", "heuristic", "least_squares")
    }


def test_the_legend_counts_the_whole_run(results):
    table = results(4)
    table["survived"] = [True, False, False] * 3 + [False, True, False]
    legend = mutation_shares(table).axes[0].get_legend()
    assert {text.get_text() for text in legend.get_texts()} == {
        "minimax  75%",
        "heuristic  25%",
        "least squares  0%",
    }


def test_bars_end_with_the_run(results):
    axes = mutation_shares(results(85)).axes[0]
    assert max(bar.get_x() + bar.get_width() for bar in axes.patches) == 85.5


def test_without_survivors_there_is_no_figure(results):
    assert mutation_shares(results(3).assign(survived=False)) is None


def test_survivors_and_others_are_all_shown_by_mutation_and_generation(results):
    table = results(20)
    left, right, bar = quality_diversity(table).axes
    for axes in (left, right):
        lost, kept = axes.collections[:2]
        assert len(lost.get_offsets()) == (~table["survived"]).sum()
        assert len(kept.get_offsets()) == table["survived"].sum()
        assert kept.get_sizes()[0] > lost.get_sizes()[0]
    names = table.loc[table["survived"], "operator"]
    shown = [to_hex(c).upper() for c in left.collections[1].get_facecolors()]
    assert shown == [MUTATIONS[name] for name in names]
    assert np.array_equal(
        right.collections[1].get_array(), table.loc[table["survived"], "generation"]
    )
    assert bar.get_ylabel() == "generation"


def test_a_long_run_is_thinned(results):
    left = quality_diversity(results(1000)).axes[0]
    assert sum(len(c.get_offsets()) for c in left.collections[:2]) == MOST_POINTS


def test_stray_scores_do_not_squeeze_the_rest(results):
    table = results(1000)
    table.loc[3, "diversity"] = 1e9
    low, high = quality_diversity(table).axes[0].get_ylim()
    assert high - low < 20


@pytest.mark.parametrize("change", [{"drop": True}, {"nan": True}])
def test_without_both_scores_there_is_no_figure(results, change):
    table = results(5)
    table = table.drop(columns="diversity") if "drop" in change else table.assign(quality=np.nan)
    assert quality_diversity(table) is None
