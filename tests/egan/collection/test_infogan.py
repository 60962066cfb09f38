"""InfoGAN: what the bound is worth, and that codes reach samples and come back."""

import dataclasses
import math

import pytest
import torch

from egan import collection
from egan.collection import testing as checks
from egan.collection.infogan.model import best_information
from egan.collection.infogan.networks import Guess, information
from egan.tasks import Batch


@pytest.fixture
def model():
    return checks.built(checks.tiny("infogan"))


def loss_of(model, real, fake):
    """What G minimises."""
    return model.generator_losses(fake, real, [model.objective()])[0]


def codes_of(categories, continuous):
    return {"categories": categories, "continuous": continuous}


def test_a_sure_and_right_guess_is_worth_the_codes_entropy():
    categories = torch.tensor([[0, 2], [1, 2], [3, 0]])
    sure = torch.full((3, 2, 4), -math.inf).scatter(2, categories[:, :, None], 0.0)
    guess = Guess(sure, torch.zeros(3, 0), torch.zeros(3, 0))
    told = information(guess, codes_of(categories, torch.zeros(3, 0)))
    assert float(told.categorical) == pytest.approx(2 * math.log(4))
    assert float(told.continuous) == 0


def test_a_guess_at_random_is_worth_nothing():
    categories = torch.randint(4, (50, 1), generator=torch.Generator().manual_seed(0))
    guess = Guess(torch.full((50, 1, 4), -math.log(4)), torch.zeros(50, 0), torch.zeros(50, 0))
    told = information(guess, codes_of(categories, torch.zeros(50, 0)))
    assert float(told.categorical) == pytest.approx(0, abs=1e-6)


def test_the_bound_of_a_continuous_code_is_a_gaussians_density_plus_log_two():
    continuous = torch.tensor([[0.5], [-1.0]])
    mean, log_variance = torch.tensor([[0.0], [-0.5]]), torch.tensor([[0.0], [-1.0]])
    guess = Guess(torch.zeros(2, 1, 1), mean, log_variance)
    told = information(guess, codes_of(torch.zeros(2, 1, dtype=torch.long), continuous))
    one = torch.distributions.Normal(mean, (log_variance / 2).exp()).log_prob(continuous)
    assert float(told.continuous) == pytest.approx(float(one.mean()) + math.log(2))


def test_the_bound_stays_below_the_entropy_and_is_reached_by_the_posterior():
    joint = torch.tensor([[0.4, 0.1], [0.05, 0.45]])  # p(c, x) with p(c) = 1/2 each
    posterior = joint / joint.sum(0)
    true = (joint * (joint / (joint.sum(0) * joint.sum(1, keepdim=True))).log()).sum()
    for guess, gap in ((posterior, 0.0), (torch.tensor([[0.7, 0.4], [0.3, 0.6]]), 1e-3)):
        bound = sum(
            joint[c, x]
            * information(
                Guess(guess[:, x].log()[None, None], torch.zeros(1, 0), torch.zeros(1, 0)),
                codes_of(torch.tensor([[c]]), torch.zeros(1, 0)),
            ).categorical
            for c in range(2)
            for x in range(2)
        )
        assert float(true - bound) >= gap - 1e-6
        assert float(bound) <= math.log(2)
        assert gap or float(bound) == pytest.approx(float(true), abs=1e-6)


def test_both_players_descend_on_the_information_with_its_weights(model):
    model.training(True)
    model.rng.manual_seed(0)
    real, fake = model.draw(), model.fake(8)
    both = model.discriminator_loss, lambda r, f: loss_of(model, r, f)
    told = information(model.guess(fake.samples), fake.codes)
    for loss in both:
        model.configure({"categorical_weight": 0.0, "continuous_weight": 0.0})
        without = loss(real, fake)
        model.configure({"categorical_weight": 2.0, "continuous_weight": 0.5})
        difference = loss(real, fake) - without
        expected = -2 * told.categorical - 0.5 * told.continuous
        torch.testing.assert_close(difference, expected, rtol=1e-4, atol=1e-5)


def test_without_the_information_term_q_learns_nothing(model):
    model.configure({"categorical_weight": 0.0, "continuous_weight": 0.0})
    before = [p.clone() for p in model.recogniser.q.parameters()]
    model.rng.manual_seed(0)
    model.update()
    for one, other in zip(before, model.recogniser.q.parameters(), strict=True):
        assert torch.equal(one, other)


def test_fixed_deviation_is_one_and_learned_deviation_is_not(model):
    samples = model.draw(8).samples
    model.configure({"learned_deviation": False})
    assert not model.guess(samples).log_variance.any()
    model.configure({"learned_deviation": True})
    assert model.guess(samples).log_variance.any()


def test_every_code_changes_the_sample(model):
    with torch.no_grad(), model.judging():
        codes = model.codes(4, torch.Generator().manual_seed(0))
        made = model.generate(model.generator, codes)
        for name, other in (
            ("z", -codes["z"]),
            ("categories", (codes["categories"] + 1) % 10),
            ("continuous", -codes["continuous"]),
        ):
            changed = model.generate(model.generator, {**codes, name: other})
            assert (changed != made).flatten(1).any(dim=1).all(), name


def test_codes_follow_their_law(model):
    codes = model.codes(4000, torch.Generator().manual_seed(0))
    assert codes["categories"].unique().tolist() == list(range(10))
    for name in ("z", "continuous"):
        assert -1 <= codes[name].min() < -0.99
        assert 0.99 < codes[name].max() <= 1


def test_several_codes_and_none_that_is_continuous():
    build = checks.tiny("infogan")
    member = checks.built(build, {"categorical_codes": 3, "categories": 5, "continuous_codes": 0})
    member.rng.manual_seed(0)
    member.update()
    guess = member.guess(member.draw(6).samples)
    assert guess.log_probabilities.shape == (6, 3, 5)
    assert list(member.pictures()) == ["categories"]
    with member.judging():
        assert member.show_categories(torch.Generator()).size


def test_a_walk_moves_one_continuous_code_alone(model, monkeypatch):
    walked = {}
    monkeypatch.setattr(model, "made", walked.update)
    monkeypatch.setattr(model.task, "show", lambda _: None)
    model.pictures()["continuous_code_2"](torch.Generator().manual_seed(0))
    rows = walked["continuous"].reshape(10, 10, 2)
    assert (rows[:, :, 0] == rows[:, :1, 0]).all()
    torch.testing.assert_close(rows[3, :, 1], torch.linspace(-2, 2, 10))
    assert walked["categories"].reshape(10, 10).T.unique(dim=0).tolist() == [list(range(10))]


def test_the_best_of_several_codes_counts():
    classes = torch.tensor([0, 1, 2, 0, 1, 2])
    categories = torch.stack([torch.zeros(6, dtype=torch.long), (classes + 1) % 3], dim=1)
    assert best_information(categories, classes) == pytest.approx(1)


def test_the_fitness_is_the_information_minus_the_distance(model):
    scores = model.evaluate()
    assert scores["fitness"] == pytest.approx(scores["nmi"] - 0.1 * scores["frechet"])


def test_without_classes_the_distance_counts():
    data = dataclasses.replace(checks.random_images((1, 8, 8), count=70), labels=None)
    member = checks.built(checks.tiny("infogan", data))
    with member.judging():
        member.rng.manual_seed(0)
        assert set(member.score()) == {"fitness", "frechet"}
        assert "nmi_of_real" not in member.look()


def test_a_mutation_takes_the_adversarial_terms_place(model):
    model.rng.manual_seed(0)
    real, fake = model.draw(), model.fake(8)
    told = model.weighted(information(model.guess(fake.samples), fake.codes))
    loss = loss_of(model, real, fake)
    logits = model.logits(Batch(fake.samples))
    expected = torch.nn.functional.softplus(-logits).mean() - told
    torch.testing.assert_close(loss, expected)


def test_the_papers_networks_for_mnist():
    sizes = checks.paper_sizes("infogan")
    linear = (62 + 10 + 2 + 1) * 1024 + 1025 * 128 * 49 + 2 * (1024 + 128 * 49)
    upward = (128 * 16 + 1) * 64 + 2 * 64 + 64 * 16 + 1
    assert sizes["generator"] == linear + upward
    body = 16 * 64 + 64 + (64 * 16 + 1) * 128 + 2 * 128 + (128 * 49 + 1) * 1024 + 2 * 1024
    head = 1024 + 1 + 1025 * 128 + 2 * 128 + 129 * (10 + 2 * 2)
    assert sizes["discriminator"] == body + head


@pytest.mark.parametrize("size", [8, 28, 32, 64])
def test_maps_are_halved_to_four_or_seven_pixels(size):
    build = checks.tiny("infogan", checks.random_images((1, size, size)))
    member = checks.built(build)
    convolutions = [m for m in member.recogniser.body if isinstance(m, torch.nn.Conv2d)]
    base = size // 2 ** len(convolutions)
    assert base in (4, 7)
    assert member.sample(3, torch.Generator()).shape == (3, 1, size, size)


def test_counts_of_codes_are_checked():
    settings = collection.preset("infogan").settings
    with pytest.raises(ValueError, match="--categorical-codes must be 1 or more"):
        settings.tuned({"categorical_codes": 0})


def test_the_paper_weighs_both_kinds_of_codes_alike():
    settings = collection.preset("infogan:paper").settings
    assert settings.categorical_weight == settings.continuous_weight == 1
    assert not settings.learned_deviation
    assert not settings.ema_decay
