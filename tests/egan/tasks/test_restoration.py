"""Restoration, with toy models, by the interface of tasks alone."""

import re

import numpy as np
import pytest
import torch
from PIL import Image

import fitness
from egan.data.dataset import Dataset
from egan.judging.features import Features
from egan.tasks import DAMAGED, Downscaled, Restoration

COUNT = 40


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def images(count=COUNT, *, size=16, seed=0):
    """Return smooth images with edges."""
    random = np.random.default_rng(seed)
    small = random.integers(0, 256, (count, 3, size // 4, size // 4))
    return Dataset("blocks", small.repeat(4, axis=2).repeat(4, axis=3).astype(np.uint8))


def task_of(**options):
    task = Restoration(
        images(), images(seed=1), Features(lambda one: one.flatten(1)[:, :6]), **options
    )
    task.num_judged = 30
    return task


class Repeats:
    """One that repeats pixels, which is right for images of blocks."""

    def restore(self, damaged, rng):
        return damaged.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)


class Noise:
    """One that uses its random numbers."""

    def restore(self, damaged, rng):
        return torch.rand(len(damaged), 3, 16, 16, generator=rng)


def test_a_batch_has_the_small_one_of_each():
    batch = task_of().draw(12, rng())
    assert batch.samples.shape == (12, 3, 16, 16)
    assert torch.equal(batch.codes[DAMAGED], Downscaled(4)(batch.samples))
    assert batch.codes[DAMAGED].shape[1:] == task_of().source_shape == (3, 4, 4)
    assert torch.equal(batch.samples, task_of().draw(12, rng()).samples)


def test_small_images_keep_means_and_range():
    flat = torch.full((1, 3, 8, 8), 0.3)
    assert torch.allclose(Downscaled(4)(flat), torch.full((1, 3, 2, 2), 0.3), atol=1e-6)
    checks = 2.0 * ((torch.arange(32)[:, None] + torch.arange(32)) % 2)[None, None] - 1
    assert Downscaled(4)(checks).abs().max() < 0.3, "without aliasing"
    assert Downscaled(2)(torch.rand(2, 3, 8, 8).sign()).abs().max() <= 1


def test_scores_are_those_of_held_out_images():
    task = task_of(spectral_weight=0.5)
    true = task.held_out.real(30)
    made = Repeats().restore(task.damage(true), None)
    scores = task.score(Repeats(), rng())
    assert scores["psnr"] == pytest.approx(fitness.psnr(made, true))
    assert scores["ssim"] == pytest.approx(fitness.ssim(made, true))
    assert scores["gradient_energy"] == pytest.approx(fitness.gradient_energy(made, true))
    assert scores["spectral_distance"] == pytest.approx(fitness.spectral_distance(made, true))
    assert scores["fitness"] == pytest.approx(scores["psnr"] - 0.5 * scores["spectral_distance"])
    assert "0.5 times the distance of spectra" in task.meaning
    plain = task_of()
    assert plain.score(Repeats(), rng())["fitness"] == pytest.approx(scores["psnr"])
    assert "spectra" not in plain.meaning


def test_baselines_are_scores_of_the_same_images():
    task = task_of()
    found = task.baselines()
    assert list(found) == ["bicubic", "nearest"]
    assert found["nearest"] == pytest.approx(task.score(Repeats(), rng()))
    true = task.held_out.real(30)
    smooth = torch.nn.functional.interpolate(
        task.damage(true), size=(16, 16), mode="bicubic", align_corners=False
    ).clamp(-1, 1)
    assert found["bicubic"]["psnr"] == pytest.approx(fitness.psnr(smooth, true))
    assert found["bicubic"]["gradient_energy"] < found["nearest"]["gradient_energy"]


def test_random_numbers_reach_the_model():
    scores = [task_of().score(Noise(), rng(seed)) for seed in (1, 1, 2)]
    assert scores[0] == scores[1] != scores[2]


def test_pictures_are_rows_from_small_to_true():
    task = task_of()
    [(name, draw)] = task.pictures(Repeats()).items()
    assert name == "restorations"
    picture = draw(rng())
    assert isinstance(picture, Image.Image)
    assert picture.width > picture.height, "ten in a row, four rows"
    assert np.array_equal(np.asarray(picture), np.asarray(draw(rng())))
    assert not np.array_equal(np.asarray(picture), np.asarray(task.pictures(Noise())[name](rng())))
    assert isinstance(task.show_real(), Image.Image)


def test_what_is_given_is_small():
    task = task_of()
    small = task.damage(task.data.real(3))
    made = task.make(Repeats(), 3, rng(), given={"source": small})
    assert torch.equal(made.samples, Repeats().restore(small, None))


def test_images_that_cannot_be_made_smaller_are_refused():
    with pytest.raises(ValueError, match=re.escape("multiples of it, but got samples of shape")):
        Downscaled(4).shape((1, 10, 10))
