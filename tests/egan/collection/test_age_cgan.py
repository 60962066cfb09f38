"""Age-cGAN: where ages join, who learns when, how codes are found; ages by the command line."""

from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from egan import collection
from egan.collection.age_cgan.model import AgeCgan
from egan.collection.age_cgan.networks import Body, likeness_loss
from egan.collection.testing import built, random_images, small, task_of
from egan.run import main
from egan.sample import main as sample_main
from egan.tasks import OTHER, OTHER_AGES, Batch

NAMES = ("generator", "discriminator", "encoder", "recogniser")


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def model(shape=(1, 8, 8), **changed):
    settings = small("age_cgan").settings.tuned(changed)
    data = random_images(shape, num_classes=4)
    made = built(partial(AgeCgan, settings=settings, task=task_of(AgeCgan, data)))
    made.rng = rng()
    made.training(True)
    return made


def weights(made):
    return {
        name: torch.cat([p.detach().flatten().clone() for p in made.networks[name].parameters()])
        for name in NAMES
    }


def moved(made, step):
    before = weights(made)
    step()
    after = weights(made)
    return {name for name in NAMES if not torch.equal(before[name], after[name])}


def test_the_game_first_then_the_encoder_alone():
    made = model(game_updates=1)
    assert moved(made, made.update) == {"generator", "discriminator", "recogniser"}
    made.updates += 1
    assert moved(made, made.update) == {"encoder"}


def test_in_an_evolution_the_encoder_learns_along():
    made = model()
    real, fake = made.draw(), made.fake(8)
    assert "encoder" not in moved(made, lambda: made.train_discriminator(real, fake))
    made.side = "environment"
    assert moved(made, lambda: made.train_discriminator(real, fake)) == set(NAMES[1:])


@torch.no_grad()
def test_ages_join_after_the_first_convolution():
    body = Body((1, 16, 16), num_ages=3, width=2, batch_norm=False)
    assert body.first.in_channels == 1
    assert body.rest[0].in_channels == 2 + 3
    images, ages = torch.rand(2, 1, 16, 16, generator=rng()), torch.tensor([0, 2])
    planes = F.one_hot(ages, 3).float()[..., None, None].expand(-1, -1, 8, 8)
    hidden = torch.cat([F.leaky_relu(body.first(images), 0.2), planes], dim=1)
    assert torch.equal(body(images, ages), body.rest(hidden).flatten(1))
    assert body(images, ages).shape == (2, body.num_features)


def test_the_recogniser_s_loss_by_hand():
    first, second = (
        F.normalize(torch.randn(4, 3, generator=rng(i), dtype=torch.float64)) for i in range(2)
    )
    expected = 0.0
    for i in range(4):
        likeness = torch.stack([(first[i] * second[j]).sum() / 0.1 for j in range(4)])
        expected -= (likeness[i].exp() / likeness.exp().sum()).log() / 4
    assert likeness_loss(first, second).item() == pytest.approx(expected.item())
    made = model()
    real = made.draw()
    network = made.networks["recogniser"].eval()
    (a, p), (b, q) = network(real.samples), network(real.codes[OTHER])
    told = F.cross_entropy(p, real.labels) + F.cross_entropy(q, real.codes[OTHER_AGES])
    assert made.recognition_loss(real).item() == pytest.approx(
        (likeness_loss(a, b) + told / 2).item()
    )
    assert torch.allclose(a.norm(dim=1), torch.ones(8))


def test_what_a_code_is_refined_by():
    made = model(mix=0.25, prior_weight=0.5)
    made.training(False)
    images, ages = made.draw(4).samples, torch.tensor([0, 1, 2, 3])
    codes = torch.randn(4, 4, generator=rng())
    look = made.networks["recogniser"].embed
    wanted = look(images)
    fake = made.average(codes, ages)
    expected = (
        0.25 * (1 - F.cosine_similarity(look(fake), wanted))
        + 0.75 * ((fake - images) ** 2).mean(dim=(1, 2, 3))
        + 0.5 * (codes**2).mean(dim=1)
    )
    torch.testing.assert_close(made.astray(codes, images, wanted, ages), expected)


@torch.no_grad()
def test_codes_begin_with_the_encoder_s_and_come_nearer_each_alone():
    made = model(inversion_steps=20, mix=0.0, prior_weight=0.0)
    made.training(False)
    images, ages = made.draw(4).samples, torch.tensor([0, 1, 2, 3])
    found = made.inverted(images, ages, rng())
    wanted = made.networks["recogniser"].embed(images)
    start = made.networks["encoder"](images, ages)
    near, far = (made.astray(one, images, wanted, ages) for one in (found, start))
    assert (near < far).all()
    alone = made.inverted(images[1:2], ages[1:2], rng())
    torch.testing.assert_close(alone, found[1:2], atol=1e-3, rtol=1e-3)
    made.settings = made.settings.tuned({"inversion_steps": 0})
    torch.testing.assert_close(made.inverted(images, ages, rng()), start)
    told = made.networks["recogniser"](images)[1].argmax(dim=1)
    torch.testing.assert_close(
        made.inverted(images, None, rng()), made.networks["encoder"](images, told)
    )


def test_inversion_changes_no_network():
    made = model()
    made.training(False)
    assert not moved(made, lambda: made.inverted(made.draw(4).samples, None, rng()))
    assert not any(p.grad is not None for p in made.average.parameters())


def test_the_encoder_learns_the_codes_of_made_images():
    made = model(encoder_lr=3e-3)
    with torch.no_grad():
        fake = made.fake(64)
    losses = [made.train_encoder(Batch(fake.samples, fake.codes)).item() for _ in range(60)]
    assert losses[-1] < 0.7 * losses[0]


def test_wrong_settings():
    with pytest.raises(ValueError, match=r"--mix must be in \[0, 1\], but got 1.5"):
        small("age_cgan").settings.tuned({"mix": 1.5})


def test_the_papers_preset():
    s = collection.preset("age_cgan:paper").settings
    assert (s.latent_dim, s.mix) == (100, 1.0)


def test_images_are_brought_to_ages_by_the_command_line(tmp_path, capsys):
    images = tmp_path / "images"
    images.mkdir()
    random = np.random.default_rng(0)
    lines = ["file,age,identity"]
    for i in range(24):
        name = f"{i}.png"
        Image.fromarray(random.integers(0, 256, (8, 8), np.uint8)).save(images / name)
        lines.append(f"{name},{10 * (i % 3)},person {i // 3}")
    table = images / "people.csv"
    table.write_text("\n".join(lines))
    run = tmp_path / "run"
    tiny = [f"--{k.replace('_', '-')}={v}" for k, v in AgeCgan.tiny.items()]
    flags = ["--data.name=ages", f"--data.path={table}", "--data.image-size=8", "--rounds=1"]
    assert main(["age_cgan", *flags, *tiny, "--interval=2", f"--output={run}"]) == 0
    [run] = run.iterdir()
    aged = tmp_path / "aged"
    given = [str(run), f"--inputs={images}", f"--output={aged}"]
    assert sample_main([*given, "--ages=0,20"]) == 0
    assert sorted(one.name for one in aged.iterdir()) == ["0", "20"]
    assert [len(list(one.iterdir())) for one in aged.iterdir()] == [24, 24]
    every = tmp_path / "every"
    assert sample_main([*given[:2], f"--output={every}"]) == 0
    assert len(list(every.rglob("*.png"))) == 72
    capsys.readouterr()
    for more, said in (
        (["--ages=70"], "--ages has '70', but there are 3: 0, 10, 20"),
        (["--classes=1"], "say --ages instead"),
        (["--ages=0", "--count=25"], "the 24 of --inputs"),
    ):
        assert sample_main([*given[:2], f"--output={tmp_path / 'no'}", *more]) == 2
        assert said in capsys.readouterr().err
