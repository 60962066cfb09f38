import collections
import enum
import json
import types

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


@pytest.mark.parametrize("count", [1, 2, 64, 65])
def test_even_single_bytes_are_not_overwritten(count):
    first, second = (torch.full((count,), value, dtype=torch.uint8) for value in (3, 7))
    state, buffer = open_copy(pack({"a": first, "b": second, "c": torch.empty(0)}))
    swapped = unpack(pack({"a": state["b"], "b": state["a"], "c": state["c"]}, into=buffer))
    assert torch.equal(swapped["a"], second)
    assert torch.equal(swapped["b"], first)


def test_a_state_of_another_size_gets_a_buffer_of_its_own():
    _, buffer = open_copy(pack({"a": torch.arange(3.0)}))
    larger = pack({"a": torch.arange(40.0)}, into=buffer)
    assert larger.buffer is not buffer
    assert torch.equal(unpack(larger)["a"], torch.arange(40.0))


def back(state):
    """Return the state as another process or a resumed run gets it."""
    packed = pack(state)
    return unpack(type(packed)(json.loads(json.dumps(packed.skeleton)), packed.buffer))


@pytest.mark.parametrize(
    "kept",
    [
        collections.Counter({4: 2, 9: 1}),
        collections.OrderedDict(b=1, a=2),
        collections.defaultdict(list, a=[1]),
        collections.defaultdict(None, {1: 2.5}),
        torch.Size([2, 3]),
        np.int64(3),
        np.float32(0.1),
        np.float64(0.1),
        np.bool_(True),
        np.complex64(1 + 2j),
        {True: 1},
    ],
    ids=lambda kept: type(kept).__name__,
)
def test_a_container_or_a_number_comes_back_as_what_it_was(kept):
    assert back({"it": kept})["it"] == kept
    assert type(back({"it": kept})["it"]) is type(kept)


def test_a_counter_counts_and_a_defaultdict_makes_values_afterwards():
    state = back({"c": collections.Counter("aab"), "d": collections.defaultdict(int)})
    assert list(state["c"].elements()) == ["a", "a", "b"]
    state["d"]["new"] += 1
    assert state["d"] == {"new": 1}


def test_a_numpy_number_is_no_array_that_changes_with_its_copies():
    state = unpack(pack({"n": np.int64(1)}))
    before = state["n"]
    state["n"] += 1
    assert (before, state["n"]) == (1, 2)


def test_modules_that_ask_for_the_version_of_their_state_find_it():
    class Versioned(torch.nn.Linear):
        _version = 3

        def _load_from_state_dict(self, state, prefix, metadata, *others):
            assert metadata["version"] == 3
            super()._load_from_state_dict(state, prefix, metadata, *others)

    net = torch.nn.Sequential(Versioned(2, 1))
    net.load_state_dict(back(net.state_dict()))


@pytest.mark.parametrize("chain", [False, True])
def test_a_schedule_of_schedules_goes_on(chain):
    schedulers = torch.optim.lr_scheduler

    def build():
        optimizer = torch.optim.SGD(torch.nn.Linear(1, 1).parameters(), 0.1)
        parts = [
            schedulers.ConstantLR(optimizer, 0.1, 2),
            schedulers.MultiStepLR(optimizer, [2, 4]),
        ]
        if chain:
            return optimizer, schedulers.ChainedScheduler(parts)
        return optimizer, schedulers.SequentialLR(optimizer, parts, [4])

    def go_on(optimizer, schedule):
        rates = []
        for _ in range(3):
            optimizer.step()
            schedule.step()
            rates.append(optimizer.param_groups[0]["lr"])
        return rates

    optimizer, schedule = build()
    go_on(optimizer, schedule)
    state = back([optimizer.state_dict(), schedule.state_dict()])
    fresh = build()
    for part, own in zip(fresh, state, strict=True):
        part.load_state_dict(own)
    assert go_on(*fresh) == go_on(optimizer, schedule)


class Colour(enum.IntEnum):
    RED = 1


@pytest.mark.parametrize(
    "lost",
    [
        collections.namedtuple("Point", "x y")(1, 2),
        collections.defaultdict(lambda: 3),
        collections.deque([1]),
        collections.UserDict(a=1),
        types.MappingProxyType({"a": 1}),
        type("Own", (dict,), {})(a=1),
        type("Text", (str,), {})("a"),
        Colour.RED,
        np.str_("a"),
        np.ma.masked_array([1, 2], [True, False]),
        np.float64(1).astype("M8[s]"),
        {Colour.RED: 1},
        {np.str_("a"): 1},
    ],
    ids=lambda lost: type(lost).__name__,
)
def test_what_would_come_back_as_something_else_is_refused_by_its_path(lost):
    with pytest.raises(TypeError, match=r"state_dict\(\)\['a'\]\[0\] (is a|has the key)"):
        pack({"a": [lost]})


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: torch.eye(3).to_sparse(), "sparse_coo"),
        (lambda: torch.eye(3).to_sparse_csr(), "sparse_csr"),
        (lambda: torch.eye(4).to_sparse_bsr(2), "sparse_bsr"),
        (lambda: torch.ones(2).to_mkldnn(), "_mkldnn"),
        (lambda: torch.empty(3, device="meta"), "meta"),
        (lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]), "nested"),
        (lambda: torch.nn.LazyLinear(1).weight, "UninitializedParameter"),
        (lambda: torch.nn.LazyBatchNorm1d().running_mean, "UninitializedBuffer"),
        (lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8), "quantized"),
        (lambda: torch.ones(2).as_subclass(type("Own", (torch.Tensor,), {})), "Own"),
    ],
)
def test_a_tensor_without_dense_memory_is_refused_by_its_path(make, kind):
    with pytest.raises(TypeError, match=rf"state_dict\(\)\['w'\] is a {kind} tensor; a state may"):
        pack({"w": make()})


def test_a_tensor_of_less_than_a_byte_is_refused_by_its_path():
    with pytest.raises(TypeError, match=r"state_dict\(\)\['w'\] of torch.uint3 cannot be copied"):
        pack({"w": torch.empty(4, dtype=torch.uint3)})


def test_a_view_that_turns_signs_is_not_taken_for_what_lies_in_memory():
    state, buffer = open_copy(pack({"w": torch.tensor([1 + 2j, 3 - 1j])}))
    turned = unpack(pack({"w": state["w"].conj()}, into=buffer))
    assert turned["w"].tolist() == [1 - 2j, 3 + 1j]
