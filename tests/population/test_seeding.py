import random
import subprocess
import sys

import numpy as np
import pytest
import torch

from population.seeding import Seeds, pin_arithmetic, preserved_randomness, seed_everything


def test_streams_of_children_generations_and_purposes_differ():
    seeds = [
        Seeds(run, generation, child).own(purpose, part)
        for run in range(2)
        for generation in range(3)
        for child in range(3)
        for purpose in ("build", "step", "evaluate")
        for part in range(2)
    ]
    assert len(set(seeds)) == len(seeds)


def test_siblings_share_one_stream_and_only_that():
    a, b = Seeds(1, 2, 0), Seeds(1, 2, 1)
    assert a.shared("step") == b.shared("step")
    assert a.own("step") != b.own("step")
    assert a.shared("step") != Seeds(1, 3, 0).shared("step")


def test_a_stream_is_the_same_in_a_fresh_process():
    code = "from population.seeding import Seeds; print(Seeds(3, 4, 5).own('step'))"
    fresh = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(fresh.stdout) == Seeds(3, 4, 5).own("step")


def test_seeding_reaches_all_three_global_generators():
    def draws():
        return random.random(), np.random.rand(), float(torch.rand(()))

    seed_everything(11)
    first = draws()
    seed_everything(11)
    assert draws() == first
    assert draws() != first


def test_the_callers_randomness_comes_back():
    seed_everything(1)
    expected = random.random(), np.random.rand(), float(torch.rand(()))
    seed_everything(1)
    with preserved_randomness():
        seed_everything(99)
        torch.set_num_threads(1)
    assert (random.random(), np.random.rand(), float(torch.rand(()))) == expected


@pytest.mark.parametrize("has_gpu", [True, False])
def test_convolutions_on_a_gpu_give_the_same_bits_each_time(has_gpu, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_gpu)
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", False)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    pin_arithmetic(1).restore_original_limits()
    assert torch.backends.cudnn.deterministic is has_gpu
    assert torch.backends.cudnn.benchmark is not has_gpu
