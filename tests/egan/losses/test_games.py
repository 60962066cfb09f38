import numpy as np
import pytest
import torch

import mutations
from egan.losses.games import (
    GAMES,
    hinge_loss,
    least_squares_generator_loss,
    least_squares_loss,
    wasserstein_loss,
)

RNG = np.random.default_rng(0)
REAL, FAKE = 3 * RNG.normal(size=17), 3 * RNG.normal(size=9)
FORMULAS = {
    "minimax": lambda r, o: np.mean(np.logaddexp(0, -r)) + np.mean(np.logaddexp(0, o)),
    "heuristic": lambda r, o: np.mean(np.logaddexp(0, -r)) + np.mean(np.logaddexp(0, o)),
    "least_squares": lambda r, o: 0.5 * np.mean((r - 1) ** 2) + 0.5 * np.mean(o**2),
    "hinge": lambda r, o: np.mean(np.maximum(0, 1 - r)) + np.mean(np.maximum(0, 1 + o)),
    "wasserstein": lambda r, o: np.mean(o) - np.mean(r),
}


def test_every_game_is_a_mutation_too_and_has_a_formula_here():
    assert set(GAMES) == set(FORMULAS) <= set(mutations.NAMES)


@pytest.mark.parametrize("name", GAMES)
def test_the_discriminators_half_agrees_with_float64_numpy(name):
    loss = GAMES[name].discriminator(torch.tensor(REAL), torch.tensor(FAKE)[:, None])
    assert loss.shape == ()
    assert loss.item() == pytest.approx(FORMULAS[name](REAL, FAKE), rel=1e-12)


@pytest.mark.parametrize("name", [name for name in GAMES if name != "least_squares"])
def test_the_generators_half_is_the_mutation(name):
    fake = torch.tensor(FAKE)
    assert GAMES[name].generator(fake) == mutations.get(name).generator(fake, None)


def test_the_codes_of_least_squares():
    real, fake = torch.tensor(REAL), torch.tensor(FAKE)
    loss = least_squares_loss(real, fake, real_code=1.5, fake_code=-1)
    expected = 0.5 * np.mean((REAL - 1.5) ** 2) + 0.5 * np.mean((FAKE + 1) ** 2)
    assert loss.item() == pytest.approx(expected, rel=1e-12)
    loss = least_squares_generator_loss(fake, code=0.25)
    assert loss.item() == pytest.approx(0.5 * np.mean((FAKE - 0.25) ** 2), rel=1e-12)


@pytest.mark.parametrize("name", GAMES)
def test_the_players_pull_a_fake_logit_apart(name):
    real, fake = torch.zeros(2, requires_grad=True), torch.full((2,), 0.5, requires_grad=True)
    GAMES[name].discriminator(real, fake).backward()
    assert (real.grad < 0).all()
    assert (fake.grad > 0).all()
    fake.grad = None
    GAMES[name].generator(fake).backward()
    assert (fake.grad < 0).all()


def test_a_confidently_rejected_sample_learns_more_from_least_squares_than_from_minimax():
    slopes = {}
    for name in ("minimax", "least_squares"):
        fake = torch.tensor([-5.0], requires_grad=True)
        GAMES[name].generator(fake).backward()
        slopes[name] = fake.grad.abs().item()
    assert slopes["least_squares"] == pytest.approx(6)
    assert slopes["minimax"] < 0.01


@pytest.mark.parametrize("loss", [least_squares_loss, hinge_loss, wasserstein_loss])
def test_losses_refuse_empty_logits_and_integers(loss):
    with pytest.raises(ValueError, match="fake logits is empty"):
        loss(torch.zeros(2), torch.empty(0))
    with pytest.raises(ValueError, match="real logits must be a floating-point"):
        loss(torch.zeros(2, dtype=torch.int64), torch.zeros(2))
