"""A step in a trust region: the natural gradient, and its bounds."""

import numpy as np
import torch
from torch.distributions import Categorical, kl_divergence

from egan.training.trust_region import (
    DAMPING,
    conjugate_gradients,
    hessian_product,
    trust_region_step,
)


def test_conjugate_gradients_solve():
    rng = np.random.default_rng(0)
    root = rng.standard_normal((6, 6))
    matrix = torch.from_numpy(root @ root.T + np.eye(6))
    wanted = torch.from_numpy(rng.standard_normal(6))
    found = conjugate_gradients(lambda v: matrix @ v, wanted, iterations=10)
    assert torch.allclose(matrix @ found, wanted, atol=1e-6)


def test_the_product_is_with_fishers_matrix():
    logits = torch.tensor([0.3, -0.2, 0.9], dtype=torch.float64, requires_grad=True)
    before = Categorical(logits=logits.detach())
    product = hessian_product(kl_divergence(before, Categorical(logits=logits)), [logits])
    chances = before.probs
    fisher = torch.diag(chances) - torch.outer(chances, chances)
    vector = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    assert torch.allclose(product(vector), fisher @ vector + DAMPING * vector)


def stepped(gains, *, most, curve=lambda chances: 0.0):
    logits = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    before = Categorical(logits=logits.detach().clone())
    gains = torch.tensor(gains, dtype=torch.float64)

    def gain():
        chances = logits.softmax(dim=0)
        return chances @ gains + curve(chances)

    def divergence():
        return kl_divergence(before, Categorical(logits=logits))

    first = gain().item()
    trust_region_step([logits], gain, divergence, most=most)
    return gain().item() - first, divergence().item(), logits.detach()


def test_a_step_gains_and_stays_near():
    for most in (1e-4, 1e-2):
        gained, apart, _ = stepped([1.0, 0.0, -1.0], most=most)
        assert gained > 0
        assert most / 20 < apart <= most


def test_without_a_gain_nothing_changes():
    *_, logits = stepped([1.0, 1.0, 1.0], most=0.01)
    assert torch.allclose(logits, torch.zeros(3, dtype=torch.float64), atol=1e-6)


def test_what_only_seems_to_gain_is_taken_back():
    def cliff(chances):
        return -100.0 * (chances.detach() - 1 / 3).abs().sum()

    *_, logits = stepped([1.0, 0.0, -1.0], most=0.01, curve=cliff)
    assert torch.allclose(logits, torch.zeros(3, dtype=torch.float64), atol=1e-12)
