"""GMAN: a soft maximum over discriminators, fixed or chosen by the generator."""

import numpy as np
import pytest
import torch

from egan.collection import testing as checks
from egan.collection.gman.networks import Softness, soft_maximum


def built(**changed):
    member = checks.built(checks.tiny("gman"), changed)
    member.training(True)
    member.rng.manual_seed(0)
    return member


def chosen(member):
    return member.softness.item()


def told(member, samples):
    """The probabilities (N, K) that discriminators give, by numpy."""
    logits = [one(samples).detach().double().numpy() for one in member.discriminator.agents]
    return 1 / (1 + np.exp(-np.stack(logits, axis=1)))


def test_the_soft_maximum_goes_from_the_mean_to_the_largest():
    values = torch.tensor([0.3, -1.0, 2.0], dtype=torch.float64)
    assert float(soft_maximum(values, 0.0)) == pytest.approx(1.3 / 3)
    assert float(soft_maximum(values, 1000.0)) == pytest.approx(2)
    weights = np.exp(0.7 * values.numpy())
    expected = (weights / weights.sum() * values.numpy()).sum()
    assert float(soft_maximum(values, 0.7)) == pytest.approx(expected)
    rising = [float(soft_maximum(values, one)) for one in (0, 0.5, 1, 2, 4)]
    assert rising == sorted(rising)
    assert float(soft_maximum(values[:1], 3.0)) == pytest.approx(0.3)


@pytest.mark.parametrize("softness", [0.0, 1.0, 50.0])
def test_the_generators_losses_are_the_papers(softness):
    member = built(softness=softness)
    real, fake = member.draw(), member.fake(8)
    on_real, on_fake = told(member, real.samples), told(member, fake.samples)
    values = {
        "minimax": np.log(on_real).mean(axis=0) + np.log(1 - on_fake).mean(axis=0),
        "heuristic": -np.log(on_fake).mean(axis=0),
    }
    for loss, expected in values.items():
        member.configure({"softness": softness, "generator_loss": loss})
        weights = np.exp(softness * (expected - expected.max()))
        [found] = member.generator_losses(fake, real, [member.objective()])
        wanted = (weights * expected).sum() / weights.sum()
        assert found.item() == pytest.approx(wanted, rel=1e-5)


def test_the_generator_listens_most_to_whom_it_fools_least():
    member = built(softness=3.0, num_discriminators=2)
    fake, real = torch.tensor([[-2.0, 1.0], [-3.0, 2.0]]).requires_grad_(), None
    member.listened(fake.flatten(), real).backward()
    strength = fake.grad.abs().sum(dim=0)
    assert strength[0] > 10 * strength[1]


def test_discriminators_minimise_the_mean_of_their_losses():
    member = built()
    real, fake = member.draw(), member.fake(8)
    on_real, on_fake = told(member, real.samples), told(member, fake.samples)
    assert member.real_loss(real).item() == pytest.approx(-np.log(on_real).mean(), rel=1e-5)
    assert member.fake_loss(fake).item() == pytest.approx(-np.log(1 - on_fake).mean(), rel=1e-5)


def test_split_each_learns_from_samples_of_its_own():
    member = built(split=True)
    real = member.draw()
    mine = told(member, real.samples)[np.arange(8), np.arange(8) % 3]
    assert member.real_loss(real).item() == pytest.approx(-np.log(mine).mean(), rel=1e-5)


def test_more_discriminators_than_samples_leave_some_as_they_are():
    member = built(split=True, num_discriminators=4, batch_size=2)
    before = [p.clone() for p in member.discriminator.agents[3].parameters()]
    member.update()
    after = list(member.discriminator.agents[3].parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_widths_vary_in_turn():
    plain, varied = (built(varied=one, num_discriminators=4) for one in (False, True))
    for member, widths in ((plain, [32] * 4), (varied, [32, 16, 8, 32])):
        found = [next(iter(one.parameters())).shape[0] for one in member.discriminator.agents]
        assert found == widths


def test_logits_of_a_sample_stand_together():
    member = built()
    batch = member.draw()
    expected = torch.stack([one(batch.samples) for one in member.discriminator.agents], dim=1)
    torch.testing.assert_close(member.logits(batch).reshape(8, 3), expected)


def test_a_softness_that_is_chosen_starts_where_it_is_told():
    for start in (0.01, 1.0, 5.0):
        assert Softness(start)().item() == pytest.approx(start, rel=1e-4)
    assert "softness" not in built().networks
    with pytest.raises(ValueError, match="--softness must be above 0 where it is learned"):
        built(learn_softness=True, softness=0.0)


@pytest.mark.parametrize(("reward", "rises"), [(0.0, False), (10.0, True)])
def test_a_reward_makes_the_generator_choose_harder_critics(reward, rises):
    member = built(learn_softness=True, softness_reward=reward, generator_lr=1e-2)
    before = chosen(member)
    for _ in range(3):
        member.update()
    assert (chosen(member) > before) is rises
    with member.judging():
        assert member.look()["softness"] == chosen(member)


def test_the_reward_is_the_papers_term():
    member = built(learn_softness=True, softness=2.0, softness_reward=0.25)
    logits = torch.randn(24)
    values = member.values(logits, None)
    expected = soft_maximum(values, 2.0) - 0.25 * 2.0
    torch.testing.assert_close(member.listened(logits, None), expected)


def test_it_goes_on_from_its_state_with_the_softness_that_it_chose():
    member = built(learn_softness=True, softness_reward=10.0, generator_lr=1e-2)
    member.update()
    other = built(learn_softness=True)
    other.load_state_dict(member.state_dict())
    assert chosen(other) == chosen(member) != 1.0
