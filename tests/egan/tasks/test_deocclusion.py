"""Occluders, the best fixed box, and de-occlusion, with toy models, by the interface of tasks."""

import numpy as np
import pytest
import torch

import fitness
from egan.data.dataset import Dataset
from egan.judging.features import Features
from egan.tasks import DAMAGED, MASK, Deocclusion, Occluded
from egan.tasks.occluders import best_box


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def images(count=40, shape=(3, 12, 16), seed=0):
    return 2 * torch.rand(count, *shape, generator=rng(seed)) - 1


def task_of():
    """Images of one colour, a class for each; told by the colour."""
    labels = np.arange(30) % 3
    samples = np.zeros((30, 3, 8, 8), np.uint8)
    samples[np.arange(30), labels] = 255
    data = Dataset("colours", samples, labels)
    features = Features(
        lambda one: one.flatten(1)[:, :4], classify=lambda one: one.mean(dim=(2, 3))
    )
    return Deocclusion(data, data, features)


class Knows:
    """One that knows the truth."""

    def __init__(self, task):
        self.batch = task.judged(30)

    def uncover(self, damaged, rng):
        return torch.cat([self.batch.samples, self.batch.codes[MASK]], dim=1)


def test_a_rectangle_of_its_share_hides_each_image_and_nothing_else_changes():
    before = images(300)
    hidden, mask = Occluded().occlude(before, rng())
    assert mask.shape == (300, 1, 12, 16)
    shares = mask.mean(dim=(1, 2, 3))
    assert shares.min() >= 0.15
    assert shares.max() <= 0.40
    assert shares.std() > 0.05
    rows, columns = mask.amax(3).sum(2), mask.amax(2).sum(2)
    assert torch.equal(rows * columns, mask.sum((2, 3))), "they are rectangles"
    assert torch.equal(torch.where(mask > 0, before, hidden), before)
    inside = [hidden[i, 0][mask[i, 0] > 0].unique().numel() for i in range(300)]
    assert 0.35 < np.mean([one == 1 for one in inside]) < 0.65, "half are of one grey"
    often = mask.mean(dim=(0, 1))
    assert torch.all(often > 0), "every place"
    assert hidden.abs().max() <= 1


def test_occluders_hang_on_the_random_numbers_alone_and_fixed_ones_on_nothing():
    damage, before = Occluded(), images()
    assert torch.equal(damage.occlude(before, rng(3)).mask, damage.occlude(-before, rng(3)).mask)
    assert not torch.equal(damage.occlude(before, rng(3)).mask, damage.occlude(before, rng()).mask)
    assert torch.equal(damage(before), damage.fixed(before).images)


def test_images_with_no_room_for_a_rectangle_are_refused():
    with pytest.raises(ValueError, match=r"room for none\. Give --data.image-size 16"):
        Occluded().shape((1, 2, 1))


def test_the_best_box_is_that_of_a_search_over_all():
    masks = Occluded().occlude(images(200, (1, 6, 5)), rng()).mask
    found = fitness.paired_iou(
        best_box(masks).expand_as(masks).flatten(1) > 0, masks.flatten(1) > 0
    )
    best = 0.0
    for top in range(6):
        for low in range(top + 1, 7):
            for left in range(5):
                for right in range(left + 1, 6):
                    box = torch.zeros(1, 1, 6, 5)
                    box[..., top:low, left:right] = 1
                    pair = box.expand_as(masks).flatten(1) > 0, masks.flatten(1) > 0
                    best = max(best, fitness.paired_iou(*pair))
    assert 0.9 * best <= found <= best


def test_who_knows_the_truth_has_all_of_it_and_baselines_less():
    task = task_of()
    scores = task.score(Knows(task), rng())
    assert scores["accuracy"] == scores["iou"] == pytest.approx(1)
    assert scores["ssim"] == pytest.approx(1)
    assert scores["psnr"] == pytest.approx(100)
    assert scores["fitness"] == pytest.approx(1 + 100 / 40)
    worth = task.baselines()
    assert list(worth) == ["nearest image", "as it is"]
    assert worth["nearest image"]["psnr"] > worth["as it is"]["psnr"]
    assert worth["as it is"]["iou"] < 0.7


def test_a_batch_has_labels_and_masks_of_its_own_and_judged_ones_are_fixed():
    task = task_of()
    batch = task.draw(20, rng())
    hidden = batch.codes[MASK].expand_as(batch.samples) > 0
    assert torch.equal(batch.codes[DAMAGED][~hidden], batch.samples[~hidden])
    assert torch.equal(batch.samples.mean(dim=(2, 3)).argmax(dim=1), batch.labels)
    assert torch.equal(task.judged(9).codes[MASK], task.judged(9).codes[MASK])
    assert task.judged(9).codes[MASK].flatten(1).unique(dim=0).shape[0] > 1


def test_pictures_have_a_row_for_the_mask():
    task = task_of()

    class First(Knows):
        def uncover(self, damaged, rng):
            return torch.cat([damaged, torch.zeros(len(damaged), 1, 8, 8)], dim=1)

    drawn = task.pictures(First(task))["restorations"](rng())
    assert drawn.size == task.show_rows(First(task), rng()).size
    assert drawn.size[1] > task.show_real().size[1]
