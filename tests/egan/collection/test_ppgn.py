"""PPGN: losses and steps of walks by hand, phases, what is plugged in, filling in."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from egan.collection import testing as checks
from egan.collection.ppgn.model import LEARNERS, NOISE, SOURCE
from egan.collection.ppgn.walk import HIGHEST, Walk, started
from egan.data import load


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture
def model(digits):
    def make(**changed):
        member = checks.built(checks.tiny("ppgn", digits), changed)
        member.rng = rng()
        member.training(True)
        return member

    return make


def weights(*networks):
    return torch.cat([p.detach().flatten().clone() for one in networks for p in one.parameters()])


def linear_walk(**changed):
    """G and E are matrices, the drive is linear: a step can be told by hand."""
    g, e, slope = (torch.randn(shape, generator=rng(7)) for shape in ((3, 5), (5, 3), (5,)))
    given = {"prior": 0.25, "noise": 0.0, **changed}
    walk = Walk(make=lambda h: h @ g, encode=lambda x: x @ e, drive=lambda x: x @ slope, **given)
    return walk, (g, e, slope)


def test_a_step_is_the_papers():
    walk, (g, e, slope) = linear_walk(noise=0.125)
    codes = 5 + torch.rand(4, 3, generator=rng(1))
    expected = codes + 0.25 * (codes @ g @ e - codes) + g @ slope
    expected += 0.125 * torch.randn(4, 3, generator=rng(2))
    torch.testing.assert_close(walk.step(codes, rng(2)), expected.clamp(0, HIGHEST))


def test_codes_stay_where_codes_are():
    walk, _ = linear_walk(noise=100.0)
    codes = walk.end(started(50, 3, rng()), rng(), count=3)
    assert codes.min() == 0
    assert codes.max() == HIGHEST


def test_a_step_may_have_a_given_length():
    walk, _ = linear_walk(step_size=0.5)
    codes = torch.full((6, 3), 10.0)
    codes[1:] += torch.rand(5, 3, generator=rng())
    moved = walk.step(codes, rng()) - codes
    torch.testing.assert_close(moved.abs().mean(dim=1), torch.full((6,), 0.5))
    free, _ = linear_walk()
    along = free.step(codes, rng()) - codes
    torch.testing.assert_close(F.cosine_similarity(moved, along), torch.ones(6))


def test_all_steps_are_told_and_the_last_is_the_end():
    walk, _ = linear_walk(noise=0.1)
    start = started(2, 3, rng())
    told = list(walk.steps(start, rng(3), count=4))
    assert len(told) == 5
    assert torch.equal(told[0], start)
    assert torch.equal(told[-1], walk.end(start, rng(3), count=4))


def test_the_generators_loss_is_the_papers(model):
    made = model(image_weight=3.0, code_weight=0.5, early_weight=0.25, code_noise=0.125)
    fake, real = made.fake(8), made.draw()
    source, noise = fake.codes[SOURCE], fake.codes[NOISE]
    early, codes = made.encoder.features(source)
    again = made.generator(codes + 0.125 * noise)
    torch.testing.assert_close(again, fake.samples)
    early2, codes2 = made.encoder.features(fake.samples)
    pairs = ((3.0, fake.samples, source), (0.5, codes2, codes), (0.25, early2, early))
    expected = sum(w * ((a - b).double() ** 2).mean() for w, a, b in pairs)
    adversarial = -np.log(1 / (1 + np.exp(-made.logits(fake).detach().double().numpy()))).mean()
    [found] = made.generator_losses(fake, real, [made.objective()])
    assert found.item() == pytest.approx(expected.item() + adversarial, rel=1e-3)


def test_codes_are_the_same_in_training_and_after_it(model):
    made = model()
    images = made.draw().samples
    before = made.encoder.codes(images)
    made.training(False)
    assert torch.equal(made.encoder.codes(images), before)
    logits = made.encoder.head(before)
    torch.testing.assert_close(made.encoder(images), logits)
    assert before.min() == 0


def test_classes_are_learned_first_and_then_stay(model):
    made = model(pretraining=2)
    players = made.generator, made.discriminator
    learners = [made.networks[name] for name in LEARNERS]
    for phase in (0, 1, 2):
        before = weights(*players), weights(*learners)
        made.update()
        made.updates += 1
        after = weights(*players), weights(*learners)
        changed = [not torch.equal(a, b) for a, b in zip(before, after, strict=True)]
        assert changed == ([False, True] if phase < 2 else [True, False])


def test_an_evolution_learns_classes_beside_the_discriminator(model):
    made = model(pretraining=1)
    made.training(False)  # no power iteration comes in between
    real = made.draw()
    told = [made.networks[name](real.samples) for name in LEARNERS]
    classes = sum(F.cross_entropy(logits, real.labels) for logits in told)
    alone = F.softplus(-made.logits(real)).mean()
    torch.testing.assert_close(made.real_half(real, None), alone + classes)
    torch.testing.assert_close(made.real_half(real, lambda logits: 0 * logits.sum()), classes)
    made.updates = 1
    torch.testing.assert_close(made.real_half(real, None), alone)


class Bright(nn.Module):
    """Says 1 of bright images and 0 of dark ones."""

    def forward(self, images):
        mean = images.flatten(1).mean(dim=1)
        return 50 * torch.stack([-mean, mean], dim=1)


def test_what_is_plugged_in_leads_the_walk(model):
    made = model(epsilon1=0.0, epsilon3=0.0, epsilon2=10.0, steps=15)
    with made.judging():
        labels = torch.tensor([0, 1] * 4)
        images = made.samples_of(labels, rng(), condition=Bright())
        mean = images.flatten(1).mean(dim=1)
    assert mean[labels == 1].min() > mean[labels == 0].max()


def test_samples_follow_the_labels_and_the_stream(model):
    made = model(epsilon2=10.0, steps=3)
    with made.judging():
        one, two = (made.samples_of(torch.full((4,), label), rng()) for label in (0, 1))
        assert not torch.equal(one, two)
        assert torch.equal(one, made.samples_of(torch.zeros(4).long(), rng()))
        labels, images = made.labelled(5, rng())
        assert labels.shape == (5,)
        assert images.shape == (5, 1, 8, 8)


def test_known_pixels_stay_and_are_climbed_to(model):
    made = model(epsilon1=0.0, epsilon3=0.0, epsilon2=0.0, epsilon4=0.02, steps=20)
    images = made.task.data.real(6)
    known = torch.ones(8, 8)
    known[:, 4:] = 0
    with made.judging():
        filled = made.inpainted(images, known, rng())
        matched = made.matched(images, known, rng())
        still = made.average(made.encoder.codes(images))
    assert torch.equal(filled[..., :4], images[..., :4])
    assert torch.equal(filled[..., 4:], matched[..., 4:])

    def error(made):
        return float((made - images)[..., :4].square().sum())

    assert error(matched) < error(still)
    other = torch.where(known > 0, images, -images)
    with made.judging():
        torch.testing.assert_close(
            made.matched(images, known, rng(), torch.zeros(6).long()), matched
        )
        assert not torch.equal(made.matched(other, known, rng()), matched)
