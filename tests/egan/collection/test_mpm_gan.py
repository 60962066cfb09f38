"""MPM-GAN: generators who compete, and messages that help their hearers."""

import dataclasses

import pytest
import torch

from egan import collection
from egan.collection import testing as checks
from egan.collection.mpm_gan.networks import speakers
from egan.tasks import Batch


def built(**changed):
    member = checks.built(checks.tiny("mpm_gan"), changed)
    member.training(True)
    member.rng.manual_seed(0)
    return member


def by_hand(network, z, owner):
    """What one generator makes of codes when it hears the mean of the others' messages."""
    silence = torch.zeros(len(z), network.dim)
    told = [
        network.messages.agents[i](network.bodies.agents[i](torch.cat([z, silence], dim=1)))
        for i in range(len(network.bodies))
        if i != owner
    ]
    heard = torch.stack(told).mean(dim=0)
    hidden = network.bodies.agents[owner](torch.cat([z, heard], dim=1))
    return network.rests.agents[owner](hidden)


@pytest.mark.parametrize("agents", [2, 4])
def test_each_generator_hears_the_mean_of_the_others(agents):
    member = built(num_generators=agents)
    codes = member.codes(8, member.rng)
    made = member.generate(member.generator, codes)
    for owner in range(agents):
        own = codes["owners"] == owner
        torch.testing.assert_close(made[own], by_hand(member.generator, codes["z"][own], owner))


def test_what_a_hearer_makes_depends_on_others_and_without_messages_does_not():
    for dim in (4, 0):
        member = built(message_dim=dim, num_generators=2)
        codes = {**member.codes(8, member.rng), "owners": torch.zeros(8, dtype=torch.long)}
        before = member.generate(member.generator, codes)
        with torch.no_grad():
            for parameter in member.generator.bodies.agents[1].parameters():
                parameter.add_(1.0)
        assert torch.equal(member.generate(member.generator, codes), before) is (dim == 0)


def terms(member, fake):
    """What generators lose in competing, and messages in conceding, by hand: the same number."""
    codes = fake.codes
    following = {**codes, "owners": (codes["owners"] + 1) % member.settings.num_generators}
    rival = Batch(member.generate(member.generator, following), following)
    gap = member.probability(rival) - member.probability(fake)
    return gap.clamp(min=0).mean()


@pytest.mark.parametrize(("competing", "conceding"), [(1.0, 0.0), (0.0, 1.0), (0.5, 2.0)])
def test_both_objectives_are_of_the_gap_to_ones_counterpart(competing, conceding):
    member = built(competing_weight=competing, conceding_weight=conceding)
    fake = member.fake(8)
    expected = (competing + conceding) * terms(member, fake)
    assert expected > 0
    torch.testing.assert_close(member.generator_terms(fake, fake), expected)


@pytest.mark.parametrize(
    ("weights", "learns", "stays"),
    [
        ({"competing_weight": 1.0, "conceding_weight": 0.0}, "rests.", "messages."),
        ({"competing_weight": 0.0, "conceding_weight": 1.0}, "messages.", "rests."),
    ],
)
def test_who_learns_from_which_objective(weights, learns, stays):
    member = built(**weights)
    loss = member.generator_terms(member.fake(32), member.fake(32))
    named = dict(member.generator.named_parameters())
    found = torch.autograd.grad(loss, list(named.values()), allow_unused=True)
    moved = {name for name, one in zip(named, found, strict=True) if one is not None and one.any()}
    assert any(name.startswith(learns) for name in moved)
    assert not any(name.startswith(stays) for name in moved)


def test_messages_learn_by_conceding_alone():
    member = built(competing_weight=0.0, conceding_weight=0.0)
    assert member.generator_terms(member.fake(8), member.fake(8)) is None
    before = [p.clone() for p in member.generator.messages.parameters()]
    bodies = [p.clone() for p in member.generator.bodies.parameters()]
    member.update()
    assert all(map(torch.equal, before, member.generator.messages.parameters()))
    assert not all(map(torch.equal, bodies, member.generator.bodies.parameters()))


def test_a_step_of_conceding_makes_hearers_better():
    member = built(competing_weight=0.0)
    fake = member.fake(64)
    target = member.probability(member.of_counterparts(fake))
    parameters = list(member.generator.messages.parameters())
    found = torch.autograd.grad(member.generator_terms(fake, fake), parameters)
    losses = []
    for rate in (0.0, 1.0):
        with torch.no_grad():
            torch._foreach_sub_(parameters, found, alpha=rate)
        now = Batch(member.generate(member.generator, fake.codes), fake.codes)
        losses.append((target - member.probability(now)).relu().mean().item())
    assert losses[1] < losses[0]


def test_one_generator_has_nobody_to_talk_to():
    with pytest.raises(ValueError, match="--num-generators must be at least 2, .* but got 1"):
        built(num_generators=1)


def test_the_papers_form_talks_too():
    settings = dataclasses.replace(collection.preset("mpm_gan:paper").settings, width=4)
    network = speakers(settings, (3, 32, 32))
    made = network(torch.randn(4, 100), torch.tensor([0, 1, 0, 1]))
    assert made.shape == (4, 3, 32, 32)
    assert made.abs().max() <= 1


def test_a_picture_of_one_generator_is_of_its_samples_alone():
    member = built(num_generators=3)
    asked = []

    def made(codes, **_):
        asked.append(codes["owners"].unique().tolist())
        return torch.zeros(len(codes["z"]), 2)

    member.made = made
    pictures = member.pictures()
    for i in range(3):
        pictures[f"generator_{i + 1}"](torch.Generator().manual_seed(0))
    assert asked == [[0], [1], [2]]
