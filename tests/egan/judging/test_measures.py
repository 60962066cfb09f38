import ast
import dataclasses
import math
import subprocess
import sys
from pathlib import Path

import pytest

import egan
from egan.judging.measures import (
    MEASURES,
    OBJECTIVE,
    deciding_of,
    leading_of,
    measure,
    ordered,
)

READERS = ("reporting", "comparison", "runs/listeners")


@pytest.mark.parametrize("folder", READERS)
def test_no_measure_is_named_anywhere_else(folder):
    named = {
        (path.name, node.value)
        for path in (Path(egan.__file__).parent / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in MEASURES
    }
    assert not named


def test_every_measure_can_be_written_and_drawn():
    for name, one in MEASURES.items():
        assert one.name == name
        assert one.label == one.label.strip() != ""
        assert one.text(0.5)
        assert one.title[0] == one.title[0].upper()
        assert one.better or one.worst != one.worst


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("frechet", 41.93, "41.9"),
        ("frechet", 0.14921, "0.149"),
        ("frechet", 12345.6, "12,346"),
        ("frechet", math.inf, "inf"),
        ("fitness", math.nan, "nan"),
        ("fitness", 3.0, "3"),
        ("fitness", -2, "-2"),
        ("fitness", 0.123456, "0.1235"),
        ("fitness", 0.0000123, "1.2e-05"),
        ("fitness", 2e12, "2e+12"),
        ("modes", 24.5, "24.5"),
        ("high_quality", 0.85, "85.0%"),
        ("precision", 0.5, "0.50"),
        ("precision", 1.0, "1.00"),
        ("precision", 0.0, "0.00"),
        ("density", 0.0012, "0.0012"),
        ("novelty_score", 125.53, "125.5"),
    ],
)
def test_numbers_are_short(name, value, text):
    assert measure(name).text(value) == text


def test_values_are_said_as_a_reader_says_them():
    assert measure("modes").phrase(7) == "7 modes"
    assert measure("accuracy").phrase(0.931) == "93.1% accuracy"
    assert measure("frechet").phrase(0.15) == "Fréchet distance 0.15"


def test_a_lost_run_counts_as_the_worst():
    assert measure("modes").worst == measure("precision").worst == 0
    assert measure("frechet").worst == math.inf
    assert measure("elbo").worst == -math.inf
    assert (measure("frechet").sign, measure("elbo").sign) == (-1, 1)


def test_an_unknown_measure_is_called_by_its_name():
    one = measure("rule_violations")
    assert (one.label, one.better, one.scale) == ("rule violations", None, "linear")


def test_a_mixture_is_led_by_its_modes_and_images_by_their_distance():
    assert leading_of(["generation", "frechet", "modes", "jsd"]) == ("modes", "jsd")
    assert leading_of(["recall", "frechet", "classes"]) == ("frechet", "classes", "recall")
    assert leading_of(["elbo"]) == ()
    assert deciding_of(["frechet", "modes", "high_quality", "jsd"]) == ("modes", "high_quality")
    assert deciding_of(["frechet", "classes"]) == ("frechet",)
    assert deciding_of([]) == ()


def test_the_order_of_a_report_is_leading_then_the_table_then_others():
    columns = ["odd", "recall", "frechet", OBJECTIVE, "kl"]
    assert ordered(columns, ("kl",)) == ["kl", OBJECTIVE, "frechet", "recall", "odd"]


def test_the_table_loads_nothing_heavy():
    code = (
        "import sys, egan.judging.measures\n"
        "assert not {'torch', 'ray', 'pandas', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_number_of_something_says_of_how_many():
    classes = dataclasses.replace(measure("classes"), total=97)
    assert classes.text(5.0) == "5 of 97"
    assert classes.phrase(5.0) == "5 of 97 classes"
    assert classes.text(math.nan) == "nan"
    assert measure("classes").phrase(5.0) == "5 classes"
