"""The paper's networks and terms; filling holes of what was saved, by the command line."""

from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from egan import collection
from egan.collection.context_encoder.model import TRUE, ContextEncoder
from egan.collection.context_encoder.networks import Discriminator, Filler
from egan.collection.testing import built, random_images, small, task_of
from egan.run import main
from egan.sample import main as sample_main
from egan.tasks import DAMAGED, Hole


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def model(shape=(3, 16, 16), **changed):
    settings = small("context_encoder").settings.tuned({"batch_size": 4, **changed})
    data = random_images(shape)
    made = built(partial(ContextEncoder, settings=settings, task=task_of(ContextEncoder, data)))
    made.rng = rng()
    made.training(True)
    return made


def weights(network):
    return torch.cat([p.detach().flatten().clone() for p in network.parameters()])


def convolutions(network, kind):
    return [
        (one.in_channels, one.out_channels, one.kernel_size[0], one.stride[0])
        for one in network.modules()
        if isinstance(one, kind)
    ]


def test_the_papers_networks():
    s = collection.preset("context_encoder:paper").settings
    shape = (3, 128, 128)
    filler = Filler(shape, width=s.width, bottleneck=s.bottleneck, border=0)
    assert convolutions(filler, torch.nn.Conv2d) == [
        (3, 64, 4, 2),
        (64, 64, 4, 2),
        (64, 128, 4, 2),
        (128, 256, 4, 2),
        (256, 512, 4, 2),
        (512, 4000, 4, 1),
    ]
    assert convolutions(filler, torch.nn.ConvTranspose2d) == [
        (4000, 512, 4, 1),
        (512, 256, 4, 2),
        (256, 128, 4, 2),
        (128, 64, 4, 2),
        (64, 3, 4, 2),
    ]
    judge = Discriminator(shape, width=s.discriminator_width)
    assert convolutions(judge, torch.nn.Conv2d) == [
        (3, 64, 4, 2),
        (64, 128, 4, 2),
        (128, 256, 4, 2),
        (256, 512, 4, 2),
    ]
    norms = [one for one in judge.modules() if isinstance(one, torch.nn.BatchNorm2d)]
    assert len(norms) == 3


@pytest.mark.parametrize("size", [8, 16, 28, 32, 64])
@pytest.mark.parametrize("border", [0, 1])
def test_holes_of_every_size_are_made_with_their_border(size, border):
    filler = Filler((1, size, size), width=2, bottleneck=4, border=border)
    made = filler(torch.zeros(2, 1, size, size))
    assert made.shape == (2, 1, size // 2 + 2 * border, size // 2 + 2 * border)
    assert made.abs().max() <= 1
    judge = Discriminator((1, size, size), width=2)
    assert judge(torch.zeros(2, 1, size // 2, size // 2)).shape == (2,)


def test_images_that_are_halved_once_only_are_refused():
    with pytest.raises(ValueError, match="halved twice"):
        Filler((1, 12, 12), width=2, bottleneck=4, border=0)


def test_no_more_overlaps_than_there_is():
    Filler((1, 16, 16), width=2, bottleneck=4, border=4)
    with pytest.raises(ValueError, match="--overlap must be at most 4, .* but got 5"):
        Filler((1, 16, 16), width=2, bottleneck=4, border=5)


def test_the_generators_loss_is_the_papers_over_the_weight():
    made = model(adversarial_weight=0.01, overlap=2, overlap_weight=7.0)
    fake, real = made.fake(4), made.draw(4)
    [loss] = made.generator_losses(fake, real, [made.objective()])
    difference = (fake.samples.double() - fake.codes[TRUE].double()).square()
    assert difference.shape == (4, 3, 12, 12)
    factors = np.full((12, 12), 7.0)
    factors[2:-2, 2:-2] = 1.0
    error = (difference * torch.from_numpy(factors)).mean()
    logits = made.discriminator(fake.samples[..., 2:-2, 2:-2]).double()
    papers = 0.99 * error + 0.01 * F.softplus(-logits).mean()
    assert loss.item() == pytest.approx(papers.item() / 0.01, rel=1e-4)


def test_the_truth_of_codes_is_what_the_hole_lacks():
    made = model(overlap=1)
    codes = made.codes(5, rng())
    images = made.task.data.draw(5, rng())
    assert torch.equal(codes[DAMAGED], Hole()(images))
    assert torch.equal(codes[TRUE], images[:, :, 3:13, 3:13])
    made.rng = rng()
    assert torch.equal(made.draw(5).samples, images[:, :, 3:13, 3:13])


def test_the_discriminator_sees_the_hole_alone():
    made = model(overlap=2)
    batch = made.draw(4)
    before = made.logits(batch)
    batch.samples[..., :2, :] = 0.5
    batch.samples[..., -2:] = 0.5
    assert torch.equal(made.logits(batch), before)
    batch.samples[..., 2, 2] = 0.5
    assert not torch.equal(made.logits(batch), before)


def test_without_a_weight_the_squared_error_alone_is_learned():
    made, twin = (model(adversarial_weight=0.0) for _ in range(2))
    assert made.objective() is None
    before = weights(made.discriminator)
    fake = twin.fake(4)
    twin.descend(twin.error(fake.samples, fake.codes[TRUE]), "generator")
    made.update()
    assert torch.equal(weights(made.discriminator), before)
    assert torch.equal(weights(made.generator), weights(twin.generator))
    other = model()
    other.update()
    assert not torch.equal(weights(other.discriminator), before)


def test_a_hole_is_filled_and_all_else_stays():
    made = model(overlap=1)
    images = made.task.data.real(3)
    given = images.clone()
    with made.judging():
        filled = made.restore(images, rng())
        assert torch.equal(images, given)
        expected = made.average(Hole()(images))[..., 1:-1, 1:-1]
        assert torch.equal(Hole().judged(filled), expected)
        assert torch.equal(Hole()(filled), Hole()(images))
        marked = Hole().filled(images, torch.ones(3, 3, 8, 8))
        assert torch.equal(made.restore(marked, rng()), filled), "what is in a hole is not seen"


def test_weights_above_one_are_refused():
    with pytest.raises(ValueError, match=r"--adversarial-weight must be in \[0, 1\], but got 2"):
        model(adversarial_weight=2.0)


def test_a_folder_of_ones_own_is_learned_from_and_other_pictures_filled(tmp_path, monkeypatch):
    monkeypatch.setattr("egan.tasks.base.Task.num_judged", 8)
    for name in ("photos", "torn"):
        (tmp_path / name).mkdir()
        for number in range(12):
            image = Image.new("RGB", (16, 16), (20 * number, 100, 0))
            image.putpixel((number, 3), (255, 255, 255))
            image.save(tmp_path / name / f"{number}.png")
    words = ["context_encoder", "--data.name", "folder", "--data.path", str(tmp_path / "photos")]
    words += ["--data.image-size", "16", "--rounds", "1", "--interval", "2", "--width", "4"]
    words += ["--discriminator-width", "2", "--bottleneck", "4", "--batch-size", "4"]
    assert main([*words, "--executor", "inline", "--output", str(tmp_path / "runs")]) == 0
    [run] = (tmp_path / "runs").iterdir()
    assert (run / "samples" / "restorations.png").is_file()
    new = ["--inputs", str(tmp_path / "torn"), "--output", str(tmp_path / "new")]
    assert sample_main([str(run), *new]) == 0
    files = sorted((tmp_path / "new").iterdir())
    assert len(files) == 12
    middle = slice(4, 12)
    for file in files:
        filled = np.asarray(Image.open(file).convert("RGB"))
        assert filled.shape == (16, 16, 3)
        assert filled[0, -1, 1] == 100, "what was there stays"
        assert len(np.unique(filled[middle, middle].reshape(-1, 3), axis=0)) > 1
