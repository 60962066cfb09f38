"""Holes and pasted parts: what is done, what mends it without learning, what is judged."""

import re

import numpy as np
import pytest
import torch

import fitness
from egan.data.dataset import Dataset
from egan.judging.features import Features
from egan.tasks import DAMAGED, Hole, Pasted, Restoration


def images(count=6, shape=(3, 8, 12), seed=0):
    return 2 * torch.rand(count, *shape, generator=torch.Generator().manual_seed(seed)) - 1


def test_a_hole_has_the_mean_colour_of_what_is_around_it():
    before = images()
    cut = Hole()(before)
    inside = torch.zeros(8, 12, dtype=torch.bool)
    inside[2:6, 3:9] = True
    assert torch.equal(cut[..., ~inside], before[..., ~inside])
    around = before.double()[..., ~inside].mean(2)
    assert torch.allclose(cut[..., inside].double(), around[..., None], atol=1e-6)


def test_what_was_in_a_hole_does_not_matter():
    cut = Hole()(images())
    assert torch.equal(Hole()(cut), cut)
    other = Hole().filled(images(), torch.ones(6, 3, 4, 6))
    assert not torch.equal(other, images())
    assert torch.equal(Hole()(other), cut)


def test_the_hole_alone_is_judged_and_a_border_lies_around_it():
    before = images()
    assert torch.equal(Hole().judged(before), before[:, :, 2:6, 3:9])
    assert torch.equal(Hole().window(before, border=1), before[:, :, 1:7, 2:10])


def test_filling_leaves_what_is_given_alone():
    before, filling = images(), images(shape=(3, 4, 6), seed=1)
    kept = before.clone()
    filled = Hole().filled(before, filling)
    assert torch.equal(before, kept)
    assert torch.equal(Hole().judged(filled), filling)
    assert torch.equal(Hole()(filled), Hole()(before))


def test_the_nearest_patch_is_that_of_the_nearest_surroundings():
    known = images(9, seed=2)
    order = torch.tensor([4, 1, 7])
    near = known[order] + 1e-3 * images(3, seed=3)
    found = Hole().naive(Hole()(near), known)
    assert list(found) == ["nearest patch", "mean colour"]
    assert torch.equal(Hole().judged(found["nearest patch"]), Hole().judged(known[order]))
    assert torch.equal(Hole()(found["nearest patch"]), Hole()(near))
    assert torch.equal(found["mean colour"], Hole()(near))


def test_sides_that_have_no_middle_are_refused():
    assert Hole().shape((1, 28, 28)) == (1, 28, 28)
    with pytest.raises(ValueError, match=re.escape("must be multiples of 4, but got")):
        Hole().shape((1, 10, 10))
    with pytest.raises(ValueError, match="multiples of 4"):
        Hole()(images(shape=(1, 8, 6)))


class Greys:
    """One that fills all holes with grey."""

    def restore(self, damaged, rng):
        return Hole().filled(damaged, torch.zeros_like(Hole().judged(damaged)))


def test_a_task_of_holes_is_judged_shown_and_compared():
    samples = np.random.default_rng(0).integers(0, 256, (20, 1, 16, 16), np.uint8)
    data = Dataset("noise", samples)
    task = Restoration(data, data, Features(lambda one: one.flatten(1)), damage=Hole())
    task.num_judged = 20
    batch = task.draw(4, torch.Generator().manual_seed(0))
    assert torch.equal(batch.codes[DAMAGED], Hole()(batch.samples))
    assert task.source_shape == (1, 16, 16)
    true = data.real(20)[:, :, 4:12, 4:12]
    scores = task.score(Greys(), torch.Generator())
    assert scores["psnr"] == pytest.approx(fitness.psnr(torch.zeros_like(true), true))
    assert scores["gradient_energy"] == 0
    found = task.baselines()
    assert found["nearest patch"]["psnr"] > 90, "the same images are known"
    assert found["mean colour"]["psnr"] < 12
    assert task.pictures(Greys())["restorations"](torch.Generator()).width > 0


def stored(count=6, size=16, seed=0):
    """Images of whole greys, as data have them."""
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, size, size), generator=rng) / 127.5 - 1


def test_a_pasted_middle_hangs_on_the_image_alone_and_is_another_exposure():
    before = stored()
    pasted = Pasted()(before)
    outside = torch.ones(16, 16, dtype=torch.bool)
    Pasted().window(outside[None, None])[:] = False
    assert torch.equal(pasted[..., outside], before[..., outside])
    assert torch.equal(Pasted()(before[2:4]), pasted[2:4])
    assert torch.equal(Pasted()(before.flip(0)), pasted.flip(0))
    light = (Pasted().window(one) + 1 for one in (pasted, before))
    gains = torch.stack([one.mean(dim=(2, 3)) for one in light])
    gains = gains[0] / gains[1]
    assert 0.15 <= gains.min() < gains.max() <= 1.05
    assert gains.std(dim=1).min() > 0.01, "channels differ: a tint"


def roughness(images):
    """Squares of differences beside the variance, which no gain of a channel changes."""
    middle = Pasted().window(images)
    return (middle.diff(dim=3).square().mean((2, 3)) / middle.var(dim=(2, 3))).mean(1)


def test_every_other_middle_is_less_sharp():
    before = 0.5 * stored(64)  # no gain takes it out of the range
    ratio = roughness(Pasted()(before)) / roughness(before)
    assert 20 <= (ratio < 0.8).sum() <= 44
    assert ((ratio < 0.8) | ((ratio - 1).abs() < 0.05)).all()


def test_shifting_a_middle_to_its_border_mends_a_mere_shift():
    flat = torch.full((2, 3, 16, 16), 0.5)
    shifted = flat.clone()
    Pasted().window(shifted)[:] -= 0.3
    found = Pasted().naive(shifted, flat)
    torch.testing.assert_close(found["shifted to its border"], flat)
    assert torch.equal(found["copy and paste"], shifted)


def test_images_too_small_for_a_pasted_middle_are_refused():
    with pytest.raises(ValueError, match=r"multiples of 4 of at least 16, .* \(3, 8, 8\)"):
        Pasted()(stored(2, 8))
