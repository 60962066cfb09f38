"""What all figures of a search share: labels, ticks at whole numbers."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from population.plots.style import MUTED, dress, whole_numbers


@pytest.mark.parametrize(("low", "high"), [(0.8, 1.2), (0, 3), (1, 12), (0, 1000)])
def test_ticks_are_at_most_ten_whole_numbers(low, high):
    found = [tick for tick in whole_numbers().tick_values(low, high) if low <= tick <= high]
    assert 1 <= len(found) <= 11
    assert np.array_equal(found, np.round(found))


def test_both_labels_look_alike_and_titles_have_no_formulas():
    axes = Figure().subplots()
    dress(axes, title="$x$", x="generation", y="fitness")
    labels = axes.xaxis.label, axes.yaxis.label
    assert [one.get_text() for one in labels] == ["generation", "fitness"]
    assert {(one.get_color(), one.get_fontsize()) for one in labels} == {(MUTED, 10.0)}
    assert axes.get_title(loc="left") == r"\$x\$"
    assert [name for name, spine in axes.spines.items() if spine.get_visible()] == [
        "left",
        "bottom",
    ]
