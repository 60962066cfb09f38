"""Losses by hand, what D sees, unknown pixels, the network; a run on masks of one's own."""

from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from egan.collection.adversarial_segmentation.model import SOURCE, AdversarialSegmentation
from egan.collection.adversarial_segmentation.networks import Segmenter
from egan.collection.testing import built, small, task_of
from egan.data.crowds import SEGMENTATION
from egan.data.dataset import Dataset
from egan.run import main
from egan.sample import main as sample_main
from egan.tasks import Batch
from egan.tasks.segmentation import IGNORED


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def data(*, unknown=False):
    draws = np.random.default_rng(0)
    maps = draws.integers(3, size=(24, 16, 16), dtype=np.uint8)
    if unknown:
        maps[:, :4] = IGNORED
    samples = draws.integers(256, size=(24, 2 + 1, 16, 16), dtype=np.uint8)
    return Dataset(
        "few", samples, annotations={SEGMENTATION: maps}, class_names=("none", "one", "two")
    )


def model(dataset=None, **changed):
    plain = {"batch_size": 4, "hard": False, "pairing": "product"}
    settings = small("adversarial_segmentation").settings.tuned({**plain, **changed})
    task = task_of(AdversarialSegmentation, dataset or data())
    made = built(partial(AdversarialSegmentation, settings=settings, task=task))
    made.rng = rng()
    made.training(True)
    return made


def weights(network):
    return torch.cat([p.detach().flatten().clone() for p in network.parameters()])


def test_the_segmenters_loss_is_the_papers_over_the_weight():
    made = model(adversarial_weight=0.25)
    fake, real = made.fake(4), made.draw(4)
    [loss] = made.generator_losses(fake, real, [made.objective()])
    logits = made.generator(fake.codes[SOURCE]).double()
    cross = F.cross_entropy(logits, fake.codes[SEGMENTATION])
    papers = cross + 0.25 * F.softplus(-made.logits(fake).double()).mean()
    torch.testing.assert_close(loss.double(), papers / 0.25, rtol=1e-5, atol=0)
    torch.testing.assert_close(fake.samples.sum(dim=1), torch.ones(4, 16, 16))


def test_the_discriminators_loss_is_the_papers():
    made = model()
    fake, real = made.fake(4), made.draw(4)
    expected = F.softplus(-made.logits(real)).mean() + F.softplus(made.logits(fake)).mean()
    torch.testing.assert_close(made.discriminator_loss(real, fake), expected)


@pytest.mark.parametrize("softness", [0.0, 0.3])
def test_true_maps_are_softened(softness):
    made = model(softness=softness)
    batch = made.draw(4)
    true = batch.codes[SEGMENTATION]
    at_truth = batch.samples.gather(1, true[:, None]).squeeze(1)
    torch.testing.assert_close(at_truth, torch.full((4, 16, 16), 1 - softness + softness / 3))
    torch.testing.assert_close(batch.samples.sum(dim=1), torch.ones(4, 16, 16))
    assert torch.equal(batch.samples.argmax(dim=1), true)


def seen_by_d(made, batch):
    handed = []
    hook = made.discriminator.register_forward_pre_hook(lambda _, given: handed.append(given[0]))
    made.logits(batch)
    hook.remove()
    return handed[0]


@pytest.mark.parametrize("pairing", ["product", "concat", "map"])
def test_what_the_discriminator_sees(pairing):
    made = model(pairing=pairing)
    batch = made.draw(4)
    maps, images = batch.samples, batch.codes[SOURCE]
    seen = seen_by_d(made, batch)
    if pairing == "product":
        expected = torch.stack(
            [maps[:, k] * images[:, c] for k in range(3) for c in range(3)], dim=1
        )
    else:
        expected = torch.cat([images, maps], dim=1) if pairing == "concat" else maps
    assert torch.equal(seen, expected)


def test_hard_maps_are_seen_whose_gradient_is_that_of_the_soft_ones():
    made, soft = model(hard=True, pairing="concat"), model(pairing="concat")
    fake, real = made.fake(4), made.draw(4)
    seen = seen_by_d(made, fake)[:, 3:]
    hot = F.one_hot(fake.samples.argmax(dim=1), 3).permute(0, 3, 1, 2).float()
    torch.testing.assert_close(seen, hot)
    assert torch.equal(seen_by_d(made, real), seen_by_d(soft, real)), "true maps are hard already"
    [gradient] = torch.autograd.grad(made.logits(fake).sum(), fake.samples)
    given = hot.detach().requires_grad_()
    [expected] = torch.autograd.grad(soft.logits(Batch(given, fake.codes)).sum(), given)
    torch.testing.assert_close(gradient, expected)


def test_the_segmenter_learns_alone_at_first():
    made = model(pretraining=1)
    before = weights(made.discriminator)
    made.update()
    assert torch.equal(weights(made.discriminator), before)
    made.updates = 1
    made.update()
    assert not torch.equal(weights(made.discriminator), before)


def test_images_and_their_maps_belong_together():
    made = model()
    batch = made.draw(6)
    known = {image.tobytes(): i for i, image in enumerate(made.task.data.samples)}
    stored = made.task.data.kind.encode(batch.codes[SOURCE])
    rows = [known[image.tobytes()] for image in stored]
    assert torch.equal(
        batch.codes[SEGMENTATION],
        torch.from_numpy(made.task.data.annotations[SEGMENTATION][rows].astype(np.int64)),
    )


def test_unknown_pixels_teach_nothing_and_are_not_seen():
    made = model(data(unknown=True))
    fake, real = made.fake(4), made.draw(4)
    assert (real.samples[:, :, :4] == 0).all()
    loss, logits = made.cross_entropy(fake), made.logits(fake)
    fake.samples.data[:, :, :4] = 1 / 3
    torch.testing.assert_close(made.cross_entropy(fake), loss)
    assert torch.equal(made.logits(fake), logits)
    fake.samples.data[:, :, 5] = 1 / 3
    assert made.cross_entropy(fake) != loss


def test_without_a_weight_cross_entropy_alone_is_learned():
    made, twin = (model(adversarial_weight=0.0) for _ in range(2))
    assert made.objective() is None
    before = weights(made.discriminator)
    twin.descend(twin.cross_entropy(twin.fake(4)), "generator")
    made.update()
    assert torch.equal(weights(made.discriminator), before)
    assert torch.equal(weights(made.generator), weights(twin.generator))
    other = model()
    other.update()
    assert not torch.equal(weights(other.discriminator), before)


@pytest.mark.parametrize(("size", "halvings"), [(16, 2), (28, 2), (32, 3)])
def test_maps_are_as_large_as_images(size, halvings):
    network = Segmenter((1, size, size), num_classes=5, width=4, halvings=halvings)
    assert network(torch.zeros(2, 1, size, size)).shape == (2, 5, size, size)


def test_images_that_cannot_be_halved_are_refused():
    with pytest.raises(
        ValueError, match="--halvings 3 takes images whose sides are multiples of 8"
    ):
        Segmenter((1, 28, 28), num_classes=5, width=4, halvings=3)


def test_true_maps_are_not_softened_away():
    with pytest.raises(ValueError, match=r"--softness must be in \[0, 1\), but got 1"):
        model(softness=1.0)


def test_masks_of_ones_own_are_learned_from_and_label_maps_written(tmp_path, monkeypatch):
    monkeypatch.setattr("egan.tasks.base.Task.num_judged", 8)
    for name in ("images", "masks", "new"):
        (tmp_path / name).mkdir()
    for number in range(12):
        mask = np.zeros((16, 16, 3), np.uint8)
        mask[number:, 4:] = (255, 0, 0)
        Image.fromarray(mask // 2 + 60).save(tmp_path / "images" / f"{number}.png")
        Image.fromarray(mask).save(tmp_path / "masks" / f"{number}.png")
        Image.fromarray(mask // 2 + 60).save(tmp_path / "new" / f"{number}.png")
    words = ["adversarial_segmentation", "--data.name", "masks", "--data.image-size", "16"]
    words += ["--data.pairs", str(tmp_path / "images"), str(tmp_path / "masks")]
    words += ["--rounds", "1", "--interval", "30", "--width", "8", "--discriminator-width", "4"]
    words += ["--generator-lr", "1e-2", "--batch-size", "4", "--ema-decay", "0"]
    words += ["--pretraining", "25"]
    assert main([*words, "--executor", "inline", "--output", str(tmp_path / "runs")]) == 0
    [run] = (tmp_path / "runs").iterdir()
    assert (run / "samples" / "segmentations.png").is_file()
    wanted = ["--inputs", str(tmp_path / "new"), "--output", str(tmp_path / "maps")]
    assert sample_main([str(run), *wanted]) == 0
    files = sorted((tmp_path / "maps").iterdir())
    assert len(files) == 12
    found = np.stack([np.asarray(Image.open(file)) for file in files])
    assert found.shape == (12, 16, 16)
    assert set(np.unique(found)) <= {0, 1}
    order = sorted(range(12), key=str)
    truth = np.stack([np.asarray(Image.open(tmp_path / "masks" / f"{i}.png")) for i in order])
    assert (found == truth[..., 0] // 255).mean() > 0.9


def test_data_without_masks_are_refused(capsys):
    assert main(["adversarial_segmentation", "--data.name", "digits"]) == 2
    assert "segmentation" in capsys.readouterr().err
