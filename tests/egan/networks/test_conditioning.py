import pytest
import torch
import torch.nn.functional as F
from torch import nn

from egan.networks.conditioning import ConditionalNorm, ProjectionHead, concatenate


def test_a_condition_joins_codes_as_numbers_and_images_as_planes():
    labels = torch.tensor([1, 0])
    condition = F.one_hot(labels, 3).float()
    codes = concatenate(torch.full((2, 4), 7.0), condition)
    assert codes.tolist() == [[7, 7, 7, 7, 0, 1, 0], [7, 7, 7, 7, 1, 0, 0]]
    images = torch.randn(2, 2, 5, 5)
    joined = concatenate(images, condition)
    assert joined.shape == (2, 5, 5, 5)
    assert torch.equal(joined[:, :2], images)
    assert (joined[0, 3] == 1).all()
    assert (joined[0, [2, 4]] == 0).all()
    assert (joined[1, 2] == 1).all()


@pytest.mark.parametrize("condition", [torch.zeros(2), torch.zeros(3, 4), torch.zeros(2, 4, 1)])
def test_conditions_that_do_not_fit_are_refused(condition):
    with pytest.raises(ValueError, match=r"\(N, K\) with N = 2"):
        concatenate(torch.zeros(2, 5), condition)


def test_instance_statistics_become_those_of_the_style():
    torch.manual_seed(0)
    norm = ConditionalNorm(6, condition_dim=3, statistics="instance").double()
    style = torch.randn(4, 3, dtype=torch.float64)
    hidden = 2 + 3 * torch.randn(4, 6, 8, 8, dtype=torch.float64)
    normed = norm(hidden, style)
    gain, shift = 1 + norm.gain(style), norm.shift(style)
    exact = {"rtol": 0, "atol": 1e-4}
    torch.testing.assert_close(normed.mean((2, 3)), shift, **exact)
    torch.testing.assert_close(normed.std((2, 3), correction=0), gain.abs(), **exact)
    one_by_one = torch.cat([norm(hidden[[i]], style[[i]]) for i in range(4)])
    torch.testing.assert_close(normed, one_by_one, rtol=0, atol=1e-12)


def test_batch_statistics_with_a_class_are_a_batch_norm_with_weights_of_the_class():
    torch.manual_seed(0)
    norm, plain = ConditionalNorm(6, condition_dim=3), nn.BatchNorm2d(6)
    labels = torch.tensor([2, 0, 2, 1])
    hidden = torch.randn(4, 6, 5, 5)
    normed = norm(hidden, F.one_hot(labels, 3).float())
    whole = plain(hidden)
    for i, label in enumerate(labels):
        gain = 1 + norm.gain.weight[:, label] + norm.gain.bias
        shift = norm.shift.weight[:, label] + norm.shift.bias
        expected = gain[:, None, None] * whole[i] + shift[:, None, None]
        torch.testing.assert_close(normed[i], expected)
    assert torch.equal(norm.norm.running_mean, plain.running_mean)
    alone = norm.eval()(hidden[[0]], F.one_hot(labels[[0]], 3).float())
    assert not torch.allclose(alone, normed[[0]], atol=0.1)


def test_a_condition_of_nothing_changes_nothing():
    def zeroed(inputs, outputs):
        layer = nn.Linear(inputs, outputs, bias=False)
        nn.init.zeros_(layer.weight)
        return layer

    norm = ConditionalNorm(2, condition_dim=3, linear=zeroed)
    hidden = torch.randn(4, 2, 3, 3)
    torch.testing.assert_close(norm(hidden, torch.randn(4, 3)), nn.BatchNorm2d(2)(hidden))


def test_unknown_statistics_are_refused():
    with pytest.raises(ValueError, match="'layer'"):
        ConditionalNorm(2, condition_dim=3, statistics="layer")


def test_the_projection_head_is_its_formula():
    torch.manual_seed(0)
    head = ProjectionHead(5, num_classes=3).double()
    features = torch.randn(4, 5, dtype=torch.float64)
    labels = torch.tensor([2, 0, 2, 1])
    table = features @ head.embedding.weight.T + features @ head.linear.weight.T + head.linear.bias
    logits = head(features, labels)
    assert logits.shape == (4,)
    torch.testing.assert_close(logits, table[range(4), labels], rtol=0, atol=1e-12)
    logits.sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in head.parameters())
