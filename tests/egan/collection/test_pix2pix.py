"""The paper's networks, patches, noise, terms and jitter; pairs on the command line."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from egan import collection
from egan.collection.pix2pix.model import Pix2Pix, jittered
from egan.collection.pix2pix.networks import UNet
from egan.collection.testing import built, random_images, small, task_of
from egan.networks.patches import PatchDiscriminator
from egan.run import main
from egan.sample import main as sample_main


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def model(shape=(1, 16, 16), **changed):
    settings = small("pix2pix").settings.tuned({"batch_size": 4, **changed})
    made = built(partial(Pix2Pix, settings=settings, task=task_of(Pix2Pix, random_images(shape))))
    made.rng = rng()
    return made


def test_the_papers_networks():
    s = collection.preset("pix2pix:paper").settings
    unet = UNet((3, 256, 256), 3, width=s.width)
    down = [layer[-1 if len(layer) < 3 else 1] for layer in unet.encoder]
    assert [layer.out_channels for layer in down] == [64, 128, 256, *[512] * 5]
    up = [layer[1] for layer in unet.decoder]
    assert [layer.out_channels for layer in up] == [512, 512, 512, 512, 256, 128, 64, 3]
    assert [layer.in_channels for layer in up] == [512, 1024, 1024, 1024, 1024, 512, 256, 128]
    assert unet.noise == [(512, 2, 2), (512, 4, 4), (512, 8, 8)]
    patches = PatchDiscriminator(6, width=64, num_layers=3)
    assert patches(torch.zeros(1, 6, 256, 256)).shape == (1, 30, 30)
    counts = (sum(p.numel() for p in network.parameters()) for network in (unet, patches))
    published = Pix2Pix.paper_parameters.values()
    assert [n / 1e6 for n in counts] == pytest.approx(list(published), rel=2e-3)


def test_the_noise_is_dropout_after_training_too():
    made = model()
    masks = made.masks(200, rng())
    assert set(masks.unique().tolist()) == {0.0, 2.0}
    assert float(masks.mean()) == pytest.approx(1, abs=0.02)
    source = torch.rand(2, 1, 16, 16)
    with made.judging():
        one, two = (made.translate(source, rng(seed)) for seed in (0, 1))
        assert torch.equal(one, made.translate(source, rng(0)))
    assert not torch.equal(one, two)
    still = model(dropout=0.0)
    with still.judging():
        assert torch.equal(still.translate(source, rng(0)), still.translate(source, rng(1)))


def test_the_generators_loss_is_the_papers():
    made = model()
    fake, real = made.fake(4), made.draw(4)
    [loss] = made.generator_losses(fake, real, [made.objective()])
    logits = made.logits(fake).double()
    expected = (
        F.softplus(-logits).mean()
        + 100 * (fake.samples.double() - fake.codes["target"].double()).abs().mean()
    )
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_each_term_alone():
    l1, adversarial = model(loss="l1"), model(loss="adversarial")
    assert l1.objective() is None
    assert adversarial.generator_terms(adversarial.fake(2), adversarial.draw(2)) is None
    fake, real = l1.fake(4), l1.draw(4)
    [loss] = l1.generator_losses(fake, real, [None])
    difference = (fake.samples - fake.codes["target"]).abs().mean()
    assert loss.item() == pytest.approx(100 * difference.item())


def test_the_discriminator_sees_the_source_unless_it_is_told_not_to():
    for conditional in (True, False):
        made = model(conditional=conditional)
        batch = made.draw(4)
        before = made.logits(batch)
        batch.codes["source"] = -batch.codes["source"]
        assert torch.equal(before, made.logits(batch)) != conditional


def test_pairs_are_jittered_alike():
    images = torch.rand(8, 1, 16, 16, generator=rng())
    source, target = jittered(images, images.expand(-1, 3, -1, -1) * 0.5, rng(1))
    assert source.shape == images.shape
    assert torch.allclose(target, 0.5 * source.expand(-1, 3, -1, -1))
    again = jittered(images, images, rng(1))[0]
    assert torch.equal(again, source)
    enlarged = F.interpolate(images, size=(18, 18), mode="bilinear", align_corners=False)
    crops = [
        enlarged[:, :, i : i + 16, j : j + 16].flip([3][:m])
        for i in range(3)
        for j in range(3)
        for m in (0, 1)
    ]
    assert all(any(torch.equal(crop[k], source[k]) for crop in crops) for k in range(8))


def test_other_data_are_refused(tmp_path, capsys):
    words = ["pix2pix", "--executor", "inline", "--output", str(tmp_path), "--data.name", "digits"]
    assert main(words) == 2
    assert "'target' for each sample, but digits has no annotations" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_it_learns_from_folders_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.setattr("egan.tasks.base.Task.num_judged", 8)
    for name in ("sketches", "photos"):
        (tmp_path / name).mkdir()
        for number in range(12):
            colour = (20 * number, 0, 0) if name == "photos" else (0, 0, 20 * number)
            Image.new("RGB", (16, 16), colour).save(tmp_path / name / f"{number}.png")
    words = ["pix2pix", "--data.pairs", str(tmp_path / "sketches"), str(tmp_path / "photos")]
    words += ["--data.image-size", "8", "--rounds", "1", "--interval", "2", "--executor", "inline"]
    words += ["--width", "4", "--discriminator-width", "4", "--batch-size", "4"]
    words += ["--patch-layers", "1", "--output", str(tmp_path / "runs")]
    assert main(words) == 0
    [run] = (tmp_path / "runs").iterdir()
    assert (run / "samples" / "translations.png").is_file()
    loaded = collection.load(run / "model.safetensors")
    source = torch.zeros(3, 3, 8, 8)
    with loaded.judging():
        assert loaded.translate(source, rng()).shape == (3, 3, 8, 8)
    assert main(["--resume", str(run), "--rounds", "2"]) == 0
    new = ["--inputs", str(tmp_path / "sketches"), "--output", str(tmp_path / "new")]
    assert sample_main([str(run), *new]) == 0
    assert len(list((tmp_path / "new").iterdir())) == 12
