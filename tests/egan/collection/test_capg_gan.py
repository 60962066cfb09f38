"""CAPG-GAN: its loss, what each agent sees, and turning what was saved, by the command line."""

from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from egan import collection
from egan.collection.capg_gan.model import ASKED, CapgGan, difference
from egan.collection.testing import built, random_images, small, task_of
from egan.data.dataset import LANDMARKS, YAW
from egan.networks.landmarks import heatmaps
from egan.run import main
from egan.sample import main as sample_main
from egan.tasks import TARGET, Batch
from egan.tasks.views import SOURCE


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def model(shape=(3, 16, 16), **changed):
    settings = small("capg_gan").settings.tuned({**CapgGan.tiny, "patch_layers": 1, **changed})
    data = random_images(shape)
    made = built(partial(CapgGan, settings=settings, task=task_of(CapgGan, data)))
    made.rng = rng()
    made.training(True)
    return made


def test_the_generators_loss_is_the_papers_over_the_weight_of_both_agents():
    made = model(adversarial_weight=0.3, pixel_weight=7.0, smoothness_weight=0.5)
    made.recogniser = torch.nn.Module()
    made.recogniser.embed = lambda images: images.flatten(1)[:, ::7]
    made.settings = made.settings.tuned({"identity_weight": 0.2})
    fake, real = made.fake(4), made.draw(4)
    [loss] = made.generator_losses(fake, real, [made.objective()])
    x, y = fake.samples.double(), fake.codes[TARGET].double()
    maps = heatmaps(fake.codes[ASKED], size=16, sigma=1.0)
    agents = made.discriminator.agents
    judged = [
        agents[name](torch.cat([beside, fake.samples], dim=1)).double()
        for name, beside in (("identity", fake.codes[SOURCE]), ("pose", maps))
    ]
    papers = sum(0.3 * F.softplus(-one).mean() for one in judged)
    for k in (1, 2, 4):
        papers += 7 / 3 * (F.avg_pool2d(x, k) - F.avg_pool2d(y, k)).abs().mean()
    papers += 0.5 * (
        (x[:, :, 1:] - x[:, :, :-1]).abs().mean() + (x[..., 1:] - x[..., :-1]).abs().mean()
    )
    papers += 0.2 * (x.flatten(1)[:, ::7] - y.flatten(1)[:, ::7]).square().mean()
    assert loss.item() == pytest.approx(papers.item() / 0.6, rel=1e-4)


def test_each_agent_sees_its_own_condition():
    batch = model().draw(4)
    for agents, deaf_to in (("identity", ASKED), ("pose", SOURCE)):
        made = model(agents=agents)
        assert made.num_agents == 1
        before = made.logits(batch)
        changed = {**batch.codes, deaf_to: batch.codes[deaf_to].roll(1, 0)}
        assert torch.equal(made.logits(Batch(batch.samples, changed)), before)
        other = SOURCE if deaf_to == ASKED else ASKED
        changed = {**batch.codes, other: batch.codes[other].roll(1, 0)}
        assert not torch.equal(made.logits(Batch(batch.samples, changed)), before)
    both = model().logits(batch)
    assert len(both) == 2 * len(before)


def test_without_a_weight_there_is_no_game():
    made = model(adversarial_weight=0.0, pixel_weight=3.0, smoothness_weight=0.0)
    assert made.objective() is None
    fake = made.fake(4)
    [loss] = made.generator_losses(fake, made.draw(4), [None])
    assert loss.item() == pytest.approx(3 * difference(fake.samples, fake.codes[TARGET]).item())


def test_landmarks_that_are_asked_for_are_the_targets_or_the_mean_heads():
    made = model()
    drawn = made.task.draw(6, rng(1))
    assert torch.equal(made.codes(6, rng(1))[ASKED], drawn.codes[LANDMARKS])
    mean = model(asked_mean=True)
    asked = mean.codes(6, rng(1))[ASKED]
    assert torch.equal(asked, mean.generator.reader.of_yaw(drawn.codes[YAW]))
    assert not torch.equal(asked, drawn.codes[LANDMARKS])


def test_a_view_follows_source_and_yaw_alone():
    made = model()
    source, yaw = made.task.data.real(4), torch.tensor([-60.0, 0.0, 30.0, 75.0])
    with made.judging():
        views = made.view(source, yaw, rng())
        assert torch.equal(views, made.view(source, yaw, rng(1)))
        assert torch.allclose(views[1:2], made.view(source[1:2], yaw[1:2], rng()), atol=1e-6)
        assert not torch.allclose(views, made.view(source, -yaw - 5, rng()), atol=1e-6)
        assert not torch.allclose(views, made.view(source.roll(1, 0), yaw, rng()), atol=1e-6)


def test_what_does_not_fit_is_told():
    with pytest.raises(ValueError, match="--sigma must be above 0, but got 0"):
        model(sigma=0.0)
    with pytest.raises(ValueError, match="CapgGan needs data with 'landmarks'"):
        collection.train(
            "capg_gan",
            random_images((1, 16, 16)).__class__("plain", np.zeros((8, 1, 16, 16), np.uint8)),
            updates=1,
            features=object(),
        )


def test_views_of_ones_own_are_learned_from_and_other_pictures_turned(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("egan.tasks.base.Task.num_judged", 8)
    monkeypatch.setattr("egan.judging.classifier.MIN_STEPS", 2)
    random, rows = np.random.default_rng(0), ["file,yaw,x1,y1,x2,y2"]
    for person in range(6):
        (tmp_path / "people" / str(person)).mkdir(parents=True)
        for yaw in (-40, 0, 40):
            pixels = random.integers(0, 256, (16, 16), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "people" / str(person) / f"{yaw}.png")
            rows.append(f"{person}/{yaw}.png,{yaw},{0.5 + yaw / 100},0.4,0.5,0.8")
    (tmp_path / "people" / "poses.csv").write_text("\n".join(rows))
    words = ["capg_gan", "--data.name", "views", "--data.path", str(tmp_path / "people")]
    words += ["--data.image-size", "16", "--rounds", "1", "--interval", "2", "--width", "4"]
    words += ["--discriminator-width", "2", "--bottleneck", "4", "--batch-size", "4"]
    words += ["--patch-layers", "1", "--executor", "inline", "--output", str(tmp_path / "runs")]
    assert main(words) == 0
    [run] = (tmp_path / "runs").iterdir()
    assert (run / "samples" / "views.png").is_file()
    new = ["--inputs", str(tmp_path / "people" / "0")]
    turned = [*new, "--poses=-30,0.5", "--output", str(tmp_path / "turned")]
    assert sample_main([str(run), *turned]) == 0
    files = sorted((tmp_path / "turned").rglob("*.png"))
    assert len(files) == 6
    assert sample_main([str(run), *new, "--output", str(tmp_path / "front.npz")]) == 0
    saved = np.load(tmp_path / "front.npz")
    assert (saved[YAW] == 0).all()
    capsys.readouterr()
    for poses in ("much", "91", "nan", ""):
        assert (
            sample_main([str(run), *new, f"--poses={poses}", "--output", str(tmp_path / "x")]) == 2
        )
        assert "--poses has" in capsys.readouterr().err
