import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr

from egan.losses.discriminator import discriminator_loss
from egan.losses.divergences import F_DIVERGENCES

EXACT = {"rtol": 0, "atol": 1e-12}
REALS, FAKES = torch.tensor([3, 1, 2, 4, 5, 5]), torch.tensor([2, 6, 1, 1, 5, 5])
NAMES = tuple(F_DIVERGENCES)
VALUES = {
    "kl": lambda p, q: rel_entr(p, q).sum(),
    "reverse_kl": lambda p, q: rel_entr(q, p).sum(),
    "pearson": lambda p, q: ((p - q) ** 2 / q).sum(),
    "squared_hellinger": lambda p, q: ((np.sqrt(p) - np.sqrt(q)) ** 2).sum(),
    "jensen_shannon": lambda p, q: 2 * jensenshannon(p, q) ** 2,
    "gan": lambda p, q: 2 * jensenshannon(p, q) ** 2 - np.log(4),
    "total_variation": lambda p, q: 0.5 * np.abs(p - q).sum(),
}


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def divergence(name):
    return F_DIVERGENCES[name]


@pytest.fixture(params=range(2))
def laws(request):
    rng = np.random.default_rng(request.param)
    return tuple(torch.tensor(law) for law in rng.dirichlet(np.ones(6), size=2))


def outputs_for(divergence, targets):
    """Solve g(v) = T for every T."""

    def residual(v, target):
        return divergence.activation(torch.tensor(v, dtype=torch.float64)).item() - target

    roots = [brentq(residual, -20, 20, args=(t.item(),), xtol=1e-14) for t in targets]
    return torch.tensor(roots, dtype=torch.float64)


def test_the_value_agrees_with_scipy(name, divergence, laws):
    p, q = laws
    assert divergence.value(p, q).item() == pytest.approx(VALUES[name](p.numpy(), q.numpy()))


def test_equal_laws_are_at_no_distance(name, divergence, laws):
    p, _ = laws
    floor = -np.log(4) if name == "gan" else 0
    assert divergence.value(p, p).item() == pytest.approx(floor, abs=1e-12)


def test_the_bound_holds_for_any_function_and_is_tight_at_the_slope(divergence, laws):
    p, q = laws
    value = divergence.value(p, q)
    best = divergence.slope(p / q)
    bound = (p * best).sum() - (q * divergence.conjugate(best)).sum()
    torch.testing.assert_close(bound, value, **EXACT)
    generator = torch.Generator().manual_seed(4)
    for scale in (0.1, 1.0, 3.0):
        outputs = scale * torch.randn(6, generator=generator, dtype=torch.float64)
        bound = (p * divergence.activation(outputs)).sum() - (q * divergence.penalty(outputs)).sum()
        assert bound < value


def test_the_conjugate_is_the_largest_gap_below_a_line(divergence):
    u = torch.logspace(-4, 4, 20001, dtype=torch.float64)
    for t in divergence.activation(torch.tensor([-1.5, -0.2, 0.3], dtype=torch.float64)):
        largest = (u * t - divergence.f(u)).max()
        assert divergence.conjugate(t).item() == pytest.approx(largest.item(), abs=2e-4)


def test_the_slope_is_the_derivative_of_f(divergence):
    u = torch.tensor([0.2, 0.8, 1.5, 6.0], dtype=torch.float64, requires_grad=True)
    (derivative,) = torch.autograd.grad(divergence.f(u).sum(), u)
    torch.testing.assert_close(divergence.slope(u), derivative, **EXACT)


def test_the_penalty_is_the_conjugate_of_the_activation(divergence):
    v = torch.linspace(-4, 4, 33, dtype=torch.float64)
    torch.testing.assert_close(
        divergence.penalty(v), divergence.conjugate(divergence.activation(v))
    )


def test_the_activation_rises_and_everything_stays_finite(divergence):
    v = torch.linspace(-15, 15, 61, requires_grad=True)
    activation, penalty = divergence.activation(v), divergence.penalty(v)
    assert (activation.diff() >= 0).all()
    assert activation.isfinite().all()
    assert penalty.isfinite().all()
    (slope,) = torch.autograd.grad(activation.sum() + penalty.sum(), v)
    assert slope.isfinite().all()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "total_variation"])
def test_the_losses_at_the_best_function_are_the_divergence_and_its_gradient(name):
    divergence = F_DIVERGENCES[name]
    best = outputs_for(divergence, divergence.slope(REALS.double() / FAKES))
    p, q = REALS.double() / 20, FAKES.double() / 20
    loss = divergence.discriminator_loss(
        best.repeat_interleave(REALS), best.repeat_interleave(FAKES)
    )
    torch.testing.assert_close(-loss, divergence.value(p, q), **EXACT)
    theta = q.log().requires_grad_()
    (of_value,) = torch.autograd.grad(divergence.value(p, theta.softmax(0)), theta)
    losses = torch.stack([divergence.generator_loss(v[None]) for v in best])
    (of_loss,) = torch.autograd.grad(theta.softmax(0) @ losses, theta)
    torch.testing.assert_close(of_loss, of_value, rtol=0, atol=1e-11)


def test_the_total_variation_is_reached_by_ever_larger_outputs():
    divergence = F_DIVERGENCES["total_variation"]
    outputs = 40 * (REALS - FAKES).sign().double()
    loss = divergence.discriminator_loss(
        outputs.repeat_interleave(REALS), outputs.repeat_interleave(FAKES)
    )
    value = divergence.value(REALS.double() / 20, FAKES.double() / 20)
    torch.testing.assert_close(-loss, value, **EXACT)


def test_the_generators_losses_fall_as_outputs_rise(divergence):
    low, high = torch.full((3,), -0.5), torch.full((3,), 0.5)
    assert divergence.generator_loss(high) < divergence.generator_loss(low)
    assert divergence.heuristic_loss(high) < divergence.heuristic_loss(low)


def test_the_gan_divergence_plays_the_logistic_game():
    real, fake = torch.randn(2, 8, generator=torch.Generator().manual_seed(0))
    loss = F_DIVERGENCES["gan"].discriminator_loss(real, fake)
    torch.testing.assert_close(loss, discriminator_loss(real, fake))


def test_no_outputs_are_refused(divergence):
    with pytest.raises(ValueError, match="fake outputs is empty"):
        divergence.generator_loss(torch.empty(0))
