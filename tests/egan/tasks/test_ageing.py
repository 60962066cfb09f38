"""Ageing as a task: what is drawn, what is asked, and what it scores."""

import numpy as np
import pytest
import torch

from egan.data.dataset import IDENTITY, Dataset
from egan.judging.features import Features
from egan.tasks import OTHER, OTHER_AGES, Ageing
from egan.tasks.ageing import Families


def people(identities=(0, 0, 0, 1, 1, 1, 2), ages=(0, 1, 2, 0, 1, 2, 0)):
    """Images of 8x8 whose first pixel tells the age, and the second who it is."""
    samples = np.zeros((len(ages), 1, 8, 8), np.uint8)
    samples[:, 0, 0, 0] = 100 * np.array(ages)
    samples[:, 0, 0, 1] = 50 * np.array(identities)
    known = {IDENTITY: np.array(identities)}
    return Dataset("people", samples, np.array(ages), annotations=known)


def classify(images):
    told = ((images[:, 0, 0, 0] + 1) * 127.5 / 100).round()
    return -(told[:, None] - torch.arange(3)).abs()


def task(data=None):
    data = people() if data is None else data
    return Ageing(data, data, Features(lambda one: one.flatten(1), classify=classify))


class Perfect:
    """Knows who it is, and makes the truth; `shift` years late, or of another one."""

    def __init__(self, shift=0, other=0):
        self.shift, self.other = shift, other

    def inverted(self, images, ages, rng):
        del ages, rng
        return ((images[:, 0, 0, 1:2] + 1) * 127.5 / 50).round()

    def rendered(self, codes, ages):
        made = torch.zeros(len(ages), 1, 8, 8)
        made[:, 0, 0, 0] = 100 * (ages + self.shift)
        made[:, 0, 0, 1] = 50 * (codes[:, 0] + self.other)
        return made / 127.5 - 1


def test_the_truth_is_best_and_what_is_wrong_shows():
    its, rng = task(), torch.Generator()
    scores = its.score(Perfect(), rng)
    expected = {"fitness": 1.0, "age_error": 0.0, "identity": 1.0, "l1": 0.0}
    assert scores == pytest.approx(expected, abs=1e-6)
    stranger = its.score(Perfect(other=1), rng)
    assert stranger["age_error"] == 0
    assert stranger["identity"] == pytest.approx(1 / 3)  # at ages at which nobody is nearer
    young = its.score(Perfect(shift=-1), rng)
    assert young["age_error"] == pytest.approx(2 / 3)  # none is younger than the first
    assert young["fitness"] == pytest.approx(young["identity"] - 2 / 3)


def test_only_what_has_a_truth_is_asked():
    sources, rows, targets = task().asked()
    data = people()
    assert len(rows) == 12  # two other ages of six images; who is there once is not asked
    identities = data.annotations[IDENTITY]
    assert (identities[sources[rows]] == identities[targets]).all()
    assert (data.labels[sources[rows]] != data.labels[targets]).all()
    with pytest.raises(ValueError, match="no identity of which there are images of two ages"):
        task(people(identities=(0, 1, 2), ages=(0, 1, 2))).asked()


def test_others_are_of_the_same_identity():
    batch = task().draw(200, torch.Generator().manual_seed(0))
    for ages, images in (("labels", batch.samples), (OTHER_AGES, batch.codes[OTHER])):
        assert torch.equal(classify(images).argmax(dim=1), batch.codes[ages])
    who = [one[:, 0, 0, 1] for one in (batch.samples, batch.codes[OTHER])]
    assert torch.equal(*who)
    alone = who[0] == who[0].max()
    assert torch.equal(batch.labels == batch.codes[OTHER_AGES], alone)


def test_relatives_are_all_alike_likely():
    data = people()
    uniform = np.linspace(0, 1, 1000, endpoint=False)
    found = Families(data).relatives(np.full(1000, 4), uniform)
    assert dict(zip(*np.unique(found, return_counts=True), strict=True)) == {3: 500, 5: 500}


def test_images_that_are_not_finite_score_nan():
    its = task()
    made = torch.full((12, 1, 8, 8), torch.nan)
    assert all(np.isnan(one) for one in its.compare(made, its.asked()[2]).values())


def test_what_naive_models_are_worth():
    found = task().baselines()
    assert found["image as it is"]["identity"] == pytest.approx(1)
    assert found["image as it is"]["age_error"] == pytest.approx(4 / 3)
    assert found["mean of the age"]["age_error"] == 0


def test_pictures_have_a_column_for_each_age():
    its = task()
    picture = its.show_ages(Perfect(), torch.Generator())
    real = its.show_real()
    assert picture.size[0] > real.size[0] > 0
    made = its.make(Perfect(), 2, torch.Generator(), given={"source": its.data.tensor([0, 3])})
    assert made.samples.shape == (2, 1, 8, 8)
    assert made.codes["labels"].shape == (2,)
