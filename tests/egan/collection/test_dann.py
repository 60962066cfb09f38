"""DANN: the gradient that is turned round, its schedules, and what is never looked at."""

import dataclasses
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from egan import collection
from egan.collection import testing as checks
from egan.collection.dann import Dann, principal, turned
from egan.data import load
from egan.data.dataset import DOMAIN
from egan.data.domains import TARGET
from egan.tasks import ADAPTED


@pytest.fixture(scope="module")
def data():
    return load("digits_to_mnist")


def model(data, *, updates=0, kind=Dann, **changed):
    build = checks.tiny("dann", data)
    made = checks.built(lambda given: kind(given, **build.keywords), changed)
    made.training(True)
    made.updates = updates
    made.rng.manual_seed(0)
    return made


def flat(tensors):
    return torch.cat([one.detach().flatten() for one in tensors])


def test_what_is_turned_is_the_same_forwards_and_reversed_backwards():
    features = torch.randn(5, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    found = turned(features, 0.25)
    assert torch.equal(found, features)
    [gradient] = torch.autograd.grad(found.pow(2).sum(), features)
    torch.testing.assert_close(gradient, -0.25 * 2 * features.detach())


def gradients(made, *losses):
    """Return the gradients of losses in F, C and D, zeros where there is none."""
    found = []
    for loss in losses:
        parts = made.gradient(loss, *made.learning, retain_graph=True)
        known = made.parameters(*made.learning)
        found.append(
            flat(
                [torch.zeros_like(p) if g is None else g for g, p in zip(parts, known, strict=True)]
            )
        )
    return found


def test_features_ascend_what_the_discriminator_descends(data):
    made = model(data, updates=300)
    batch = made.draw(6)
    known, other = made.features(batch.samples), made.features(batch.codes[ADAPTED])
    source, target = made.discriminator(known)[:, 0], made.discriminator(other)[:, 0]
    by_hand = F.softplus(source).mean() / 2 + F.softplus(-target).mean() / 2
    loss = made.domain_loss(torch.cat([known, other]))
    torch.testing.assert_close(loss, by_hand)
    found, plain = gradients(made, loss, by_hand)
    count = sum(one.numel() for one in made.features.parameters())
    torch.testing.assert_close(found[:count], -made.reversal * plain[:count])
    torch.testing.assert_close(found[count:], plain[count:])
    assert plain[:count].norm() > 0
    assert plain[-1] != 0


def test_a_step_is_that_of_both_losses(data):
    made = model(data, updates=300)
    state = made.rng.get_state()
    batch = made.draw()
    features = made.features(torch.cat([batch.samples, batch.codes[ADAPTED]]))
    told = made.classifier(features[: len(batch)])
    loss = F.cross_entropy(told, batch.labels) + made.domain_loss(features)
    [expected] = gradients(made, loss)
    before = flat(made.parameters(*made.learning))
    made.rng.set_state(state)
    made.update()
    after = flat(made.parameters(*made.learning))
    rate = made.settings.lr / (1 + 10 * 300 / 1500) ** 0.75
    torch.testing.assert_close(before - after, rate * expected, atol=1e-6, rtol=1e-3)


@pytest.mark.parametrize("updates", [0, 150, 750, 1500, 4000])
def test_schedules_are_the_papers(data, updates):
    made = model(data, updates=updates, reversal=0.5)
    p = min(1, updates / 1500)
    assert made.reversal == pytest.approx(0.5 * (2 / (1 + math.exp(-10 * p)) - 1), abs=1e-12)
    assert made.learning_rate("features") == pytest.approx(0.1 / (1 + 10 * p) ** 0.75)


def test_the_targets_labels_are_never_looked_at(data):
    labels = data.labels.copy()
    target = data.annotations[DOMAIN] == TARGET
    labels[target] = (labels[target] + 3) % 10
    wrong = dataclasses.replace(data, labels=labels)
    one, two = model(data), model(wrong)
    for made in (one, two):
        for _ in range(3):
            made.update()
    assert torch.equal(flat(one.parameters(*one.learning)), flat(two.parameters(*two.learning)))
    with one.judging(), two.judging():
        assert one.score()["source_accuracy"] == two.score()["source_accuracy"]


def test_both_domains_are_told_by_d_as_a_gauge(data):
    made = model(data)

    class Knowing(torch.nn.Module):
        def forward(self, features):
            return torch.full((len(features), 1), 1.0 if len(features) == 40 else -1.0)

    made.discriminator = Knowing()
    made.task.judged = lambda domain=TARGET: np.arange(40 if domain == TARGET else 30)
    assert made.gauges() == {"domain_accuracy": 1.0}
    made.task.judged = lambda domain=TARGET: np.arange(30)
    assert made.gauges() == {"domain_accuracy": 0.5}


def test_the_papers_network():
    settings = collection.preset("dann:paper").settings
    images = checks.random_images((3, 28, 28))
    made = Dann({}, settings=settings, task=checks.task_of("dann", images))
    sizes = {n: sum(p.numel() for p in one.parameters()) for n, one in made.networks.items()}
    assert sizes["features"] == 32 * 75 + 32 + 48 * 32 * 25 + 48
    assert sizes["classifier"] == 768 * 100 + 100 + 100 * 100 + 100 + 1010
    assert sizes["discriminator"] == 768 * 100 + 100 + 101


def test_images_too_small_are_refused(data):
    with pytest.raises(ValueError, match="images of 8x8 are too small .* give --padding 2"):
        model(data, padding=0)


def test_data_without_domains_are_refused():
    with pytest.raises(ValueError, match="needs data with 'domain' for each sample"):
        checks.task_of("dann", load("digits"))


def test_principal_components_are_those_of_a_decomposition():
    rows = torch.randn(40, 5, generator=torch.Generator().manual_seed(0)).double()
    rows *= torch.tensor([3.0, 0.1, 2.0, 0.5, 1.0])
    u, s, _ = torch.linalg.svd(rows - rows.mean(dim=0), full_matrices=False)
    torch.testing.assert_close(principal(rows).abs(), (u * s)[:, :2].abs())


def test_features_are_drawn(data):
    made = model(data)
    with made.judging():
        assert isinstance(made.pictures()["features"](torch.Generator()), Image.Image)
