import copy

import torch
from torch import nn

from egan.networks.agents import Agents, by_agent, dealt


def test_samples_are_dealt_in_turn():
    assert dealt(7, 3).tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert dealt(2, 5).tolist() == [0, 1]
    assert not len(dealt(0, 3))


def test_each_row_passes_through_its_owner_and_keeps_its_place():
    inputs = torch.arange(12.0).reshape(6, 2)
    owners = torch.tensor([2, 0, 2, 1, 0, 2])
    agents = [lambda x, factor=factor: factor * x for factor in (1.0, 10.0, 100.0)]
    factors = torch.tensor([1.0, 10.0, 100.0])[owners][:, None]
    assert torch.equal(by_agent(agents, inputs, owners), factors * inputs)


def test_an_agent_sees_its_rows_as_one_batch_and_is_not_asked_for_none():
    asked = {0: [], 1: [], 2: []}

    def agent(number):
        def seen(rows):
            asked[number].append(rows.flatten().tolist())
            return rows

        return seen

    by_agent([agent(i) for i in range(3)], torch.arange(4.0)[:, None], torch.tensor([2, 0, 0, 2]))
    assert asked == {0: [[1.0, 2.0]], 1: [], 2: [[0.0, 3.0]]}


def test_agents_answer_all_together_or_each_its_own():
    torch.manual_seed(0)
    agents = Agents([nn.Linear(3, 2) for _ in range(4)])
    inputs = torch.randn(5, 3)
    everything = agents(inputs)
    assert len(agents) == 4
    assert everything.shape == (5, 4, 2)
    for i, agent in enumerate(agents.agents):
        assert torch.equal(everything[:, i], agent(inputs))
    owners = dealt(5, 4)
    torch.testing.assert_close(agents(inputs, owners), everything[torch.arange(5), owners])


def test_gradients_reach_the_owners_alone():
    agents = Agents([nn.Linear(3, 1) for _ in range(3)])
    agents(torch.randn(4, 3), torch.tensor([0, 2, 2, 0])).sum().backward()
    assert [one.weight.grad is None for one in agents.agents] == [False, True, False]


def test_stacked_weights_give_what_each_gives_alone():
    from torch.func import functional_call, vmap

    torch.manual_seed(0)
    one = Agents([nn.Linear(3, 2) for _ in range(2)])
    other = copy.deepcopy(one)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(1.0)
    inputs, owners = torch.randn(5, 3), dealt(5, 2)
    pairs = zip(one.named_parameters(), other.parameters(), strict=True)
    stacked = {name: torch.stack([a, b]) for (name, a), b in pairs}
    found = vmap(lambda weights: functional_call(one, weights, (inputs, owners)))(stacked)
    torch.testing.assert_close(found, torch.stack([one(inputs, owners), other(inputs, owners)]))
