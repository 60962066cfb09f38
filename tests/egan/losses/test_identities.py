"""What theory says that the games find, on laws of a few points, where it can be computed exactly.

p is the data's law and q the generator's. A loss is a mean over samples, so its expectation is the
sum over points of law times loss at that point's logit.
"""

import math
from functools import partial

import numpy as np
import pytest
import scipy.stats
import torch
from scipy.spatial.distance import jensenshannon
from torch.distributions import MultivariateNormal, kl_divergence
from torch.optim.swa_utils import AveragedModel

from egan.losses.averaging import historical_averaging
from egan.losses.discriminator import discriminator_loss
from egan.losses.divergences import F_DIVERGENCES
from egan.losses.games import least_squares_generator_loss, least_squares_loss, wasserstein_loss
from egan.losses.variational import gaussian_kl, gaussian_log_density
from mutations.adversarial import heuristic, minimax

POINTS = 7
EXACT = {"rtol": 0, "atol": 1e-12}
LOG4 = math.log(4)


@pytest.fixture(params=range(3))
def laws(request):
    rng = np.random.default_rng(request.param)
    return tuple(torch.tensor(law) for law in rng.dirichlet(np.ones(POINTS), size=2))


def expected(law, loss, logits):
    return (law * torch.func.vmap(loss)(logits)).sum()


def expected_of_both(p, q, loss, logits):
    """The same of a loss of real and fake logits, over independent pairs of points."""
    pairs = torch.func.vmap(lambda r: torch.func.vmap(lambda o: loss(r, o))(logits))(logits)
    return p @ pairs @ q


def value_of_the_game(p, q, logits):
    return -expected_of_both(p, q, discriminator_loss, logits)


def kl(p, q):
    return (p * (p / q).log()).sum()


def jsd(p, q):
    m = (p + q) / 2
    return (kl(p, m) + kl(q, m)) / 2


def gradient(function, at):
    at = at.detach().clone().requires_grad_()
    return torch.autograd.grad(function(at), at)[0]


def best_logits(p, q):
    return (p / q).log()  # D* = p / (p + q)


def test_the_best_discriminator_is_p_over_p_plus_q(laws):
    p, q = laws
    logits = torch.zeros(POINTS, dtype=torch.float64)
    for _ in range(500):  # Newton steps, no longer than 1: each point has a logit of its own
        slope = gradient(lambda t: value_of_the_game(p, q, t), logits)
        probability = logits.sigmoid()
        curvature = -(p + q) * probability * (1 - probability)
        logits = logits - (slope / curvature).clamp(-1, 1)
    torch.testing.assert_close(logits.sigmoid(), p / (p + q), **EXACT)
    assert gradient(lambda t: value_of_the_game(p, q, t), logits).abs().max() < 1e-12


def test_the_game_is_worth_twice_the_jensen_shannon_divergence_minus_log_4(laws):
    p, q = laws
    value = value_of_the_game(p, q, best_logits(p, q))
    torch.testing.assert_close(value, 2 * jsd(p, q) - LOG4, **EXACT)
    assert jsd(p, q).item() == pytest.approx(jensenshannon(p, q) ** 2, abs=1e-12)
    assert value > -LOG4 + 1e-3


def test_equal_laws_leave_the_best_discriminator_guessing(laws):
    p, _ = laws
    logits = best_logits(p, p)
    torch.testing.assert_close(logits.sigmoid(), torch.full_like(p, 0.5), **EXACT)
    assert value_of_the_game(p, p, logits).item() == pytest.approx(-LOG4, abs=1e-12)


def test_minimax_follows_the_jensen_shannon_divergence(laws):
    p, q = laws
    logits = best_logits(p, q)
    theta = q.log()
    loss = gradient(lambda t: 2 * expected(t.softmax(0), minimax, logits), theta)
    divergence = gradient(lambda t: 2 * jsd(p, t.softmax(0)), theta)
    torch.testing.assert_close(loss, divergence, **EXACT)


def test_heuristic_follows_reverse_kl_minus_twice_the_jensen_shannon_divergence(laws):
    p, q = laws
    logits = best_logits(p, q)
    theta = q.log()
    loss = gradient(lambda t: 2 * expected(t.softmax(0), heuristic, logits), theta)
    divergence = gradient(lambda t: kl(t.softmax(0), p) - 2 * jsd(t.softmax(0), p), theta)
    torch.testing.assert_close(loss, divergence, **EXACT)
    value = 2 * expected(q, heuristic, logits)
    torch.testing.assert_close(value, kl(q, p) - kl(q, (p + q) / 2) + math.log(2), **EXACT)


@pytest.mark.parametrize(("a", "b"), [(0.0, 1.0), (-1.0, 1.0), (0.3, -2.0)])
def test_the_best_least_squares_discriminator(laws, a, b):
    p, q = laws
    best = (b * p + a * q) / (p + q)
    codes = {"real_code": b, "fake_code": a}

    def loss(logits):
        return expected_of_both(p, q, partial(least_squares_loss, **codes), logits)

    slope = gradient(loss, best)
    torch.testing.assert_close(slope, torch.zeros_like(slope), **EXACT)
    if (a, b) == (0.0, 1.0):
        least = loss(best)
        torch.testing.assert_close(least, 0.5 * (p * q / (p + q)).sum(), **EXACT)


def test_least_squares_with_codes_of_one_and_minus_one_is_a_pearson_divergence(laws):
    p, q = laws
    best = (p - q) / (p + q)
    cost = expected(p + q, lambda t: least_squares_generator_loss(t, code=0.0), best)
    pearson = F_DIVERGENCES["pearson"].value(2 * q, p + q)
    torch.testing.assert_close(2 * cost, pearson, **EXACT)
    torch.testing.assert_close(pearson, ((2 * q - (p + q)) ** 2 / (p + q)).sum(), **EXACT)


def entropy(law):
    return -torch.special.xlogy(law, law).sum()


def test_a_guess_of_the_code_bounds_what_a_sample_says_about_it():
    generator = torch.Generator().manual_seed(0)
    joint_CX = torch.rand(4, 6, generator=generator, dtype=torch.float64)
    joint_CX /= joint_CX.sum()
    code, sample = joint_CX.sum(1), joint_CX.sum(0)
    information = (joint_CX * (joint_CX / (code[:, None] * sample)).log()).sum()
    left = entropy(code) + (joint_CX * (joint_CX / sample).log()).sum()  # H(C) − H(C|X)
    right = entropy(sample) + (joint_CX * (joint_CX / code[:, None]).log()).sum()
    torch.testing.assert_close(left, information, **EXACT)
    torch.testing.assert_close(right, information, **EXACT)

    def bound(guess_CX):
        return (joint_CX * guess_CX.log()).sum() + entropy(code)

    posterior = joint_CX / sample
    torch.testing.assert_close(bound(posterior), information, **EXACT)
    for _ in range(20):
        guess = torch.rand(4, 6, generator=generator, dtype=torch.float64).softmax(0)
        gap = information - bound(guess)
        excess = (sample * (posterior * (posterior / guess).log()).sum(0)).sum()
        torch.testing.assert_close(gap, excess, **EXACT)
        assert gap > 0


@pytest.fixture
def linear_decoder():
    """x = W z + b + noise, of 2 latent and 3 visible dimensions, W with orthogonal columns."""
    generator = torch.Generator().manual_seed(1)
    columns, _ = torch.linalg.qr(torch.randn(3, 2, generator=generator, dtype=torch.float64))
    weight = columns * torch.tensor([1.5, 0.7], dtype=torch.float64)
    bias = torch.randn(3, generator=generator, dtype=torch.float64)
    variance = 0.4
    x = torch.randn(3, generator=generator, dtype=torch.float64)
    covariance = weight @ weight.T + variance * torch.eye(3, dtype=torch.float64)
    log_p = MultivariateNormal(bias, covariance).log_prob(x)
    posterior_covariance = torch.linalg.inv(
        torch.eye(2, dtype=torch.float64) + weight.T @ weight / variance
    )
    mean = posterior_covariance @ weight.T @ (x - bias) / variance
    posterior = MultivariateNormal(mean, posterior_covariance)

    def elbo(mean, log_variance):
        nodes, weights = np.polynomial.hermite_e.hermegauss(3)  # exact: the integrand is quadratic
        grid = torch.cartesian_prod(*[torch.tensor(nodes)] * 2)
        law = torch.cartesian_prod(*[torch.tensor(weights) / math.sqrt(2 * math.pi)] * 2).prod(1)
        codes = mean + (0.5 * log_variance).exp() * grid
        spread = torch.full((9, 3), math.log(variance), dtype=torch.float64)
        log_likelihood = gaussian_log_density(x.expand(9, 3), codes @ weight.T + bias, spread)
        return (law * log_likelihood).sum() - gaussian_kl(mean[None], log_variance[None])[0]

    return elbo, log_p, posterior


def test_the_gap_of_the_variational_bound_is_the_divergence_from_the_posterior(linear_decoder):
    elbo, log_p, posterior = linear_decoder
    rng = torch.Generator().manual_seed(2)
    for _ in range(5):
        mean, log_variance = torch.randn(2, 2, generator=rng, dtype=torch.float64)
        guess = MultivariateNormal(mean, torch.diag(log_variance.exp()))
        gap = log_p - elbo(mean, log_variance)
        torch.testing.assert_close(gap, kl_divergence(guess, posterior), rtol=0, atol=1e-11)
        assert gap > 0


def test_the_variational_bound_is_tight_at_the_posterior(linear_decoder):
    elbo, log_p, posterior = linear_decoder
    covariance = posterior.covariance_matrix
    assert covariance[0, 1].abs() < 1e-14
    bound = elbo(posterior.mean, torch.diag(covariance).log())
    torch.testing.assert_close(bound, log_p, **EXACT)


def test_the_best_critic_on_a_grid_finds_the_wasserstein_distance():
    rng = np.random.default_rng(3)
    spacing, points = 0.25, 9
    for _ in range(5):
        p, q = (rng.multinomial(40, law) for law in rng.dirichlet(np.ones(points), size=2))
        ahead = np.cumsum(q - p)[:-1]
        critic = torch.tensor(np.concatenate([[0], np.cumsum(spacing * np.sign(ahead))]))
        places = torch.arange(points)
        real, fake = (
            places.repeat_interleave(torch.tensor(p)),
            places.repeat_interleave(torch.tensor(q)),
        )
        found = -wasserstein_loss(critic[real], critic[fake]).item()
        grid = spacing * np.arange(points)
        distance = spacing * np.abs(ahead / 40).sum()
        assert found == pytest.approx(distance, abs=1e-12)
        assert distance == pytest.approx(scipy.stats.wasserstein_distance(grid, grid, p, q))
        slopes = torch.tensor(rng.uniform(-spacing, spacing, size=(100, points)))
        gaps = [-wasserstein_loss(c[real], c[fake]).item() for c in slopes.cumsum(1)]
        assert max(gaps) <= distance


class Player(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.place = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))


def play(*, steps, rate, weight):
    """Both players of min over x, max over y of x y step at once; return the radius over time."""
    x, y = Player(), Player()
    means = [AveragedModel(player) for player in (x, y)]
    radii = []
    for _ in range(steps):
        for player, mean in zip((x, y), means, strict=True):
            mean.update_parameters(player)
        product = (x.place * y.place).sum()
        losses = [product, -product]
        slopes = []
        for player, mean, loss in zip((x, y), means, losses, strict=True):
            pull = historical_averaging(player.parameters(), mean.module.parameters())
            slopes.append(
                torch.autograd.grad(loss + weight * pull, player.place, retain_graph=True)
            )
        with torch.no_grad():
            for player, (slope,) in zip((x, y), slopes, strict=True):
                player.place -= rate * slope
        radii.append(math.hypot(x.place.item(), y.place.item()))
    return np.array(radii)


def test_simultaneous_gradient_play_spirals_out_by_an_exact_factor():
    radii = play(steps=30, rate=0.3, weight=0.0)
    np.testing.assert_allclose(radii[1:] / radii[:-1], math.sqrt(1 + 0.3**2), rtol=1e-12)


def test_historical_averaging_keeps_the_spiral_bounded():
    free = play(steps=600, rate=0.1, weight=0.0)
    held = play(steps=600, rate=0.1, weight=0.1)
    assert free[-1] > 20
    assert held.max() < 3
    assert held[-100:].max() < held[:100].max()


def descend(p, *, discriminator_steps, steps, rate):
    """Play the minimax game with a table for each player; `None` steps: D is the best one."""
    theta = torch.zeros(POINTS, dtype=torch.float64)
    logits = torch.zeros(POINTS, dtype=torch.float64)
    for _ in range(steps):
        q = theta.softmax(0)
        if discriminator_steps is None:
            logits = best_logits(p, q)
        for _ in range(discriminator_steps or 0):
            logits = logits + 2 * gradient(lambda t, q=q: value_of_the_game(p, q, t), logits)
        loss = gradient(lambda t, o=logits: expected(t.softmax(0), minimax, o), theta)
        theta = theta - rate * loss
    return theta.softmax(0), logits


@pytest.mark.parametrize("discriminator_steps", [None, 5])
def test_the_tabular_game_reaches_the_data(discriminator_steps):
    p = torch.tensor([0.05, 0.1, 0.15, 0.2, 0.3, 0.12, 0.08], dtype=torch.float64)
    q, logits = descend(p, discriminator_steps=discriminator_steps, steps=600, rate=2.0)
    assert jsd(p, q) < 1e-4
    assert (logits.sigmoid() - 0.5).abs().max() < 0.01
