import itertools

import pytest

from egan.judging.measures import measure
from egan.reporting.plots.axes import place_steps, scale_axis, short
from egan.reporting.plots.style import new_figure


def drawn(values, name):
    figure = new_figure(width=4.0, height=3.9)
    axes = figure.subplots()
    axes.plot(range(len(values)), values)
    scale_axis(axes, measure(name))
    figure.canvas.draw()
    return axes


def labels(axis):
    low, high = sorted(axis.get_view_interval())
    ticks = zip(axis.get_majorticklocs(), axis.get_ticklabels(), strict=True)
    return [text.get_text() for place, text in ticks if low <= place <= high]


@pytest.mark.parametrize("values", [[1e-3, 1e5], [3.0, 4.0], [2.0], [0.5, 50.0], [0.0, 0.0]])
def test_an_axis_by_decades_has_a_few_plain_numbers(values):
    shown = labels(drawn(values, "frechet").yaxis)
    assert 1 <= len(shown) <= 12
    assert not any("$" in text or "e" in text for text in shown)


def test_counts_are_whole_and_shares_are_percent():
    assert all(text.isdigit() for text in labels(drawn([1, 3], "modes").yaxis))
    assert labels(drawn([0.1, 0.2], "accuracy").yaxis)[-1] == "100%"
    assert drawn([-0.5, 0.2], "ssim").get_ylim()[0] == -0.5


@pytest.mark.parametrize("last", [7, 600, 60_000, 2_000_000])
def test_steps_have_few_ticks_that_do_not_touch(last):
    figure = new_figure(width=4.0, height=3.9)
    axes = figure.subplots()
    axes.plot([0, last], [0, 1])
    place_steps(axes, narrow=True)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.get_xticklabels() if text.get_text()]
    assert all(a.x1 + 4 < b.x0 for a, b in itertools.pairwise(boxes))


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (2500, "2,500"), (20_000, "20k"), (12_500, "12.5k"), (0.5, "0.5")]
)
def test_steps_are_short(value, text):
    assert short(value) == text
