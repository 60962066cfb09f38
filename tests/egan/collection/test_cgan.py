"""The class reaches both networks, however it joins."""

import pytest
import torch
import torch.nn.functional as F

from egan.collection import testing as checks
from egan.tasks import Batch

WAYS = ("concat", "projection", "cbn")


def model(**changes):
    return checks.built(checks.tiny("cgan"), changes)


@pytest.mark.parametrize("way", WAYS)
def test_the_class_changes_samples_and_logits(way):
    cgan = model(conditioning=way)
    z = torch.randn(1, 4, generator=torch.Generator().manual_seed(0)).repeat(10, 1)
    codes = {"z": z, "labels": torch.arange(10)}
    with torch.no_grad():
        samples = cgan.generate(cgan.generator.eval(), codes)
        same = Batch(samples[:1].repeat(10, 1, 1, 1), {"labels": torch.arange(10)})
        logits = cgan.logits(same)
    assert len(samples.flatten(1).unique(dim=0)) == 10
    assert len(logits.unique()) == 10


@pytest.mark.parametrize("way", WAYS)
def test_a_class_is_the_corner_of_the_mixtures(way):
    cgan = model(conditioning=way)
    cgan.training(False)
    codes = cgan.codes(6, torch.Generator().manual_seed(0))
    condition = torch.nn.functional.one_hot(codes["labels"], 10).float()
    with torch.no_grad():
        by_label = cgan.made(codes)
        by_mixture = cgan.made({"z": codes["z"], "condition": condition})
    assert torch.equal(by_label, by_mixture)


def test_labels_are_drawn_as_the_data_have_them():
    cgan = model()
    drawn = cgan.codes(4000, torch.Generator().manual_seed(0))["labels"]
    shares = torch.bincount(drawn, minlength=10) / 4000
    data = torch.bincount(torch.from_numpy(cgan.task.data.labels.copy()), minlength=10)
    assert (shares - data / data.sum()).abs().max() < 0.03


@pytest.mark.parametrize(("noise", "expected"), [(0.0, 0.0), (0.5, 0.45), (1.0, 0.9)])
def test_label_noise_replaces_its_share(noise, expected):
    cgan = model(label_noise=noise)
    labels = torch.zeros(4000, dtype=torch.long)
    cgan.rng.manual_seed(0)
    changed = (cgan._noisy(labels) != labels).float().mean()
    assert changed == pytest.approx(expected, abs=0.04)


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_label_noise_is_in_the_half_on_real_samples_alone(noise):
    cgan = model(label_noise=noise)
    cgan.training(False)  # no dropout
    real = cgan.draw(40)
    cgan.rng.manual_seed(3)
    labels = cgan._noisy(real.labels) if noise else real.labels
    assert (labels == real.labels).all() == (noise == 0)
    cgan.rng.manual_seed(3)
    expected = -cgan.logits(Batch(real.samples, {"labels": labels})).sigmoid().log().mean()
    torch.testing.assert_close(cgan.real_loss(real), expected)
    expected = -(1 - cgan.logits(real).sigmoid()).log().mean()
    torch.testing.assert_close(cgan.fake_loss(real), expected)
    assert cgan.is_logistic == (noise == 0)


def test_the_accuracy_is_that_of_the_class_asked_for():
    """A generator that copies the data by class is right as often as the classifier is."""
    cgan = model()
    images = torch.stack(
        [cgan.task.data.tensor([list(cgan.task.data.labels).index(k)])[0] for k in range(10)]
    )
    told = torch.as_tensor(cgan.task.features.classes(images))
    cgan.made = lambda codes: images[codes["labels"]]
    scores = cgan.evaluate()
    drawn = cgan.codes(60, torch.Generator().manual_seed(cgan.seeds.shared("evaluate")))["labels"]
    assert scores["accuracy"] == pytest.approx(float((told[drawn] == drawn).float().mean()))
    assert scores["fitness"] == pytest.approx(scores["accuracy"] - 0.1 * scores["frechet"])


@pytest.mark.parametrize(("optimizer", "factor"), [("adam", 0.5), ("sgd", 1.0)])
def test_gradient_descent_takes_the_generators_loss_whole(optimizer, factor):
    cgan = model(network="maxout", norm="none", optimizer=optimizer)
    logits = torch.randn(8, generator=torch.Generator().manual_seed(0))
    loss = cgan.objective().generator(logits, None)
    torch.testing.assert_close(loss, factor * F.softplus(-logits).mean())


def test_dropout_is_in_both_of_the_papers_networks():
    cgan = model(network="maxout", norm="none", dropout=0.5)
    for network in (cgan.generator, cgan.discriminator):
        shares = [m.p for m in network.modules() if isinstance(m, torch.nn.Dropout)]
        assert shares
        assert set(shares) == {0.5}
    codes = cgan.codes(8, torch.Generator().manual_seed(0))
    cgan.training(True)
    assert not torch.equal(*(cgan.generate(cgan.generator, codes) for _ in range(2)))
    cgan.training(False)
    assert torch.equal(*(cgan.generate(cgan.generator, codes) for _ in range(2)))


def test_codes_may_fill_the_unit_cube():
    z = model(latent="cube").codes(2000, torch.Generator().manual_seed(0))["z"]
    assert float(z.min()) >= 0
    assert 0.9 < float(z.max()) < 1
