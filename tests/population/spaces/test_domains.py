import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from population import Choice, Fixed, IntUniform, LogUniform, Ordinal, Uniform
from population.spaces.domain import is_nan, is_plain, plain, reflect, without_numpy

NUM_EXPLORES = 10_000

SCALED = {
    "uniform": Uniform(-1, 3),
    "from zero": Uniform(0, 1),
    "log": LogUniform(1e-5, 1e-1),
    "int": IntUniform(0, 9),
    "int one two": IntUniform(1, 2),
    "int log": IntUniform(1, 1000, log=True),
    "ordinal": Ordinal([16, 32, 64, 128, 256]),
}
DOMAINS = {**SCALED, "choice": Choice(["relu", "gelu", None]), "fixed": Fixed(3)}


def explored(domain, value, count=NUM_EXPLORES, **options):
    rng = np.random.default_rng(0)
    values = []
    for _ in range(count):
        value = domain.perturb(value, rng, **options)
        values.append(value)
    return values


@pytest.mark.parametrize("name", DOMAINS)
def test_a_value_never_leaves_its_domain(name):
    domain = DOMAINS[name]
    rng = np.random.default_rng(1)
    drawn = [domain.sample(rng) for _ in range(1000)]
    assert all(value in domain for value in drawn)
    assert all(value in domain for value in explored(domain, drawn[0]))
    assert all(value in domain for value in explored(domain, drawn[0], 1000, strength=5.0))


@pytest.mark.parametrize("name", SCALED)
def test_exploring_does_not_drift(name):
    domain = SCALED[name]
    places = [domain.to_unit(v) for v in explored(domain, domain.sample(np.random.default_rng(2)))]
    drawn = [domain.to_unit(domain.sample(np.random.default_rng([3, i]))) for i in range(2000)]
    for quantile in (0.1, 0.25, 0.5, 0.75, 0.9):
        explored_at, drawn_at = np.quantile(places, quantile), np.quantile(drawn, quantile)
        width = 1 / 9 if name == "int" else 0.06
        width = 1.0 if name == "int one two" else 0.2 if name == "ordinal" else width
        assert abs(explored_at - drawn_at) <= width + 1e-9, quantile
    assert np.mean(places) == pytest.approx(np.mean(drawn), abs=0.04)


def test_values_do_not_pile_up_at_the_borders():
    values = np.asarray(explored(Uniform(0, 1), 0.5))
    assert np.mean(values < 0.05) == pytest.approx(0.05, abs=0.02)
    assert np.mean(values > 0.95) == pytest.approx(0.05, abs=0.02)
    assert np.mean((values == 0) | (values == 1)) == 0


def test_a_logarithmic_step_is_a_factor():
    domain = LogUniform(1e-6, 1e0)
    rng = np.random.default_rng(0)
    factors = [math.log10(domain.perturb(1e-3, rng, strength=0.1) / 1e-3) for _ in range(4000)]
    assert np.mean(factors) == pytest.approx(0, abs=0.03)
    assert np.std(factors) == pytest.approx(0.6, abs=0.03)


def test_zero_is_left():
    assert all(value > 0 for value in explored(Uniform(0, 1), 0.0, 20))
    rng = np.random.default_rng(0)
    assert {IntUniform(0, 5).perturb(0, rng) for _ in range(50)} > {0, 1}


@pytest.mark.parametrize("value", [1, 2])
@pytest.mark.parametrize(
    "domain", [IntUniform(1, 2), IntUniform(1, 9), IntUniform(1, 64, log=True)]
)
def test_small_integers_do_not_freeze(domain, value):
    rng = np.random.default_rng(0)
    moved = [domain.perturb(value, rng, strength=0.01) != value for _ in range(200)]
    assert 0.1 < np.mean(moved) < 0.9


def test_integers_settle_as_they_are_drawn():
    domain = IntUniform(1, 6, log=True)
    settled = Counter(explored(domain, 6, 20_000))
    rng = np.random.default_rng(1)
    drawn = Counter(domain.sample(rng) for _ in range(20_000))
    for value in range(1, 7):
        assert settled[value] == pytest.approx(drawn[value], rel=0.12)


def test_ordinal_moves_to_a_neighbour():
    domain = Ordinal([1, 2, 4, 8])
    values = [1, *explored(domain, 1)]
    steps = {(values[i], values[i + 1]) for i in range(len(values) - 1)}
    assert steps == {(1, 1), (1, 2), (2, 1), (2, 4), (4, 2), (4, 8), (8, 4), (8, 8)}


def test_choice_draws_again_and_stays_on_its_list():
    domain = Choice([32, 64, 128])
    assert set(explored(domain, 64, 100)) == {32, 64, 128}


@pytest.mark.parametrize("name", DOMAINS)
def test_no_strength_changes_nothing(name):
    domain = DOMAINS[name]
    value = domain.sample(np.random.default_rng(5))
    assert explored(domain, value, 3, strength=0.0) == pytest.approx([value] * 3)


@pytest.mark.parametrize("name", SCALED)
@given(place=st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_unit_scale_round_trip(name, place):
    domain = SCALED[name]
    value = domain.from_unit(place)
    assert value in domain
    assert domain.from_unit(domain.to_unit(value)) == pytest.approx(value, rel=1e-9, abs=1e-12)


@given(place=st.floats(-50, 50))
def test_reflection(place):
    assert 0 <= reflect(place) <= 1
    assert reflect(place) == pytest.approx(reflect(-place))
    assert reflect(place) == pytest.approx(reflect(place + 2), abs=1e-9)


def test_clip():
    assert Uniform(0, 1).clip(3) == 1.0
    assert LogUniform(0.1, 1).clip(-2) == 0.1
    assert IntUniform(2, 5).clip(3.6) == 4
    assert IntUniform(2, 5).clip(np.int64(9)) == 5
    assert Ordinal([(1, 2), (3, 4)]).clip([3, 4]) == (3, 4)
    with pytest.raises(ValueError, match="not an option"):
        Choice(["a", "b"]).clip("c")


@pytest.mark.parametrize("value", ["1", None, True, float("nan"), float("inf"), 2.0, -0.5])
def test_outside(value):
    assert value not in Uniform(0, 1)


def test_values_are_plain_python():
    rng = np.random.default_rng(0)
    assert type(Uniform(np.float32(0), np.float64(1)).sample(rng)) is float
    assert type(IntUniform(np.int64(0), np.int32(9)).perturb(np.int64(3), rng)) is int
    assert type(Choice([np.int64(1), np.int64(2)]).sample(rng)) is int


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Uniform(1, 1), "low < high"),
        (lambda: Uniform(2, 1), "low < high"),
        (lambda: Uniform("0", 1), "low='0', expected a finite number"),
        (lambda: Uniform(0, float("inf")), "high=inf"),
        (lambda: LogUniform(0, 1), "needs low > 0"),
        (lambda: IntUniform(0.5, 3), "low=0.5, expected an integer"),
        (lambda: IntUniform(0, 3, log=True), "needs low > 0"),
        (lambda: Choice([]), "at least one option"),
        (lambda: Choice("abc"), "expected a list"),
        (lambda: Choice([1, 1.0]), "distinct"),
        (lambda: Choice([object()]), "Give the option a name"),
        (lambda: Fixed(object()), "functools.partial"),
    ],
)
def test_errors_say_what_is_wrong(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_values_are_plain_all_the_way_down():
    assert is_plain([1, (2.0, ["a", None, True])])
    for wrong in (object(), {"a": 1}, np.int64(1)):
        assert not is_plain(wrong)
        assert not is_plain([1, (2.0, [wrong])])
    assert is_nan((1, [2, math.nan]))
    assert not is_nan((1, ["nan"]))


def test_numpys_scalars_become_numbers_wherever_they_are():
    given = [np.int64(1), (np.float64(0.5), [np.bool_(True)]), "a"]
    found = without_numpy(given)
    assert found == [1, (0.5, [True]), "a"]
    assert [type(one) for one in (found[0], found[1], *found[1][1])] == [int, tuple, bool]
    assert plain(given) == (1, (0.5, (True,)), "a")
