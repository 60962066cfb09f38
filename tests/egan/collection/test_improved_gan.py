"""Improved GAN: each technique alone, by its formula."""

import dataclasses
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F

from egan import collection
from egan.collection import testing as checks
from egan.collection.improved_gan.model import NUM_STARTED
from egan.collection.improved_gan.networks import NUM_REFERENCE, ScaledLinear
from egan.data import load
from egan.losses.averaging import feature_matching
from egan.losses.semi_supervised import semi_supervised_loss
from egan.networks.blocks import GaussianNoise
from egan.networks.virtual_norm import VirtualBatchNorm
from egan.tasks import Batch

QUIET = {"noise": 0.0, "hidden_noise": 0.0}
PLAIN = {**QUIET, "smoothing": 0.0, "num_kernels": 0, "matching_weight": 0.0}


def built(dataset=None, **changed):
    member = checks.built(checks.tiny("improved_gan", dataset), {**PLAIN, **changed})
    member.training(True)
    member.rng.manual_seed(0)
    return member


def loss_of(member, real, fake):
    """What G minimises."""
    return member.generator_losses(fake, real, [member.objective()])[0]


def pair(member):
    return member.draw(), member.fake(8)


def test_one_sided_smoothing_moves_the_target_of_real_samples_alone():
    member = built(smoothing=0.1)
    real, fake = pair(member)
    on_real, on_fake = member.logits(real), member.logits(fake)
    targets = torch.full_like(on_real, 0.9)
    expected = F.binary_cross_entropy_with_logits(on_real, targets)
    expected = expected + F.binary_cross_entropy_with_logits(on_fake, torch.zeros_like(on_fake))
    torch.testing.assert_close(member.discriminator_loss(real, fake), expected)


def test_without_labels_there_is_one_logit_and_the_game_is_the_logistic_one():
    member = built()
    real, fake = pair(member)
    assert member.discriminator(real.samples).shape == (8, 1)
    game = F.softplus(-member.logits(real)).mean() + F.softplus(member.logits(fake)).mean()
    torch.testing.assert_close(member.discriminator_loss(real, fake), game)


def test_feature_matching_replaces_the_adversarial_term():
    member = built(generator_loss="none", matching_weight=3.0)
    real, fake = pair(member)
    body = member.discriminator.body
    expected = 3 * feature_matching(body(real.samples), body(fake.samples))
    loss = loss_of(member, real, fake)
    torch.testing.assert_close(loss, expected)
    member.configure({**PLAIN, "generator_loss": "heuristic", "matching_weight": 3.0})
    both = loss_of(member, real, fake)
    torch.testing.assert_close(both, expected + F.softplus(-member.logits(fake)).mean() / 2)


def test_minibatch_discrimination_sees_the_rest_of_the_batch():
    for kernels in (0, 4):
        member = built(num_kernels=kernels)
        samples = member.draw().samples
        other = torch.cat([samples[:1], samples[:1].expand(7, -1, -1, -1)])
        same = torch.equal(member.discriminator(samples)[0], member.discriminator(other)[0])
        assert same == (kernels == 0)


def test_closeness_is_a_sum_over_the_batch_or_a_mean():
    features = torch.ones(8, 4)
    for closeness, most in (("sum", 7.0), ("mean", 1.0)):
        layer = built(num_kernels=3, closeness=closeness).discriminator.minibatch
        torch.testing.assert_close(layer(features)[:, 4:], torch.full((8, 3), most - 1))


def test_the_generator_is_as_deep_as_asked_and_of_the_units_asked():
    generator = built(depth=3, activation="relu", norm="none").generator
    hidden = codes = torch.rand(8, 4)
    assert len(generator.layers) == 3
    for layer in generator.layers:
        hidden = (hidden @ layer.weight.T + layer.bias).relu()
    expected = generator.last(hidden).view(8, 1, 8, 8).tanh()
    torch.testing.assert_close(generator(codes), expected)


def test_historical_averaging_is_the_distance_from_the_mean_of_all_steps():
    member = built(historical_weight=0.5)
    weights = []
    for _ in range(3):
        member.update()
        weights.append([p.detach().clone() for p in member.generator.parameters()])
    means = [torch.stack(one).mean(dim=0) for one in zip(*weights, strict=True)]
    last = weights[-1]
    expected = sum((now - mean).square().sum() for now, mean in zip(last, means, strict=True))
    term = member.historical_term("generator")
    torch.testing.assert_close(term, 0.5 * expected, rtol=1e-3, atol=1e-8)
    assert member.historical_term("discriminator") > 0


def test_both_players_pay_for_leaving_their_history():
    member = built(historical_weight=1.0)
    for _ in range(2):
        member.update()
    real, fake = pair(member)
    losses = member.discriminator_loss, lambda r, f: loss_of(member, r, f)
    for loss, player in zip(losses, ("discriminator", "generator"), strict=True):
        member.configure({**PLAIN, "historical_weight": 1.0})
        paid = loss(real, fake) - member.historical_term(player)
        member.configure({**PLAIN, "historical_weight": 0.0})
        torch.testing.assert_close(loss(real, fake), paid)


def test_a_players_half_has_its_history():
    member = built()
    assert set(member.with_averages(member.sides.members)) == {
        "generator",
        "average",
        "generator_history",
    }
    assert len(member.state_dict()["networks"]) == 5


def test_virtual_batch_norm_is_the_moments_of_the_reference_and_the_sample():
    reference, hidden = torch.randn(6, 3), torch.randn(4, 3)
    normed = VirtualBatchNorm(3)(hidden, reference)
    for row, out in zip(hidden, normed, strict=True):
        together = torch.cat([reference, row[None]])
        mean, variance = together.mean(dim=0), together.var(dim=0, correction=0)
        torch.testing.assert_close(out, (row - mean) / (variance + 1e-5).sqrt())


def test_with_virtual_batch_norm_no_sample_depends_on_another():
    for norm, alone in (("virtual", True), ("batch", False), ("none", True)):
        generator = built(norm=norm).generator
        codes = torch.rand(5, 4)
        other = torch.cat([codes[:1], codes[1:] + 1])
        same = torch.allclose(generator(codes)[0], generator(other)[0], atol=1e-6)
        assert same == alone
    assert built(norm="virtual").generator.reference.shape == (NUM_REFERENCE, 4)


def test_a_classifier_learns_from_the_few_labels_alone():
    member = built(labels_per_class=2)
    assert len(member.few) == 20
    real, fake = pair(member)
    wrong = Batch(real.samples, {"labels": (real.labels + 1) % 10})
    member.rng.manual_seed(1)
    loss = member.discriminator_loss(real, fake)
    member.rng.manual_seed(1)
    assert torch.equal(member.discriminator_loss(wrong, fake), loss)


def test_the_classifiers_loss_is_that_of_k_plus_one_classes(monkeypatch):
    member = built(labels_per_class=2, unlabelled_weight=0.7)
    real, fake = pair(member)
    few = Batch(real.samples[:3], {"labels": real.labels[:3]})
    monkeypatch.setattr("egan.collection.improved_gan.model.draw", lambda *_: few)
    expected = semi_supervised_loss(
        member.discriminator(few.samples),
        few.labels,
        unlabelled=member.discriminator(real.samples),
        generated=member.discriminator(fake.samples),
        unlabelled_weight=0.7,
    )
    torch.testing.assert_close(member.discriminator_loss(real, fake), expected)


def test_the_fitness_of_a_classifier_is_its_accuracy():
    member = built(labels_per_class=3)
    scores = member.evaluate()
    data = member.task.held_out
    chosen = data.spread(member.task.num_judged)
    with torch.no_grad():
        told = member.discriminator(data.tensor(chosen)).argmax(dim=1).numpy()
    assert scores["fitness"] == pytest.approx((told == data.labels[chosen]).mean())
    with member.judging():
        assert member.look()["accuracy"] == scores["accuracy"]


def test_too_rare_classes_give_what_they_have():
    data = checks.random_images((1, 8, 8), count=24)
    assert len(built(data, labels_per_class=5).few) == 20


def test_a_classifier_needs_labels():
    data = dataclasses.replace(checks.random_images((1, 8, 8)), labels=None)
    with pytest.raises(ValueError, match="--labels-per-class needs labels"):
        built(data, labels_per_class=1)


def test_the_noise_follows_its_settings():
    member = built()
    member.configure({**PLAIN, "noise": 0.4, "hidden_noise": 0.2})
    first, *others = (m for m in member.discriminator.modules() if isinstance(m, GaussianNoise))
    assert first.std == 0.4
    assert {one.std for one in others} == {0.2}


@pytest.mark.parametrize("preset", ["semi_supervised", "modes"])
def test_the_other_presets_train(preset):
    config = collection.preset(f"improved_gan:{preset}")
    config.check()
    kind = collection.paper("improved_gan")
    settings = config.settings.tuned(kind.tiny)
    task = checks.task_of(kind, load(config.data.name))
    member = checks.built(lambda h: kind(h, settings=settings, task=task))
    member.rng.manual_seed(0)
    member.update()
    assert member.evaluate()["fitness"] == pytest.approx(0, abs=1)


def test_the_papers_networks_for_mnist():
    sizes = checks.paper_sizes("improved_gan")
    assert sizes["generator"] == 100 * 500 + 500 * 500 + 2 * 500 + 501 * 784 + 784
    units = [784, 1000, 500, 250, 250, 250, 10]
    weights = sum((before + 1) * after for before, after in pairwise(units))
    assert sizes["discriminator"] == weights + 10  # the last layer's gains


def test_a_start_by_data_gives_every_unit_mean_0_and_deviation_1():
    member = built(start="data", labels_per_class=2)
    samples = member.task.data.tensor(member.task.data.spread(NUM_STARTED))
    hidden, scaled = samples, 0
    for layer in [*member.discriminator.body.layers, member.discriminator.head]:
        hidden = layer(hidden)
        if isinstance(layer, ScaledLinear):
            scaled += 1
            torch.testing.assert_close(
                hidden.mean(0), torch.zeros_like(hidden[0]), atol=1e-4, rtol=0
            )
            torch.testing.assert_close(hidden.std(0, correction=0), torch.ones_like(hidden[0]))
    assert scaled == 6


def test_only_the_last_gain_learns_after_a_start_by_data():
    member = built(start="data", labels_per_class=2, norm="batch")
    names = {name for name, _ in member.discriminator.named_parameters()}
    assert {name for name in names if name.endswith("gain")} == {"head.gain"}
    assert not any(
        "norms" in name and "weight" in name for name in dict(member.generator.named_parameters())
    )
    before = member.discriminator.body.layers[2].gain.clone()
    member.update()
    assert torch.equal(member.discriminator.body.layers[2].gain, before)


def test_clean_features_are_those_before_the_last_noise():
    member = built(matched="clean", matching_weight=1.0)
    member.configure({**PLAIN, "matched": "clean", "matching_weight": 1.0, "hidden_noise": 0.5})
    seen = []
    last = member.discriminator.body.layers[-1]
    last.register_forward_hook(lambda *_: seen.append(1))
    member.matching(member.fake(8), member.draw())
    assert not seen


def test_the_average_of_d_tells_the_classes():
    member = built(labels_per_class=3, discriminator_ema_decay=0.9)
    assert "discriminator_average" in member.with_averages(member.sides.environment)
    for _ in range(3):
        member.update()
    average = member.classifier
    assert average is not member.discriminator
    with torch.no_grad():
        for network, value in ((average, 1.0), (member.discriminator, -1.0)):
            network.head.bias.fill_(-100.0)
            network.head.bias[int(value > 0)] = 100.0
    with member.judging():
        accuracy = member.accuracy()
    data = member.task.held_out
    share = (data.labels[data.spread(member.task.num_judged)] == 1).mean()
    assert accuracy == pytest.approx(share)


def test_smoothing_is_less_than_one():
    settings = collection.preset("improved_gan").settings
    with pytest.raises(ValueError, match=r"--smoothing must be in \[0, 1\), but got 1.0"):
        settings.tuned({"smoothing": 1.0})


def test_the_generator_has_a_loss():
    settings = collection.preset("improved_gan").settings
    with pytest.raises(ValueError, match="--matching-weight must be above 0, but got 0"):
        settings.tuned({"generator_loss": "none", "matching_weight": 0.0})


def test_either_side_of_an_evolution_keeps_its_own_history():
    build = checks.tiny("improved_gan")
    for side, names in (
        ("members", {"generator", "average", "generator_history"}),
        ("environment", {"discriminator", "discriminator_history"}),
    ):
        assert set(checks.built(lambda h, side=side: build(h, side=side)).networks) == names
