"""The hinge of wrong pairs."""

import torch

from egan.losses.matching import matching_loss


def test_the_hinge_by_hand():
    scores = torch.tensor([[2.0, 0.5], [1.5, 1.0]])
    same = torch.eye(2, dtype=torch.bool)
    # 1 + .5 - 2 and 1 + .5 - 1; 1 + 1.5 - 1 and 1 + 1.5 - 2
    expected = (0.0 + 0.5 + 1.5 + 0.5) / 2
    assert matching_loss(scores, same).item() == expected


def test_pairs_that_are_told_apart_by_more_than_the_margin_cost_nothing():
    assert matching_loss(5 * torch.eye(3), torch.eye(3, dtype=torch.bool)) == 0


def test_equal_captions_are_no_wrong_pair():
    scores = torch.randn(3, 3, requires_grad=True)
    loss = matching_loss(scores, torch.ones(3, 3, dtype=torch.bool))
    loss.backward()
    assert loss == 0
    assert not scores.grad.any()
