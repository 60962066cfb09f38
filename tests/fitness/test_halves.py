"""Standard errors by random parts, beside those of many sets that were really drawn anew."""

import numpy as np
import pytest

import fitness
from fitness.halves import share_of


def rng(seed=0):
    return np.random.default_rng(seed)


def scores(real, fake):
    near = fitness.precision_recall_density_coverage(real, fake, k=5)
    return {
        "mean": float(fake.mean()),
        "frechet": fitness.frechet_distance(real, fake),
        "mmd": fitness.squared_mmd(real, fake),
        "precision": near.precision,
        "recall": near.recall,
        "density": near.density,
        "coverage": near.coverage,
    }


def draw(seed, *, n=200, m=300):
    return rng(seed).normal(size=(n, 4)), rng(seed + 10_000).normal(size=(m, 4)) + 0.5


@pytest.fixture(scope="module")
def errors():
    """Return standard errors from one pair of sets, and the deviations of many."""
    found = []
    for seed in range(6):
        real, fake = draw(seed)
        counts = len(real), len(fake)
        pairs = fitness.parts(counts, rng=rng(), num=40)
        found.append(fitness.errors_of([scores(real[i], fake[j]) for i, j in pairs], counts))
    many = [scores(*draw(seed)) for seed in range(100, 250)]
    names = many[0]
    return (
        {name: np.mean([one[name] for one in found]) for name in names},
        {name: np.std([one[name] for one in many], ddof=1) for name in names},
    )


@pytest.mark.parametrize(
    "name", ["mean", "frechet", "mmd", "precision", "recall", "density", "coverage"]
)
def test_they_are_those_of_sets_drawn_anew(name, errors):
    estimated, true = (one[name] for one in errors)
    assert 0.7 < estimated / true < 1.6, (estimated, true)


def test_the_error_of_a_mean_is_known():
    values = rng().normal(size=400)
    counts = 400, 400
    drawn = [{"mean": values[i].mean()} for i, _ in fitness.parts(counts, rng=rng(), num=2000)]
    error = fitness.errors_of(drawn, counts)["mean"]
    assert error == pytest.approx(values.std(ddof=1) / 20, rel=0.06)


def test_smaller_parts_of_many_samples_tell_the_same():
    values, counts = rng().normal(size=5000), (5000, 5000)
    assert share_of(counts) == 0.2
    drawn = [{"mean": values[i].mean()} for i, _ in fitness.parts(counts, rng=rng(), num=2000)]
    error = fitness.errors_of(drawn, counts)["mean"]
    assert error == pytest.approx(values.std(ddof=1) / np.sqrt(5000), rel=0.06)


@pytest.mark.parametrize(
    ("counts", "share"),
    [((100, 100), 0.5), ((20, 30), 0.5), ((10_000, 10_000), 0.1), ((10_000, 100), 0.5)],
)
def test_a_part_is_a_half_or_less_of_many(counts, share):
    assert share_of(counts) == share


def test_parts_hold_no_sample_twice():
    for real, fake in fitness.parts((31, 20), rng=rng(), num=5):
        assert len(set(real)) == len(real) == 16
        assert len(set(fake)) == len(fake) == 10


def test_classes_have_their_share_of_each_part():
    classes = np.repeat([0, 1, 2], [60, 30, 10])
    for real, fake in fitness.parts((100, 100), rng=rng(), num=5, strata=(classes, None)):
        assert np.bincount(classes[real]).tolist() == [30, 15, 5]
        assert len(set(fake)) == 50


def test_scores_that_are_not_finite_are_left_out():
    drawn = [{"a": 1.0, "b": np.nan}, {"a": np.nan, "b": np.nan}, {"a": 3.0, "b": 1.0}]
    errors = fitness.errors_of(drawn, (10, 10))
    assert errors["a"] == pytest.approx(np.sqrt(2))
    assert np.isnan(errors["b"])
