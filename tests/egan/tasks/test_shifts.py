"""Images that are moved, by how much, and what naive answers are worth."""

import numpy as np
import pytest
import torch
from PIL import Image

from egan.data.dataset import Dataset
from egan.judging.features import Features
from egan.tasks import Shifts, placed


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def task(count=30, *, most=2):
    stored = np.random.default_rng(0).integers(1, 256, (count, 1, 5, 6), np.uint8)
    data = Dataset("noise", stored)
    made = Shifts(data, data, Features(lambda x: x.flatten(1)), most=most)
    made.num_judged = count
    return made


class Knowing:
    """Moves what it is given, as it is told."""

    def __init__(self, factor=1):
        self.factor = factor

    def moved(self, source, shift):
        rows = []
        for image, step in zip(source, self.factor * shift.long(), strict=True):
            rows.append(image.roll(tuple(step.tolist()), dims=(1, 2)))
        return torch.stack(rows)


def test_images_are_placed_without_a_loss():
    images = torch.arange(30.0).view(1, 1, 5, 6) / 30
    moved = placed(images, torch.tensor([[-2, 1]]), most=2)
    assert moved.shape == (1, 1, 9, 10)
    assert torch.equal(moved[:, :, 0:5, 3:9], images)
    assert (moved == -1).sum() == 90 - 30


def test_the_target_is_the_source_moved_by_the_shift():
    batch = task().draw(40, rng())
    assert batch.samples.shape == (40, *task().canvas)
    steps = batch.codes["shift"]
    assert steps.abs().max() <= 4
    assert len(steps.unique()) > 5
    made = Knowing().moved(batch.samples, steps)
    assert torch.equal(made, batch.codes["target"])


def test_who_knows_has_no_error_and_baselines_have_one():
    one = task()
    assert one.score(Knowing(), rng())["fitness"] == 0
    wrong = one.score(Knowing(0), rng())["reconstruction_error"]
    found = one.baselines()
    assert found["left where it is"]["reconstruction_error"] == pytest.approx(wrong, rel=0.3)
    assert found["mean"]["reconstruction_error"] < wrong


def test_pictures():
    one = task()
    assert isinstance(one.show_real(), Image.Image)
    picture = one.pictures(Knowing())["shifts"](rng())
    assert picture.size[0] > one.show_real().size[1]
