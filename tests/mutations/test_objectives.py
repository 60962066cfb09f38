"""Each formula against float64 numpy, and the mistakes that earlier implementations made."""

import numpy as np
import pytest
import torch

import mutations


def log_sigmoid(o):
    return -np.logaddexp(0, -o)


def log_one_minus_sigmoid(o):
    return -np.logaddexp(0, o)


def sigmoid(o):
    return np.exp(log_sigmoid(o))


FORMULAS = {
    "minimax": lambda o, r: 0.5 * np.mean(log_one_minus_sigmoid(o)),
    "heuristic": lambda o, r: -0.5 * np.mean(log_sigmoid(o)),
    "least_squares": lambda o, r: np.mean((sigmoid(o) - 1) ** 2),
    "hinge": lambda o, r: -np.mean(o),
    "wasserstein": lambda o, r: -np.mean(o),
    "ganetic": lambda o, r: (
        np.mean(sigmoid(o) ** 3) + np.sqrt(3.985 / np.sum(sigmoid(o) + 1e-8) + 1e-8)
    ),
    "relativistic_logistic": lambda o, r: (
        -np.mean(log_sigmoid(o - r.mean())) - np.mean(log_one_minus_sigmoid(r - o.mean()))
    ),
    "relativistic_hinge": lambda o, r: (
        np.mean(np.maximum(0, 1 - (o - r.mean()))) + np.mean(np.maximum(0, 1 + r - o.mean()))
    ),
    "relativistic_least_squares": lambda o, r: (
        np.mean((o - r.mean() - 1) ** 2) + np.mean((r - o.mean() + 1) ** 2)
    ),
}


def loss_and_gradient(name, fake, real):
    fake = torch.tensor(fake, requires_grad=True)
    loss = mutations.get(name).generator(fake, torch.tensor(real))
    loss.backward()
    return loss.item(), fake.grad.numpy()


def test_every_objective_has_a_formula_here():
    assert set(FORMULAS) == set(mutations.NAMES)


@pytest.mark.parametrize("name", mutations.NAMES)
@pytest.mark.parametrize("scale", [0.1, 3.0, 1e4])
def test_value_agrees_with_float64_numpy(name, scale):
    rng = np.random.default_rng(5)
    fake, real = scale * rng.normal(size=33), scale * rng.normal(size=20)
    loss, _ = loss_and_gradient(name, fake, real)
    assert loss == pytest.approx(FORMULAS[name](fake, real), rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("name", mutations.NAMES)
def test_gradient_agrees_with_differences_of_the_formula(name):
    rng = np.random.default_rng(6)
    fake, real = rng.normal(size=8) - 1, rng.normal(size=5)
    _, gradient = loss_and_gradient(name, fake, real)
    steps = 1e-6 * np.eye(8)
    expected = [
        (FORMULAS[name](fake + d, real) - FORMULAS[name](fake - d, real)) / 2e-6 for d in steps
    ]
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "at_rejection", "at_acceptance"),
    [
        ("minimax", 0.0, -0.5),  # saturating: nothing to learn from where D rejects
        ("heuristic", -0.5, 0.0),  # non-saturating
        ("least_squares", 0.0, 0.0),  # on the probability it saturates on both sides
        ("hinge", -1.0, -1.0),
        ("wasserstein", -1.0, -1.0),
    ],
)
def test_gradient_where_the_discriminator_is_sure(name, at_rejection, at_acceptance):
    fake = np.array([-20.0])
    assert loss_and_gradient(name, fake, fake)[1] == pytest.approx(at_rejection, abs=1e-7)
    assert loss_and_gradient(name, -fake, fake)[1] == pytest.approx(at_acceptance, abs=1e-7)


def test_known_values_at_an_undecided_discriminator():
    zero = np.zeros(3)
    assert loss_and_gradient("minimax", zero, zero)[0] == pytest.approx(-0.5 * np.log(2))
    assert loss_and_gradient("heuristic", zero, zero)[0] == pytest.approx(0.5 * np.log(2))
    assert loss_and_gradient("least_squares", zero, zero)[0] == pytest.approx(0.25)
    assert loss_and_gradient("relativistic_logistic", zero, zero)[0] == pytest.approx(2 * np.log(2))
    assert loss_and_gradient("relativistic_hinge", zero, zero)[0] == pytest.approx(2)


def test_least_squares_has_no_optimum_at_a_logit_of_one():
    # MSE(logit, 1), another mutation, is zero at o = 1 and pulls back whatever lies beyond
    losses = [
        loss_and_gradient("least_squares", np.array([o]), np.zeros(1))[0] for o in (1.0, 2.0, 9.0)
    ]
    assert losses[0] > losses[1] > losses[2]
    assert losses[0] == pytest.approx((1 / (1 + np.exp(-1)) - 1) ** 2)
    assert loss_and_gradient("least_squares", np.array([3.0]), np.zeros(1))[1] < 0


def test_least_squares_keeps_its_digits_near_one():
    # sigmoid(o) - 1 computed as written is zero in float32 from o = 17 on
    fake = torch.tensor([30.0], requires_grad=True)
    loss = mutations.get("least_squares").generator(fake, None)
    assert loss.item() == pytest.approx(np.exp(-60), rel=1e-5)


def test_the_relativistic_gradient_flows_through_the_mean_of_the_fakes():
    # far above every real sample the first term is flat; what is left comes through E[o] alone
    fake, real = np.array([5.0, -40.0]), np.zeros(1)
    _, gradient = loss_and_gradient("relativistic_logistic", fake, real)
    assert gradient[0] == pytest.approx(-0.5 * sigmoid(17.5) - 0.5 * sigmoid(-5.0), rel=1e-6)


def test_relativistic_least_squares_is_least_one_above_the_real_mean():
    real = np.array([2.0, 2.0])
    assert loss_and_gradient("relativistic_least_squares", real + 1, real)[0] == pytest.approx(0)
    assert (loss_and_gradient("relativistic_least_squares", real + 2, real)[1] > 0).all()


@pytest.mark.parametrize(("count", "expected"), [(64, 0.40), (16, 0.49), (1, 0.73)])
def test_ganetic_is_least_at_equal_probabilities_that_depend_on_their_number(count, expected):
    best = (np.sqrt(3.985 / count) / 6) ** (2 / 7)
    assert best == pytest.approx(expected, abs=0.005)
    at_best = np.full(count, np.log(best / (1 - best)))
    loss, gradient = loss_and_gradient("ganetic", at_best, np.zeros(1))
    assert gradient == pytest.approx(0, abs=1e-8)
    for shift in (-0.5, 0.5):
        assert loss_and_gradient("ganetic", at_best + shift, np.zeros(1))[0] > loss
    assert (loss_and_gradient("ganetic", at_best + 1, np.zeros(1))[1] > 0).all(), "pulled back"


def test_ganetic_does_not_saturate_until_its_epsilon():
    slopes = [loss_and_gradient("ganetic", np.full(4, o), np.zeros(1))[1][0] for o in (-8.0, -12.0)]
    assert slopes[1] / slopes[0] == pytest.approx(np.exp(2), rel=0.02)
    assert abs(loss_and_gradient("ganetic", np.full(4, -40.0), np.zeros(1))[1][0]) < 1e-4
