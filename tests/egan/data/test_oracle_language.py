"""The oracle's probabilities against torch's LSTM, and sequences against its probabilities."""

import itertools

import numpy as np
import torch

import egan.data
from egan.data.oracle_language import LENGTH, VOCABULARY, LstmLanguage
from egan.data.splits import parted


def small():
    return LstmLanguage.random(3, np.random.default_rng(0), width=4)


def test_it_is_an_lstm():
    oracle = small()
    cell = torch.nn.LSTMCell(4, 4).double()
    gates = [torch.from_numpy(one) for one in np.split(oracle.kernel, 4, axis=1)]
    order = [gates[i] for i in (0, 1, 3, 2)]  # torch has the output gate last
    biases = [torch.from_numpy(one) for one in np.split(oracle.bias, 4)]
    with torch.no_grad():
        cell.weight_ih.copy_(torch.cat([one[:4].T for one in order]))
        cell.weight_hh.copy_(torch.cat([one[4:].T for one in order]))
        cell.bias_ih.copy_(torch.cat([biases[i] for i in (0, 1, 3, 2)]))
        cell.bias_hh.zero_()
        said, state, expected = [2, 0, 1, 1], None, 0.0
        for before, now in itertools.pairwise([3, *said]):
            state = cell(torch.from_numpy(oracle.embeddings[[before]]), state)
            logits = state[0] @ torch.from_numpy(oracle.output) + torch.from_numpy(
                oracle.output_bias
            )
            expected += float(logits.log_softmax(dim=1)[0, now])
    np.testing.assert_allclose(oracle.log_probability(np.array([said])), [expected], rtol=1e-12)


def test_all_sequences_sum_to_one_and_are_as_frequent_as_likely():
    oracle = small()
    every = np.array(list(itertools.product(range(3), repeat=3)))
    likely = np.exp(oracle.log_probability(every))
    np.testing.assert_allclose(likely.sum(), 1)
    said = oracle.sequences(20_000, 3, np.random.default_rng(1))
    shares = (said[:, None] == every).all(axis=2).mean(axis=0)
    np.testing.assert_allclose(shares, likely, atol=0.015)


def test_the_language_is_the_same_at_every_load():
    data = egan.data.load("oracle_language")
    assert data.shape == (LENGTH,)
    assert data.vocabulary == VOCABULARY
    oracle = LstmLanguage.random(VOCABULARY, np.random.default_rng(1609))
    again = oracle.sequences(1000, LENGTH, np.random.default_rng(5473))
    assert np.array_equal(again, data.samples[:1000])
    assert data.oracle is not None
    assert np.array_equal(
        data.oracle.log_probability(again[:20]), oracle.log_probability(again[:20])
    )


def test_ten_thousand_are_learned_from_and_the_oracle_stays():
    known, held_out = parted(egan.data.load("oracle_language"), hold_out=True)
    assert (len(known), len(held_out)) == (10_000, 2_500)
    assert known.oracle is held_out.oracle is not None
