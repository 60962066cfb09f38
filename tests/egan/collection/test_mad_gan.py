"""MAD-GAN: generators that share a batch, and a D whose softmax says who made what."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from torch import nn

from egan import collection
from egan.collection import testing as checks
from egan.collection.mad_gan.model import MadGan, information
from egan.collection.mad_gan.networks import generators, log_odds
from egan.data import load
from egan.tasks import Batch


def built(**changed):
    member = checks.built(checks.tiny("mad_gan"), changed)
    member.training(True)
    member.rng.manual_seed(0)
    return member


def probabilities(member, samples):
    """The softmax of D's outputs, by numpy."""
    outputs = member.discriminator(samples).detach().double().numpy()
    exponentials = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def test_the_losses_are_the_papers():
    member = built()
    real, fake = member.draw(), member.fake(8)
    of_real, of_fake = (probabilities(member, one.samples) for one in (real, fake))
    owners = fake.codes["owners"].numpy()
    expected = -np.log(of_real[:, 4]).mean(), -np.log(of_fake[np.arange(8), owners]).mean()
    assert of_real.shape == (8, 5)
    assert member.real_loss(real).item() == pytest.approx(expected[0], rel=1e-5)
    assert member.fake_loss(fake).item() == pytest.approx(expected[1], rel=1e-5)


@pytest.mark.parametrize(
    ("loss", "formula"),
    [("minimax", lambda d: np.log(1 - d).mean()), ("heuristic", lambda d: -np.log(d).mean())],
)
def test_generators_follow_the_probability_of_real(loss, formula):
    member = built(generator_loss=loss)
    fake = member.fake(8)
    [found] = member.generator_losses(fake, member.draw(), [member.objective()])
    expected = 0.5 * formula(probabilities(member, fake.samples)[:, 4])  # E-GAN's half
    assert found.item() == pytest.approx(expected, rel=1e-4)


def test_the_sigmoid_of_the_logit_is_the_probability_of_real():
    outputs = torch.randn(6, 5, dtype=torch.float64)
    expected = torch.softmax(outputs, dim=1)[:, -1]
    torch.testing.assert_close(log_odds(outputs).sigmoid(), expected)


def test_without_identification_owners_do_not_matter():
    for identify in (True, False):
        member = built(identify=identify)
        fake = member.fake(8)
        rolled = {**fake.codes, "owners": torch.zeros(8, dtype=torch.long)}
        other = member.fake_loss(Batch(fake.samples, rolled))
        assert torch.equal(member.fake_loss(fake), other) is not identify
        assert member.discriminator(fake.samples).shape == (8, 5 if identify else 2)


def test_a_mutation_takes_the_place_of_real_or_made_alone():
    member = built()
    fake = member.fake(8)
    without = member.fake_half(fake, lambda logits: 0 * logits.sum())
    doubled = member.fake_half(fake, lambda logits: 2 * nn.functional.softplus(logits).mean())
    torch.testing.assert_close(doubled - without, 2 * (member.fake_loss(fake) - without))
    assert without > 0


def test_the_batch_is_shared_and_each_generator_makes_its_own():
    member = built()
    codes = member.codes(8, member.rng)
    assert codes["owners"].tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    before = member.generate(member.generator, codes)
    with torch.no_grad():
        for parameter in member.generator.agents.agents[2].parameters():
            parameter.add_(1.0)
    moved = (member.generate(member.generator, codes) != before).any(dim=1)
    assert moved.tolist() == [False, False, True, False] * 2


@pytest.mark.parametrize("shared", [0, 1, 3])
def test_the_first_layers_are_in_common(shared):
    network = built(shared=shared).generator
    count = sum(isinstance(one, nn.Linear) for one in network.body)
    rest = [sum(isinstance(m, nn.Linear) for m in one) for one in network.agents.agents]
    assert (count, rest) == (shared, [4 - shared] * 4)
    weights = [one[-2].weight for one in network.agents.agents]
    assert not torch.equal(weights[0], weights[1])


def test_more_layers_than_there_are_cannot_be_shared():
    with pytest.raises(ValueError, match="--shared must be at most 3, .* but got 4"):
        built(shared=4)


def test_generators_of_the_papers_form_split_after_whole_layers():
    settings = dataclasses.replace(collection.preset("mad_gan:paper").settings, width=4)
    network = generators(settings, (3, 28, 28))
    assert isinstance(network.body[-1], nn.ReLU)
    made = network(torch.randn(5, 100), torch.tensor([0, 1, 2, 0, 1]))
    assert made.shape == (5, 3, 28, 28)
    assert made.abs().max() <= 1


def test_more_generators_than_samples_leave_some_out():
    member = built(batch_size=2)
    before = [p.clone() for p in member.generator.agents.agents[3].parameters()]
    member.update()
    after = list(member.generator.agents.agents[3].parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_information_is_log_four_where_each_has_modes_of_its_own():
    owners = torch.arange(400) % 4
    assert information(owners, 3 - owners) == pytest.approx(math.log(4))
    assert information(owners, torch.arange(400) // 4 % 5) == pytest.approx(0, abs=1e-9)
    assert information(owners, owners // 2) == pytest.approx(math.log(2))


def test_a_look_tells_who_makes_which_mode():
    member = built()
    centres = torch.from_numpy(member.task.data.mixture.centres.copy())
    member.made = lambda codes, **_: centres[codes["owners"]]
    with member.judging():
        assert member.look()["specialisation"] == pytest.approx(math.log(4), abs=1e-4)


def test_on_digits_classes_are_the_modes_and_on_a_line_there_are_none():
    for name, data, known in (("digits", "digits", True), ("line", "five_modes", False)):
        settings = collection.preset(f"mad_gan:{name}").settings.tuned(dict(MadGan.tiny))
        task = checks.task_of(MadGan, load(data))
        member = checks.built(lambda h, s=settings, t=task: MadGan(h, settings=s, task=t))
        with member.judging():
            assert ("specialisation" in member.look()) is known


def test_a_picture_of_one_generator_is_of_its_samples_alone():
    member = built()
    asked = []

    def made(codes, **_):
        asked.append(codes["owners"].unique().tolist())
        return torch.zeros(len(codes["z"]), 2)

    member.made = made
    pictures = member.pictures()
    for i in range(4):
        pictures[f"generator_{i + 1}"](torch.Generator().manual_seed(0))
    assert asked == [[0], [1], [2], [3]]
