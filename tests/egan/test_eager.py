"""Optimisers without wrappers do what torch's do, and leave the compiler alone."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from egan.eager import WRAPPED, eager

KINDS = {
    "Adam": {"fused": True},
    "SGD": {"momentum": 0.5},
    "RMSprop": {},
    "Adagrad": {},
}
TRAINS = """
import sys
from egan.collection import testing
member = testing.built(testing.tiny("gan"))
member.step()
member.load_state_dict(member.state_dict())
print([name for name in ("torch._dynamo", "sympy") if name in sys.modules])
"""


def trained(kind, options, *, schedule=False):
    torch.manual_seed(0)
    network = nn.Linear(3, 2)
    optimizer = kind(network.parameters(), lr=0.1, **options)
    optimizer.add_param_group({"params": [nn.Parameter(torch.zeros(1))]})
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5) if schedule else None
    for _ in range(3):
        optimizer.zero_grad()
        network(torch.ones(4, 3)).square().sum().backward()
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
    optimizer.load_state_dict(optimizer.state_dict())
    optimizer.step()
    return torch.cat([one.detach().flatten() for one in network.parameters()])


@pytest.mark.parametrize("schedule", [False, True])
@pytest.mark.parametrize("name", KINDS)
def test_the_arithmetic_is_torchs(name, schedule):
    kind = getattr(torch.optim, name)
    expected = trained(kind, KINDS[name], schedule=schedule)
    assert torch.equal(trained(eager(kind), KINDS[name], schedule=schedule), expected)


def test_it_is_still_torchs_optimizer():
    assert issubclass(eager(torch.optim.Adam), torch.optim.Adam)


def test_what_is_unwrapped_is_wrapped_by_torch():
    """Where torch no longer wraps a method, its name here is of no use."""
    for name in (*WRAPPED, "step"):
        assert hasattr(getattr(torch.optim.Adam, name), "__wrapped__")


def test_who_trains_does_not_import_the_compiler():
    done = subprocess.run(
        [sys.executable, "-c", TRAINS], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.split() == ["[]"]
