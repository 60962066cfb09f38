"""What decides: kept, missed, or open as long as seeds are missing."""

import pandas as pd
import pytest

from egan.comparison.figure import comparison_figure
from egan.comparison.protocol import Mark, Protocol
from egan.comparison.table import markdown
from egan.comparison.verdicts import Beside, lines_of_marks

NICHES, BETTER, WORSE = [24, 24, 25, 23], [18, 20, 19, 17], [10, 11, 9, 12]


def results(**scores):
    return pd.DataFrame(
        [
            {
                "method": method.replace("_4", "-4"),
                "seed": seed,
                "budget": budget,
                "generations": 10,
                "cpu_seconds": 1.0,
                "parameters": 7,
                "frechet": 1 / (1 + modes),
                "modes": modes,
                "high_quality": 0.5,
                "coverage": modes / 25,
            }
            for method, values in scores.items()
            for seed, modes in enumerate(values)
            for budget in ("steps", "cpu")
        ]
    )


TABLE = results(minimax=WORSE, heuristic=BETTER, niches_4=NICHES)


def told(table=TABLE, of=4, **asked):
    mark = Mark(**{"method": "niches-4", "measure": "modes", **asked})
    singles = ["minimax", "heuristic"]
    beside = Beside(singles=singles, protocol=Protocol(seeds=of, marks=(mark,)))
    return lines_of_marks(table, beside)[-1]


@pytest.mark.parametrize(
    "asked",
    [
        {"margin": 4},
        {"apart": True},
        {"seeds": 4},
        {"worst": True},
        {"margin": 5, "apart": True, "seeds": 3, "worst": True},
        {"measure": "frechet", "worst": True, "seeds": 4},
        {"against": "minimax", "margin": 12},
        {"budget": "steps", "margin": 4},
    ],
)
def test_what_is_asked_for_and_found_is_kept(asked):
    assert "**kept**" in told(**asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"margin": 7},
        {"margin": 4, "method": "minimax"},
        {"method": "minimax", "apart": True},
        {"method": "minimax", "seeds": 1},
        {"method": "minimax", "worst": True},
        {"measure": "frechet", "margin": 0.5},
    ],
)
def test_what_is_not_found_is_missed(asked):
    assert "**missed**" in told(**asked)


def test_a_mark_is_open_until_every_seed_of_every_single_generator_is_there():
    assert "**open, 4 of 10 seeds**" in told(of=10, margin=4)
    part = results(minimax=WORSE[:2], heuristic=BETTER, niches_4=NICHES)
    assert "**open, 2 of 4 seeds**" in told(part, margin=4)
    assert "**open**" in told(results(minimax=WORSE), margin=4)


def test_a_mark_says_with_what_it_was_compared_and_what_was_found():
    line = told(margin=4)
    assert "modes (higher is better) of niches-4 beside the best single generator (heuris" in line
    assert "Found: median difference +6 (+4 to +6), better in 4 of 4 seeds" in line
    assert "worst seed 23 beside 17, ranges disjoint" in line


def test_the_report_sets_each_method_beside_the_best_single_generator():
    mark = Mark(method="niches-4", measure="coverage", seeds=3)
    beside = Beside(singles=["minimax", "heuristic"], protocol=Protocol(seeds=4, marks=(mark,)))
    text = markdown(TABLE, title="t", beside=beside)
    assert "| modes beside heuristic | difference |" in text
    assert "| niches-4 | +6 (+4 to +6) | 4 of 4 | 23 | 17 |" in text
    assert "| coverage beside heuristic |" in text
    assert "| parameters |" in text
    figure = comparison_figure(TABLE, title="t", beside=beside)
    assert len(figure.axes) == 9
    assert figure.axes[2].get_title(loc="left") == "Beside heuristic"
    points = [line for line in figure.axes[2].get_lines() if line.get_marker() == "o"]
    assert [float(line.get_xdata()[0]) for line in points] == [-8.5, 6.0]
