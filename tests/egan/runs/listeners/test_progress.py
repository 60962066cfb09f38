import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from egan.runs.listeners.progress import ProgressBar, samples_in_words

SEEN = {"frechet": 0.1492, "classes": 10.0, "precision": 0.5, "elbo": -98.76}


def told(*, operator="", terminal=False, **options):
    """Return what two generations of three say, the second of them at a look."""
    stream = io.StringIO()
    console = Console(file=stream, width=200, force_terminal=terminal)
    looker = SimpleNamespace(latest=SEEN, is_due=lambda number: number == 2)
    bar = ProgressBar(console, looker, **options)
    bar.on_start(SimpleNamespace(generation=0), 3)
    child = SimpleNamespace(offspring=SimpleNamespace(operator=operator))
    best = SimpleNamespace(scores={"fitness": 1.25})
    for number in (1, 2):
        generation = SimpleNamespace(
            number=number, children=[child], survivors=[0], population=[best]
        )
        bar.on_generation(SimpleNamespace(), generation)
    line = bar.bar.tasks[0].description if terminal else stream.getvalue().splitlines()[-1]
    bar.on_end(SimpleNamespace())
    return line


def test_an_evolution_has_generations_and_a_mutation_that_wins():
    line = told(operator="minimax")
    start = "generation 2/3 · fitness 1.25 · minimax wins 100% · Fréchet distance 0.149, 10 classes"
    assert line.startswith(start)


def test_a_training_has_updates_and_nobody_wins():
    line = told(unit="update", interval=1000, leading=("fitness", "elbo"))
    assert line.startswith("update 2,000/3,000 · fitness 1.25 · evidence lower bound -98.76 · ")
    assert "wins" not in line
    assert "/s" in line


def test_a_terminal_has_a_bar_with_the_same_words():
    assert told(terminal=True).startswith("generation 2/3 · fitness 1.25 · Fréchet")


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ({"modes": 7.0, "high_quality": 0.85, "jsd": 0.1}, "7 modes, 85.0% high quality"),
        ({"frechet": float("nan")}, "Fréchet distance nan"),
        ({"odd": 1.0}, ""),
        ({}, ""),
    ],
)
def test_a_look_is_told_by_its_leading_measures(scores, words):
    assert samples_in_words(scores) == words
