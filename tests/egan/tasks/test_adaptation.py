"""Adaptation: which labels are drawn, which images are judged, and what naive answers are worth."""

import numpy as np
import pytest
import torch
from PIL import Image

from egan.data.dataset import Dataset
from egan.judging.features import Features
from egan.tasks import ADAPTED, Adaptation

WHERE = np.arange(60) % 5 != 0
"""Twelve images are of the source, the others of the target."""


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def data(*, wrong=0):
    """Return images whose first pixel says their number, and whose second says their class."""
    labels = np.arange(60) % 3
    stored = np.zeros((60, 1, 4, 4), np.uint8)
    stored[:, 0, 0, 0], stored[:, 0, 0, 1] = np.arange(60), labels
    stored[np.flatnonzero(WHERE)[:wrong], 0, 0, 1] = 7
    return Dataset("both", stored, labels, annotations={"domain": WHERE.astype(np.int64)})


def second(images):
    told = ((images[:, 0, 0, 1] + 1) * 127.5).round().long()
    return torch.nn.functional.one_hot(told.clamp(0, 2), 3).float() * (told < 3)[:, None]


class Reader:
    def classify(self, images):
        told = ((images[:, 0, 0, 1] + 1) * 127.5).round().long()
        return torch.nn.functional.one_hot((told % 3 + (told > 2)) % 3, 3).float()


def task(dataset, **options):
    return Adaptation(dataset, dataset, Features(lambda x: x.flatten(1), **options))


def numbers(images):
    return ((images[:, 0, 0, 0] + 1) * 127.5).round().long().numpy()


def test_labels_are_of_the_source_alone():
    batch = task(data()).draw(1000, rng())
    source, target = numbers(batch.samples), numbers(batch.codes[ADAPTED])
    assert set(source) == set(np.flatnonzero(~WHERE))
    assert set(target) == set(np.flatnonzero(WHERE))
    assert batch.labels.tolist() == (source % 3).tolist()
    assert set(batch.codes) == {"labels", ADAPTED}


def test_fitness_is_of_the_target_alone():
    scores = task(data(wrong=12)).score(Reader(), rng())
    labels = np.flatnonzero(WHERE)[:12] % 3
    right = (36 + np.sum(labels == (7 % 3 + 1) % 3)) / 48
    assert scores == {"fitness": pytest.approx(right), "source_accuracy": 1.0}


def test_few_are_spread_evenly():
    judging = task(data())
    judging.num_judged = 4
    assert judging.judged().tolist() == np.flatnonzero(WHERE)[::12].tolist()
    assert judging.judged(0).tolist() == np.flatnonzero(~WHERE)[::3].tolist()


def test_features_are_learned_from_the_source():
    compared = Adaptation.compared(data())
    assert compared.labels.tolist() == (np.flatnonzero(~WHERE) % 3).tolist()


def test_a_plain_cnn_stands_beside():
    found = task(data(wrong=12), classify=second).baselines()
    truth = np.flatnonzero(WHERE) % 3
    assert found["commonest class"]["accuracy"] == pytest.approx(np.bincount(truth).max() / 48)
    plain = found["plain CNN of the source"]
    assert plain["source_accuracy"] == 1.0
    assert plain["accuracy"] == pytest.approx((36 + (truth[:12] == 0).sum()) / 48)
    assert list(task(data()).baselines()) == ["commonest class"]


def test_both_domains_are_shown():
    judging = task(data(wrong=3))
    assert isinstance(judging.show_real(), Image.Image)
    assert isinstance(judging.pictures(Reader())["mistakes"](rng()), Image.Image)


def test_what_has_no_domains_is_told_what_has():
    plain = Dataset("plain", np.zeros((4, 1, 4, 4), np.uint8))
    with pytest.raises(
        ValueError, match=r"'domain' .* plain has no annotations\. Give two folders"
    ):
        task(plain)
