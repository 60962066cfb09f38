"""Self-attention against a sum over places, written out."""

import torch

from egan.networks.attention import SelfAttention


def test_attention_sums_values_by_likeness():
    torch.manual_seed(0)
    attention = SelfAttention(8)
    hidden = torch.randn(2, 8, 4, 4)
    assert torch.equal(attention(hidden), hidden)  # the gain starts at 0
    attention.gain.data.fill_(0.5)
    queries = attention.queries(hidden).flatten(2)
    keys, values = attention.keys(hidden).flatten(2), attention.values(hidden).flatten(2)
    expected = torch.empty(2, 4, 16)
    for n in range(2):
        for place in range(16):
            weights = torch.softmax(keys[n].T @ queries[n, :, place], dim=0)
            expected[n, :, place] = values[n] @ weights
    expected = hidden + 0.5 * attention.last(expected.unflatten(2, (4, 4)))
    torch.testing.assert_close(attention(hidden), expected)


def test_weights_are_shares_of_pooled_places():
    torch.manual_seed(0)
    attention = SelfAttention(16)
    weights = attention.weights(torch.randn(3, 16, 6, 4))
    assert weights.shape == (3, 24, 6)
    torch.testing.assert_close(weights.sum(dim=2), torch.ones(3, 24))
    assert weights.std() > 1e-3
