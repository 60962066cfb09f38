"""TP-GAN: its loss, where patches are cut and placed, mirrors, and photographs of one's own."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from egan import collection
from egan.collection.testing import built, random_images, small, task_of
from egan.collection.tp_gan.model import TpGan
from egan.collection.tp_gan.networks import (
    Box,
    cut,
    middles,
    mirrored,
    mirrored_landmarks,
    points_left,
)
from egan.collection.tp_gan.pathways import GlobalPathway, LocalPathway
from egan.collection.tp_gan.terms import lopsidedness
from egan.data.dataset import LANDMARKS, YAW
from egan.run import main
from egan.sample import main as sample_main
from egan.tasks import TARGET
from egan.tasks.frontal import PERSON


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def model(shape=(3, 16, 16), **changed):
    settings = small("tp_gan").settings.tuned({**TpGan.tiny, **changed})
    made = built(partial(TpGan, settings=settings, task=task_of(TpGan, random_images(shape))))
    made.rng = rng()
    made.training(True)
    return made


def test_the_generators_loss_is_the_papers_over_the_adversarial_weight():
    weights = {"symmetry_weight": 0.7, "adversarial_weight": 0.3, "smoothness_weight": 0.5}
    made = model(**weights, person_weight=0.4, patch_weight=2.0)

    class Layers(torch.nn.Module):
        def last_two(self, images):
            return images.flatten(1), images.flatten(1)[:, ::7]

    made.recogniser = Layers()
    made.settings = made.settings.tuned({"identity_weight": 0.2})
    fake, real = made.fake(4), made.draw(4)
    [loss] = made.generator_losses(fake, real, [made.objective()])
    codes, flips = fake.codes, fake.codes["mirrored"]
    x, y = (
        torch.stack([one.flip(2) if flip else one for one, flip in zip(part, flips, strict=True)])
        for part in (fake.samples, codes[TARGET])
    )
    papers = 1.5 * (x - y).abs().mean()
    papers += (codes["half"] - F.avg_pool2d(y, 2)).abs().mean()
    papers += (codes["quarter"] - F.avg_pool2d(y, 4)).abs().mean()
    true = [
        y[:, :, top : top + height, left : left + width].flatten(1)
        for top, left, height, width in made.generator.boxes
    ]
    papers += 2 * (codes["patches"] - torch.cat(true, dim=1)).abs().mean()
    papers += 0.7 * (x[..., 8:] - x[..., :8].flip(3)).abs().mean()
    papers += 0.3 * F.softplus(-made.discriminator(fake.samples)).mean()
    away = (fake.samples - codes[TARGET]).abs()  # the recogniser sees views as they are
    papers += 0.2 * (away.mean() + away.flatten(1)[:, ::7].mean())
    papers += 0.5 * ((x[:, :, 1:] - x[:, :, :-1]).abs().mean())
    papers += 0.5 * (x[..., 1:] - x[..., :-1]).abs().mean()
    papers -= 0.4 * codes["persons"].log_softmax(1)[range(4), codes[PERSON]].mean()
    assert 0 < flips.sum() < 4
    assert loss.item() == pytest.approx(papers.item() / 0.3, rel=1e-4)


def test_only_the_half_that_was_turned_away_follows():
    images = torch.rand(2, 1, 4, 6, requires_grad=True)
    loss = lopsidedness(images)
    loss.backward()
    assert loss.item() == pytest.approx(
        (images[..., 3:] - images[..., :3].flip(3)).abs().mean().item()
    )
    assert (images.grad[..., :3] == 0).all()
    assert (images.grad[..., 3:] != 0).all()
    assert lopsidedness(images + images.flip(3)).item() == pytest.approx(0, abs=1e-6)


def test_patches_are_cut_where_landmarks_are():
    image = torch.arange(256.0).view(1, 1, 16, 16)
    # the middle of pixels 4 to 7 across and 9 to 10 down is at their common corners
    centre = torch.tensor([[6 / 8 - 1, 10 / 8 - 1]])
    found = cut(image, centre, Box(0, 0, 2, 4))
    assert torch.allclose(found, image[:, :, 9:11, 4:8], atol=1e-3)
    beyond = cut(image, torch.tensor([[5.0, -5.0]]), Box(0, 0, 2, 2))
    assert torch.allclose(beyond, torch.full((1, 1, 2, 2), 15.0), atol=1e-3)


def test_features_are_placed_where_the_mean_head_has_them_and_merged_by_the_larger():
    made = model((1, 32, 32)).generator

    class Part(torch.nn.Module):
        def __init__(self, value):
            super().__init__()
            self.value = value

        def forward(self, patches):
            return torch.full_like(patches, self.value), patches

    made.parts = torch.nn.ModuleList(Part(float(number)) for number in (1, 2, 3, 4))
    source, marks = torch.rand(2, 1, 32, 32), torch.zeros(2, 5, 2)
    merged, patches = made._local(source, marks)
    wanted = torch.zeros(32, 32)
    for number, (top, left, height, width) in enumerate(made.boxes, start=1):
        area = wanted[top : top + height, left : left + width]
        area.copy_(area.clamp(min=number))
    assert torch.equal(merged[0, 0], wanted)
    assert patches.shape == made.pixels_of(source).shape == (2, 100 + 100 + 80 + 96)
    assert [box[2:] for box in made.boxes] == [(10, 10), (10, 10), (8, 10), (8, 12)]


def test_a_mirrored_view_is_turned_to_the_mirrored_front():
    made = model((1, 32, 32))
    network = made.generator
    marks = torch.tensor([[-0.3, -0.2], [0.4, -0.2], [0.5, 0.1], [-0.1, 0.5], [0.4, 0.6]])[None]
    other = mirrored_landmarks(marks, torch.tensor([True]))
    assert not points_left(marks)
    assert points_left(other)
    assert torch.allclose(other[0, 0], torch.tensor([-0.4, -0.2]))
    assert torch.allclose(middles(other)[0, 3], torch.tensor([-0.15, 0.55]))
    assert torch.equal(mirrored_landmarks(other, torch.tensor([True])), marks)

    class Reader(torch.nn.Module):
        of_yaw = network.reader.of_yaw

        def forward(self, images):
            left = images[:, 0, 0, 0] > images[:, 0, 0, -1]
            return mirrored_landmarks(marks.expand(len(images), -1, -1), left)

    network.reader = Reader()
    source, noise = torch.rand(3, 1, 32, 32, generator=rng()), torch.zeros(3, 4)
    one, two = network(source, noise), network(source.flip(3), noise)
    assert torch.equal(one.mirrored, ~two.mirrored)
    assert torch.allclose(one.images, two.images.flip(3), atol=1e-5)
    assert torch.allclose(one.persons, two.persons, atol=1e-5)
    assert torch.equal(mirrored(source, one.mirrored), mirrored(source.flip(3), two.mirrored))


def test_the_papers_layers_at_128_pixels():
    whole = GlobalPathway((3, 128, 128), latent_dim=100, code_dim=256, width=64, beside=64)
    assert [layer[0].out_channels for layer in whole.encoder] == [64, 64, 128, 256, 512]
    assert [layer[0].kernel_size[0] for layer in whole.encoder] == [7, 5, 3, 3, 3]
    assert [len(layer) - 2 for layer in whole.encoder] == [1, 1, 1, 1, 4]
    assert whole.code[0].out_features == 512
    assert whole.first == (64, 8, 8)
    assert {k: one[0].out_channels for k, one in whole.simple.items()} == {"2": 32, "1": 16, "0": 8}
    made = {k: one[0].out_channels for k, one in whole.decoder.items()}
    assert made == {"0": 64, "1": 128, "2": 256, "3": 512}
    local = LocalPathway(3, halved=3, width=64)
    assert [layer[0].out_channels for layer in local.encoder] == [64, 128, 256, 512]
    features, image = local(torch.zeros(1, 3, 40, 48))
    assert features.shape == (1, 64, 40, 48)
    assert image.shape == (1, 3, 40, 48)


def test_d_has_a_map_of_two_by_two_and_the_global_pathway_may_be_alone():
    for size in (16, 32):
        made = model((1, size, size), local=False)
        assert made.logits(made.draw(3)).shape == (3 * 4,)
        assert not made.generator.parts
        fake = made.fake(2)
        assert fake.codes["patches"].shape == (2, 0)
        assert torch.isfinite(made.generator_terms(fake, fake))


def test_what_does_not_fit_is_told():
    for size, message in ((8, "sixteenths"), (40, "sixteenths"), (24, "sixteenths")):
        with pytest.raises(ValueError, match=f"{message} .*Give --data.image-size 32"):
            model((1, size, size))
    data = random_images((1, 16, 16))
    three = replace(data, annotations={**data.annotations, LANDMARKS: np.zeros((24, 3, 2))})
    with pytest.raises(ValueError, match="needs 5 landmarks, both eyes, .* but random has 3"):
        built(partial(TpGan, settings=small("tp_gan").settings, task=task_of(TpGan, three)))
    plain = data.__class__("plain", data.samples)
    with pytest.raises(ValueError, match="TpGan needs data with 'landmarks'"):
        collection.train("tp_gan", plain, updates=1, features=object())


def test_views_of_ones_own_are_learned_from_and_photographs_turned(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("egan.tasks.base.Task.num_judged", 8)
    monkeypatch.setattr("egan.judging.classifier.MIN_STEPS", 2)
    random = np.random.default_rng(0)
    rows = ["file,yaw," + ",".join(f"{axis}{i}" for i in range(1, 6) for axis in "xy")]
    for person in range(6):
        (tmp_path / "people" / str(person)).mkdir(parents=True)
        for yaw in (-50, 0, 50):
            pixels = random.integers(0, 256, (16, 16), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "people" / str(person) / f"{yaw}.png")
            marks = ",".join(f"{x + yaw / 200},{y}" for x, y in ((0.3, 0.4), (0.7, 0.4)))
            rows.append(f"{person}/{yaw}.png,{yaw},{marks},{0.5 + yaw / 100},0.5,.4,.7,.6,.7")
    (tmp_path / "people" / "poses.csv").write_text("\n".join(rows))
    words = ["tp_gan", "--data.name", "views", "--data.path", str(tmp_path / "people")]
    words += ["--data.image-size", "16", "--rounds", "1", "--interval", "2", "--width", "4"]
    words += ["--discriminator-width", "2", "--code-dim", "4", "--batch-size", "4"]
    words += ["--identity-weight", "0", "--executor", "inline", "--output", str(tmp_path / "runs")]
    assert main(words) == 0
    [run] = (tmp_path / "runs").iterdir()
    assert (run / "samples" / "frontal.png").is_file()
    new = ["--inputs", str(tmp_path / "people" / "0")]
    assert sample_main([str(run), *new, "--output", str(tmp_path / "turned")]) == 0
    assert len([*(tmp_path / "turned").rglob("*.png")]) == 3
    some = [str(run), *new, "--count", "2", "--output", str(tmp_path / "two.npz")]
    every = [str(run), *new, "--output", str(tmp_path / "all.npz")]
    assert sample_main(some) == sample_main(every) == 0
    two, three = (np.load(tmp_path / f"{name}.npz")["images"] for name in ("two", "all"))
    assert np.array_equal(two, three[:2])
    assert YAW not in np.load(tmp_path / "all.npz")
    capsys.readouterr()
    asked = [str(run), *new, "--poses=-45", "--output", str(tmp_path / "x")]
    assert sample_main(asked) == 2
    assert "TpGan turns nothing to a yaw" in capsys.readouterr().err
