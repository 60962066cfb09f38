"""The paper's networks, terms, phases and rates; restoring what was saved, by the command line."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from egan import collection
from egan.collection.srgan.model import Srgan, cropped
from egan.collection.srgan.networks import Discriminator, FixedFeatures, Generator
from egan.collection.testing import built, features_of, random_images, small, task_of
from egan.run import main
from egan.sample import main as sample_main


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def model(shape=(3, 16, 16), **changed):
    settings = small("srgan").settings.tuned({"batch_size": 4, **changed})
    made = built(partial(Srgan, settings=settings, task=task_of(Srgan, random_images(shape))))
    made.rng = rng()
    made.training(True)
    return made


def weights(network):
    return torch.cat([p.detach().flatten().clone() for p in network.parameters()])


def test_the_papers_networks():
    s = collection.preset("srgan:paper").settings
    generator = Generator(3, width=s.width, blocks=s.blocks, factor=4)
    convolutions = [one for one in generator.modules() if isinstance(one, torch.nn.Conv2d)]
    assert [(one.out_channels, one.kernel_size[0]) for one in convolutions] == [
        (64, 9),
        *[(64, 3)] * 33,
        *[(256, 3)] * 2,
        (3, 9),
    ]
    discriminator = Discriminator(
        (3, 96, 96), width=s.discriminator_width, units=s.discriminator_units
    )
    layers = list(discriminator.modules())
    convolutions = [one for one in layers if isinstance(one, torch.nn.Conv2d)]
    channels = [64, 64, 128, 128, 256, 256, 512, 512]
    assert [one.out_channels for one in convolutions] == channels
    assert [one.stride[0] for one in convolutions] == [1, 2] * 4
    assert sum(isinstance(one, torch.nn.BatchNorm2d) for one in layers) == 7
    linear = [one for one in layers if isinstance(one, torch.nn.Linear)]
    assert [(one.in_features, one.out_features) for one in linear] == [
        (512 * 6 * 6, 1024),
        (1024, 1),
    ]


def test_images_of_any_size_grow_four_times():
    network = Generator(3, width=4, blocks=1, factor=4)
    assert network(torch.zeros(2, 3, 5, 7)).shape == (2, 3, 20, 28)
    assert Generator(1, width=4, blocks=1, factor=2)(torch.zeros(2, 1, 5, 5)).shape[-1] == 10


def test_the_blocks_are_residual():
    network = Generator(3, width=4, blocks=3, factor=4).eval()
    for one in network.blocks.modules():
        if isinstance(one, torch.nn.BatchNorm2d):
            torch.nn.init.zeros_(one.weight)
    images = torch.rand(2, 3, 4, 4)
    first = network.first((images + 1) / 2)
    assert torch.allclose(network(images), network.last(network.larger(first)))


def test_the_generators_loss_is_the_papers_over_the_weight():
    made = model(adversarial_weight=0.01)
    fake, real = made.fake(4), made.draw(4)
    [loss] = made.generator_losses(fake, real, [made.objective()])
    logits = made.logits(fake).double()
    content = (fake.samples.double() - fake.codes["target"].double()).square().mean()
    papers = content + 0.01 * F.softplus(-logits).mean()
    assert loss.item() == pytest.approx(papers.item() / 0.01, rel=1e-4)


def test_features_are_fixed_and_none_of_the_models():
    made = model(content="features")
    fake = made.fake(4)
    true = fake.codes["target"]
    expected = (made.features(fake.samples) - made.features(true)).square().mean()
    assert torch.allclose(made.content(fake.samples, true), expected)
    assert torch.equal(weights(FixedFeatures(3)), weights(made.features))
    before = weights(made.features)
    made.update()
    assert torch.equal(weights(made.features), before)
    assert not {*map(id, made.features.parameters())} & {
        id(one) for network in made.networks.values() for one in network.parameters()
    }


def test_features_keep_the_size_of_differences():
    images = torch.randn(8, 3, 16, 16, generator=rng())
    mean_square = FixedFeatures(3)(images)[..., 1:-1, 1:-1].square().mean()
    assert 0.2 < float(mean_square) < 2


@pytest.mark.parametrize("changed", [{"pretraining": 2}, {"adversarial_weight": 0.0}])
def test_the_generator_alone_learns_pixels(changed):
    made = model(**changed)
    before = weights(made.discriminator), weights(made.generator)
    twin = model(**changed)
    fake = twin.fake(4)
    weight = twin.settings.adversarial_weight or 1
    twin.descend(F.mse_loss(fake.samples, fake.codes["target"]) / weight, "generator")
    made.update()
    assert torch.equal(weights(made.discriminator), before[0])
    assert not torch.equal(weights(made.generator), before[1])
    assert torch.equal(weights(made.generator), weights(twin.generator))


def test_then_the_game_begins_and_a_network_without_the_term_has_none():
    for changed, plays in (({"pretraining": 2}, True), ({"adversarial_weight": 0.0}, False)):
        made = model(**changed)
        made.updates = 2
        before = weights(made.discriminator)
        made.update()
        assert torch.equal(weights(made.discriminator), before) != plays
        assert (made.objective() is None) != plays


def test_the_game_goes_on_where_pretraining_was():
    made = model(pretraining=20)  # Adam's moments fit: no step is longer than those before
    steps = []
    for _ in range(23):
        before = weights(made.generator)
        made.update()
        made.updates += 1
        steps.append(float((weights(made.generator) - before).norm()))
    assert max(steps[20:]) < 2 * max(steps[15:20])


def test_rates_fall_to_a_tenth_in_the_second_half_of_the_game():
    made = model(pretraining=1, decay_after=2, generator_lr=0.01)
    found = []
    for _ in range(4):
        made.update()
        made.updates += 1
        found.append(made.optimizers["generator"].param_groups[0]["lr"])
    assert found == pytest.approx([0.01, 0.01, 0.01, 0.001])
    other = model(pretraining=1, decay_after=2, generator_lr=0.01)
    other.load_state_dict(made.state_dict())
    assert other.optimizers["discriminator"].param_groups[0]["lr"] == pytest.approx(
        other.settings.discriminator_lr / 10
    )


def test_it_learns_from_crops_and_restores_whole_images():
    made = model((3, 32, 32), crop=16)
    batch = made.draw(4)
    assert batch.samples.shape == (4, 3, 16, 16)
    assert torch.equal(batch.codes["damaged"], made.task.damage(batch.samples))
    made.update()
    with made.judging():
        assert made.sample(2, rng()).shape == (2, 3, 32, 32)
    with pytest.raises(ValueError, match="--crop 64 is more than images of 32x32"):
        model((3, 32, 32), crop=64).draw(2)


def test_crops_lie_at_random_places():
    images = torch.rand(12, 2, 6, 7, generator=rng())
    crops = cropped(images, 4, rng(1))
    found = [
        [(i, j) for i in range(3) for j in range(4) if torch.equal(one[:, i : i + 4, j : j + 4], c)]
        for one, c in zip(images, crops, strict=True)
    ]
    assert all(len(places) == 1 for places in found)
    assert len({places[0] for places in found}) > 4


def test_what_is_restored_is_in_range_and_the_averages():
    made = model()
    for one in made.average.modules():
        if isinstance(one, torch.nn.Conv2d):
            one.bias.data.add_(3.0)
    small_ones = made.task.damage(made.task.data.real(3))
    with made.judging():
        restored = made.restore(small_ones, rng())
        assert restored.abs().max() == 1
        assert torch.equal(restored, made.average(small_ones).clamp(-1, 1))


def test_images_that_are_no_multiple_of_four_are_refused():
    with pytest.raises(ValueError, match="must be multiples of it"):
        model((3, 18, 18))


def test_a_folder_of_ones_own_is_learned_from_and_other_pictures_made_larger(tmp_path, monkeypatch):
    monkeypatch.setattr("egan.tasks.base.Task.num_judged", 8)
    monkeypatch.setattr("egan.runs.preparation._features", lambda _, data: features_of(data))
    for name, size in (("photos", 32), ("tiny", 8)):
        (tmp_path / name).mkdir()
        for number in range(12):
            colour = (20 * number, 100, 0)
            image = Image.new("RGB", (size, size), colour)
            image.putpixel((number % size, 3), (255, 255, 255))
            image.save(tmp_path / name / f"{number}.png")
    words = ["srgan", "--data.name", "folder", "--data.path", str(tmp_path / "photos")]
    words += ["--data.image-size", "32", "--rounds", "1", "--interval", "2", "--width", "4"]
    words += ["--blocks", "1", "--discriminator-width", "2", "--discriminator-units", "4"]
    words += ["--pretraining", "1", "--batch-size", "4", "--executor", "inline"]
    assert main([*words, "--output", str(tmp_path / "runs")]) == 0
    [run] = (tmp_path / "runs").iterdir()
    assert (run / "samples" / "restorations.png").is_file()
    new = ["--inputs", str(tmp_path / "tiny"), "--output", str(tmp_path / "new")]
    assert sample_main([str(run), *new]) == 0
    files = list((tmp_path / "new").iterdir())
    assert len(files) == 12
    with Image.open(files[0]) as image:
        assert image.size == (32, 32)
    (tmp_path / "alone").mkdir()
    (tmp_path / "tiny" / "3.png").rename(tmp_path / "alone" / "3.png")
    new = ["--inputs", str(tmp_path / "alone"), "--output", str(tmp_path / "one")]
    assert sample_main([str(run), *new]) == 0
    assert len(list((tmp_path / "one").iterdir())) == 1
