import json

import numpy as np
import pytest
import torch

from population.state import open_copy, pack, unpack


def tree():
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.randn(4, 3)).sum().backward()
    optimizer.step()
    return {
        "net": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "half": torch.arange(5, dtype=torch.bfloat16),
        "empty": torch.empty(0, 3),
        "scalar": torch.tensor(7),
        "array": np.arange(6, dtype=np.int16).reshape(2, 3),
        "strided": torch.arange(12.0).reshape(3, 4).t(),
        "plain": [1, (2.5, None), "text", True],
    }


def flat(node):
    if isinstance(node, dict):
        return [leaf for key in node for leaf in [key, *flat(node[key])]]
    if isinstance(node, list | tuple):
        return [type(node).__name__, *[leaf for child in node for leaf in flat(child)]]
    return [node]


def same(a, b):
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and a.shape == b.shape and torch.equal(a, b)
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    return a == b and type(a) is type(b)


def test_round_trip_keeps_every_leaf():
    state = tree()
    back = unpack(pack(state))
    for a, b in zip(flat(state), flat(back), strict=True):
        assert same(a, b)


def test_the_skeleton_survives_json():
    packed = pack(tree())
    again = type(packed)(json.loads(json.dumps(packed.skeleton)), packed.buffer)
    for a, b in zip(flat(tree_of(packed)), flat(tree_of(again)), strict=True):
        assert same(a, b)


def tree_of(packed):
    return unpack(packed)


def test_packing_copies_and_unpacking_copies_again():
    weights = torch.ones(4)
    packed = pack({"w": weights})
    weights += 1
    first, second = unpack(packed), unpack(packed)
    first["w"] += 5
    assert second["w"].tolist() == [1.0] * 4
    assert unpack(packed)["w"].tolist() == [1.0] * 4


def test_a_sibling_does_not_change_its_parents_adam_state():
    """`Optimizer.load_state_dict` keeps the tensors it is given (torch 2.1 and later)."""

    def sibling(parent, gradient):
        net = torch.nn.Linear(2, 2)
        optimizer = torch.optim.Adam(net.parameters())
        state = unpack(parent)
        net.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
        for parameter in net.parameters():
            parameter.grad = torch.full_like(parameter, gradient)
        optimizer.step()
        return optimizer.state_dict()["state"][0]["exp_avg"].clone()

    net = torch.nn.Linear(2, 2)
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    parent = pack({"net": net.state_dict(), "optimizer": optimizer.state_dict()})
    moments = unpack(parent)["optimizer"]["state"][0]["exp_avg"]
    once = sibling(parent, 1.0)
    sibling(parent, -3.0)
    assert torch.equal(sibling(parent, 1.0), once)
    assert torch.equal(unpack(parent)["optimizer"]["state"][0]["exp_avg"], moments)


@pytest.mark.parametrize(
    ("state", "path"),
    [
        ({"a": [object()]}, r"state_dict\(\)\['a'\]\[0\] is a object"),
        ({"a": {2.5: 1}}, r"has the key 2.5"),
        ({"a": np.array(["text"])}, "is a ndarray"),
    ],
)
def test_what_a_state_cannot_hold_is_named(state, path):
    with pytest.raises(TypeError, match=path):
        pack(state)


def test_what_lives_in_the_parents_copy_is_not_copied_again():
    packed = pack({"a": torch.arange(3.0), "b": np.arange(4), "lr": 0.1})
    state, buffer = open_copy(packed)
    state["a"] += 1
    state["lr"] = 0.2
    child = pack({"a": state["a"], "b": np.zeros(4, dtype=int), "lr": 0.2}, into=buffer)
    assert child.buffer is buffer
    expected = {"a": torch.arange(1.0, 4.0), "b": np.zeros(4, dtype=int), "lr": 0.2}
    assert same(flat(unpack(child))[1], expected["a"])
    assert np.array_equal(unpack(child)["b"], expected["b"])
    assert unpack(child)["lr"] == 0.2
    assert np.array_equal(child.buffer, pack(expected).buffer)
    assert unpack(packed)["a"].tolist() == [0.0, 1.0, 2.0]


def test_a_buffer_is_not_used_where_that_would_overwrite_what_is_still_needed():
    packed = pack({"a": torch.arange(16.0), "b": -torch.arange(16.0)})
    state, buffer = open_copy(packed)
    swapped = pack({"a": state["b"], "b": state["a"]}, into=buffer)
    assert torch.equal(unpack(swapped)["a"], -torch.arange(16.0))
    assert torch.equal(unpack(swapped)["b"], torch.arange(16.0))
    state, buffer = open_copy(packed)
    turned = pack({"a": state["a"].reshape(4, 4).t(), "b": state["b"]}, into=buffer)
    assert torch.equal(unpack(turned)["a"], torch.arange(16.0).reshape(4, 4).t())


def test_a_state_of_another_size_gets_a_buffer_of_its_own():
    _, buffer = open_copy(pack({"a": torch.arange(3.0)}))
    larger = pack({"a": torch.arange(40.0)}, into=buffer)
    assert larger.buffer is not buffer
    assert torch.equal(unpack(larger)["a"], torch.arange(40.0))
