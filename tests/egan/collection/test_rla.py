"""The networks and terms of RLA; de-occlusion of what was saved, by the command line."""

from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from egan.collection.rla.model import TRUE, Rla
from egan.collection.rla.networks import Autoencoder, Discriminator, Encoder, patches
from egan.collection.testing import built, random_images, small, task_of
from egan.run import main
from egan.sample import main as sample_main
from egan.tasks import DAMAGED, MASK


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def model(**changed):
    settings = small("rla").settings.tuned({"batch_size": 4, **changed})
    data = random_images((1, 8, 8), num_classes=3)
    made = built(partial(Rla, settings=settings, task=task_of(Rla, data)))
    made.rng = rng()
    made.training(True)
    return made


def weights(network):
    return torch.cat([p.detach().flatten().clone() for p in network.parameters()])


def test_patches_are_read_row_by_row():
    images = torch.arange(2 * 3 * 4 * 8).float().reshape(2, 3, 4, 8)
    cut = patches(images, 2)
    assert cut.shape == (2, 4, 3 * 2 * 4)
    assert torch.equal(cut[1, 1], images[1, :, :2, 4:].flatten())
    assert torch.equal(cut[0, 2], images[0, :, 2:, :4].flatten())


def test_an_encoder_reads_each_scale():
    encoder = Encoder((1, 8, 8), scales=3, width=4)
    assert [reader.input_size for reader in encoder.readers] == [16, 4, 1]
    code = encoder(torch.zeros(2, 1, 8, 8))
    assert code.shape == (2, 4)
    with pytest.raises(ValueError, match="--scales 3 cuts images into 8x8 patches"):
        Encoder((1, 12, 12), scales=3, width=4)


def test_each_step_mends_what_its_mask_hides_and_adds_to_both_channels():
    network = Autoencoder((1, 8, 8), scales=2, width=6, num_steps=3)
    hidden = torch.rand(2, 1, 8, 8, generator=rng()) * 2 - 1
    steps = network.steps(hidden)
    assert len(steps) == 3
    # by the equations, with the cells' own weights
    code = network.encoder(hidden)
    face, hides = network.reconstruction.begin(code), network.occlusion.begin(code)
    drawn = logits = torch.zeros(2, 1, 8, 8)
    x = hidden
    for step in steps:
        read = torch.cat([code, F.relu(network.look(x.flatten(1)))], dim=1)
        face, hides = network.reconstruction.cell(read, face), network.occlusion.cell(read, hides)
        drawn = drawn + network.reconstruction.show(face[0]).view(2, 1, 8, 8)
        logits = logits + network.occlusion.show(hides[0]).view(2, 1, 8, 8)
        m = torch.sigmoid(logits)
        x = (1 - m) * hidden + m * torch.tanh(drawn)
        assert torch.allclose(step.images, x, atol=1e-6)
        assert torch.allclose(step.mask, logits, atol=1e-6)
    assert torch.equal(network(hidden), torch.cat(steps[-1], dim=1))


def test_the_generators_loss_is_the_papers_over_the_weight():
    made = model(mask_weight=0.7, adversarial_weight=0.05, identity_weight=0.3)
    fake, real = made.fake(4), made.draw(4)
    [loss] = made.generator_losses(fake, real, [made.objective()])
    images, logits = fake.samples[:, :1].double(), fake.samples[:, 1:].double()
    true, mask = fake.codes[TRUE].double(), fake.codes[MASK].double()
    m = torch.sigmoid(logits)
    papers = (images - true).square().mean()
    papers -= 0.7 * (mask * m.log() + (1 - mask) * (1 - m).log()).mean()
    judge = made.discriminator
    assert isinstance(judge, Discriminator)
    papers -= 0.05 * F.logsigmoid(judge(fake.samples[:, :1]).double()).mean()
    told = judge.identities(fake.samples[:, :1]).double().log_softmax(1)
    papers -= 0.3 * told[torch.arange(4), fake.labels].mean()
    assert loss.item() == pytest.approx(papers.item() / 0.05, rel=1e-4)


def test_the_classifier_learns_identities_of_true_images_beside_the_discriminator():
    made = model()
    real, fake = made.draw(4), made.fake(4)
    loss = made.discriminator_loss(made.seen(real), made.seen(fake))
    judge = made.discriminator
    told = judge.identities(real.samples).log_softmax(1)[torch.arange(4), real.labels]
    logistic = F.softplus(-judge(real.samples)) + F.softplus(judge(fake.samples[:, :1]))
    assert loss.item() == pytest.approx((logistic - told).mean().item(), rel=1e-5)


def test_without_weights_there_is_no_game():
    made, other = model(adversarial_weight=0.0, identity_weight=0.0), model(adversarial_weight=0.0)
    assert made.objective() is None
    for one, still in ((made, True), (other, False)):
        judge, maker = weights(one.discriminator), weights(one.generator)
        one.update()
        assert torch.equal(weights(one.discriminator), judge) is still
        assert not torch.equal(weights(one.generator), maker)


def test_occluded_pictures_of_ones_own_are_mended_by_what_was_learned(tmp_path, monkeypatch):
    monkeypatch.setattr("egan.tasks.base.Task.num_judged", 8)
    monkeypatch.setattr("egan.judging.classifier.MIN_STEPS", 5)
    for number in range(12):
        for name in ("people/a", "people/b", "occluded"):
            (tmp_path / name).mkdir(parents=True, exist_ok=True)
            image = Image.new("RGB", (16, 16), (20 * number, 100, 50 * (name[-1] == "a")))
            image.save(tmp_path / name / f"{number}.png")
    words = ["rla", "--data.name", "folder", "--data.path", str(tmp_path / "people")]
    words += ["--data.image-size", "8", "--rounds", "1", "--interval", "2", "--width", "4"]
    words += ["--discriminator-width", "2", "--batch-size", "4"]
    assert main([*words, "--executor", "inline", "--output", str(tmp_path / "runs")]) == 0
    [run] = (tmp_path / "runs").iterdir()
    for name in ("restorations", "steps"):
        assert (run / "samples" / f"{name}.png").is_file()
    new = ["--inputs", str(tmp_path / "occluded"), "--output", str(tmp_path / "new")]
    assert sample_main([str(run), *new]) == 0
    files = sorted((tmp_path / "new").iterdir())
    assert len(files) == 12
    assert np.asarray(Image.open(files[0])).shape == (8, 8, 3)


def test_data_without_identities_are_refused(tmp_path, capsys):
    for number in range(12):
        Image.new("L", (8, 8), 20 * number).save(tmp_path / f"{number}.png")
    words = ["rla", "--data.name", "folder", "--data.path", str(tmp_path)]
    assert main([*words, "--output", str(tmp_path / "runs")]) == 2
    assert "needs data with classes" in capsys.readouterr().err


def test_what_is_restored_and_what_hides_are_of_one_pass():
    made = model()
    batch = made.task.draw(3, rng())
    with made.judging():
        found = made.uncover(batch.codes[DAMAGED], rng())
        images = made.restore(batch.codes[DAMAGED], rng())
        both = made.average(batch.codes[DAMAGED])
    assert torch.equal(images, both[:, :1])
    assert torch.equal(found[:, :1], images)
    assert torch.equal(found[:, 1:], torch.sigmoid(both[:, 1:]))
