"""AC-GAN: losses against formulas, a classifier that is told nothing, the paper's networks."""

import numpy as np
import pytest
import torch
from torch import nn
from updates import check_update

from egan.collection import testing as checks
from egan.collection.acgan.model import NUM_HELD_OUT
from egan.collection.acgan.networks import paper_body, paper_generator
from egan.tasks import Batch


def built(**changed):
    member = checks.built(checks.tiny("acgan"), changed)
    member.training(False)  # so that no power iteration comes in between
    member.rng.manual_seed(0)
    return member


def judged(member, samples):
    """D's probability of real (N,), and those of the classes (N, K), by numpy."""
    features = member.discriminator.body(samples)
    logits = member.discriminator.head(features).detach().double().numpy()
    classes = member.discriminator.classes(features).detach().double().numpy()
    exponentials = np.exp(classes - classes.max(axis=1, keepdims=True))
    return 1 / (1 + np.exp(-logits)), exponentials / exponentials.sum(axis=1, keepdims=True)


def log_likelihood(probabilities, labels):
    return np.log(probabilities[np.arange(len(labels)), labels.numpy()]).mean()


@pytest.mark.parametrize("weight", [1.0, 0.25])
def test_the_discriminator_ascends_both_likelihoods(weight):
    member = built(class_weight=weight)
    real, fake = member.draw(), member.fake(8)
    (source_r, class_r), (source_f, class_f) = (judged(member, b.samples) for b in (real, fake))
    source = np.log(source_r).mean() + np.log(1 - source_f).mean()
    classes = log_likelihood(class_r, real.labels) + log_likelihood(class_f, fake.codes["labels"])
    found = member.discriminator_loss(real, fake).item()
    assert found == pytest.approx(-source - weight * classes, rel=1e-5)


@pytest.mark.parametrize(
    ("loss", "formula"), [("heuristic", np.log), ("minimax", lambda d: -np.log(1 - d))]
)
def test_the_generator_ascends_the_class_beside_its_part_of_the_source(loss, formula):
    member = built(generator_loss=loss, class_weight=0.5)
    fake = member.fake(8)
    source, classes = judged(member, fake.samples)
    [found] = member.generator_losses(fake, member.draw(), [member.objective()])
    expected = formula(source).mean() + 0.5 * log_likelihood(classes, fake.codes["labels"])
    assert found.item() == pytest.approx(-expected, rel=1e-4)


def test_the_discriminator_is_told_no_class_and_learns_it():
    member = built()
    fake = member.fake(8)
    other = Batch(fake.samples, {**fake.codes, "labels": (fake.codes["labels"] + 1) % 10})
    assert torch.equal(member.logits(fake), member.logits(other))
    assert member.fake_loss(fake) != member.fake_loss(other)
    alone = built(class_weight=0.0)
    assert torch.equal(alone.fake_loss(fake), alone.fake_loss(other))
    assert alone.generator_terms(fake, fake) is None


def test_the_class_reaches_the_samples():
    member = built()
    codes = member.codes(5, member.rng)
    made = [
        member.generate(member.generator, {**codes, "labels": torch.full((5,), k)})
        for k in range(10)
    ]
    assert len(torch.stack(made).flatten(1).unique(dim=0)) == 10


@pytest.mark.parametrize("side", ["real", "fake"])
def test_a_mutation_takes_the_place_of_the_source_alone(side):
    member = built()
    batch = member.draw() if side == "real" else member.fake(8)
    half = getattr(member, f"{side}_half")
    without = half(batch, lambda logits: 0 * logits.sum())
    sign = -1 if side == "real" else 1
    doubled = half(batch, lambda logits: 2 * nn.functional.softplus(sign * logits).mean())
    whole = getattr(member, f"{side}_loss")(batch)
    torch.testing.assert_close(doubled - without, 2 * (whole - without))
    assert without > 0


def test_a_look_tells_how_well_the_classifier_does_on_real_images():
    member = built()
    with member.judging():
        seen = member.look()["classifier_accuracy"]
    data = member.task.held_out
    chosen = data.spread(NUM_HELD_OUT)
    _, probabilities = judged(member, data.tensor(chosen))
    right = probabilities.argmax(axis=1) == data.labels[chosen]
    assert seen == pytest.approx(right.mean())


def test_the_papers_networks_for_cifar():
    generator = paper_generator((3, 32, 32), latent_dim=110, width=96)
    up = [one for one in generator if isinstance(one, nn.ConvTranspose2d)]
    assert generator[0].out_features == 4 * 4 * 384
    assert [one.out_channels for one in up] == [192, 96, 3]
    assert {one.kernel_size for one in up} == {(5, 5)}
    assert generator(torch.randn(2, 110)).shape == (2, 3, 32, 32)
    body = paper_body((3, 32, 32), width=16, dropout=0.5)
    down = [one for one in body.layers if isinstance(one, nn.Conv2d)]
    assert [one.out_channels for one in down] == [16, 32, 64, 128, 256, 512]
    assert [one.stride[0] for one in down] == [2, 1] * 3
    assert sum(isinstance(one, nn.BatchNorm2d) for one in body.layers) == 5
    assert body(torch.randn(2, 3, 32, 32)).shape == (2, 512 * 4 * 4) == (2, body.num_features)


def test_the_papers_form_takes_an_update_and_its_dropout_changes_live():
    member = checks.built(checks.tiny("acgan"), {"network": "paper", "dropout": 0.5})
    member.configure({"network": "paper", "dropout": 0.25})
    shares = {one.p for one in member.discriminator.modules() if isinstance(one, nn.Dropout)}
    assert shares == {0.25}
    check_update(lambda *_, **__: member)


def test_dropout_of_everything_is_refused():
    with pytest.raises(ValueError, match=r"--dropout must be in \[0, 1\), but got 1"):
        built(dropout=1.0)
