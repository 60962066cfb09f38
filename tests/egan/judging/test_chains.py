"""A Markov chain: a law of all sequences, as they were counted."""

import itertools

import pytest
import torch

from egan.judging.chains import MarkovChain


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def chain(**options):
    said = torch.tensor([[0, 1, 1, 0], [0, 1, 0, 1], [1, 1, 0, 1]])
    return MarkovChain.counted(said, 3, **options)


def test_all_sequences_sum_to_one():
    every = torch.tensor(list(itertools.product(range(3), repeat=4)))
    total = chain().log_density(every).exp().sum()
    torch.testing.assert_close(total, torch.tensor(1.0, dtype=torch.float64))


def test_hardly_smoothed_it_is_what_was_counted():
    found = chain(smoothing=1e-9)
    torch.testing.assert_close(found.first, torch.tensor([2 / 3, 1 / 3, 0]).double())
    # after 0 came 1 four times of four, after 1 came 0 three times of five
    torch.testing.assert_close(found.after[0], torch.tensor([0.0, 1, 0]).double())
    torch.testing.assert_close(found.after[1], torch.tensor([0.6, 0.4, 0]).double())


def test_what_was_never_seen_is_possible():
    assert torch.isfinite(chain().log_density(torch.tensor([[2, 2, 2, 2]]))).all()


def test_samples_follow_it():
    found = chain()
    said = found.sample(20_000, 2, rng())
    every = torch.tensor(list(itertools.product(range(3), repeat=2)))
    shares = (said[:, None] == every).all(dim=2).double().mean(dim=0)
    torch.testing.assert_close(shares, found.log_density(every).exp(), atol=0.012, rtol=0)


def test_pairs_beyond_memory_are_told_of():
    with pytest.raises(ValueError, match="the pairs of 1,000,000 tokens take"):
        MarkovChain.counted(torch.zeros(2, 3, dtype=torch.long), 10**6)
