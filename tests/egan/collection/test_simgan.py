"""The paper's networks, losses, phases and pool; refining what was saved, by the command line."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from egan import collection
from egan.collection.simgan.model import SOURCE, SimGan
from egan.collection.simgan.networks import Block, Discriminator, Pool, Refiner, num_places
from egan.collection.testing import built, random_images, small, task_of
from egan.run import main
from egan.sample import main as sample_main
from egan.tasks import ADAPTED
from population.state import pack, unpack


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def model(shape=(1, 8, 8), **changed):
    first = {"batch_size": 4, "pretraining": 0, "discriminator_pretraining": 0, "pool": 8}
    settings = small("simgan").settings.tuned({**first, **changed})
    made = built(partial(SimGan, settings=settings, task=task_of(SimGan, random_images(shape))))
    made.rng = rng()
    made.training(True)
    return made


def weights(network):
    return torch.cat([p.detach().flatten().clone() for p in network.parameters()])


def test_the_papers_refiner():
    s = collection.preset("simgan:paper").settings
    network = Refiner(1, width=s.width, blocks=s.blocks)
    found = [one for one in network.modules() if isinstance(one, torch.nn.Conv2d)]
    assert [(one.out_channels, one.kernel_size[0]) for one in found] == [(64, 3)] * 9 + [(1, 1)]
    assert network(torch.zeros(2, 1, 35, 55)).shape == (2, 1, 35, 55)


def test_blocks_are_residual():
    block = Block(3)
    images = torch.randn(2, 3, 5, 5, generator=rng())
    assert torch.allclose(block(images), torch.relu(images + block.layers(images)))
    for parameter in block.parameters():
        torch.nn.init.zeros_(parameter)
    assert torch.equal(block(images), torch.relu(images))


@pytest.mark.parametrize(("halvings", "side"), [(0, 8), (1, 4), (2, 2)])
def test_each_logit_is_of_a_patch(halvings, side):
    judge = Discriminator((1, 8, 8), width=4, halvings=halvings, local=True, pool=0)
    images = torch.rand(2, 1, 8, 8, generator=rng())
    logits = judge(images)
    assert logits.shape == (2, side * side) == (2, num_places((1, 8, 8), halvings))
    changed = images.clone()
    changed[:, :, 0, 0] += 1
    moved = (judge(changed) != logits)[0].reshape(side, side)
    assert moved[0, 0]
    assert not moved[-1, -1] or side == 2
    whole = Discriminator((1, 8, 8), width=4, halvings=halvings, local=False, pool=0)
    assert whole(images).shape == (2, 1)


def test_sides_that_cannot_be_halved_are_refused():
    with pytest.raises(ValueError, match="--halvings 2 takes images whose sides"):
        Discriminator((1, 10, 10), width=4, halvings=2, local=True, pool=0)


def test_losses_are_the_papers_over_the_number_of_patches():
    made = model(self_regularisation=0.3)
    fake, real = made.fake(4), made.draw(4)
    [loss] = made.generator_losses(fake, real, [made.objective()])
    logits = made.discriminator(fake.samples).double()
    assert logits.shape == (4, 16) == (4, made.num_patches)
    change = (fake.samples.double() - fake.codes[SOURCE].double()).abs().sum((1, 2, 3)).mean()
    papers = F.softplus(-logits).sum(dim=1).mean() + 0.3 * change
    assert loss.item() == pytest.approx(papers.item() / 16, rel=1e-5)
    halves = F.softplus(-made.discriminator(real.samples)).sum(1).mean()
    halves = halves + F.softplus(logits).sum(1).mean()
    found = made.discriminator_loss(real, fake)
    assert found.item() == pytest.approx(halves.item() / 16, rel=1e-5)


def test_gradient_descent_has_the_papers_rate():
    made = model(optimizer="sgd", generator_lr=0.001)
    assert made.learning_rate("generator") == pytest.approx(0.016)
    assert model(optimizer="sgd", local=False).num_patches == 1


def test_codes_are_simulated_and_reals_are_not():
    made = model()
    batch = made.task.draw(5, rng())
    assert torch.equal(made.codes(5, rng())[SOURCE], batch.samples)
    made.rng = rng()
    assert torch.equal(made.draw(5).samples, batch.codes[ADAPTED])


def test_first_the_refiner_learns_to_change_nothing_then_the_discriminator_alone():
    made = model(pretraining=40, discriminator_pretraining=2, generator_lr=3e-3)
    with torch.no_grad():
        before = made.change(made.fake(24)).item()
    judge = weights(made.discriminator)
    for _ in range(40):
        made.update()
        made.updates += 1
    assert torch.equal(weights(made.discriminator), judge)
    with torch.no_grad():
        assert made.change(made.fake(24)).item() < 0.8 * before
    refiner = weights(made.generator)
    for _ in range(2):
        made.update()
        made.updates += 1
    assert torch.equal(weights(made.generator), refiner)
    assert not torch.equal(weights(made.discriminator), judge)
    made.update()
    assert not torch.equal(weights(made.generator), refiner)


def test_the_refiner_takes_its_steps():
    steps = []
    for number in (1, 3):
        made = model(refiner_steps=number)
        made.train_generator = steps.append
        made.update()
    assert len(steps) == 4


def images(count, value):
    return torch.full((count, 1, 2, 2), float(value))


def test_a_pool_fills_and_then_gives_half_of_before():
    pool = Pool(6, (1, 2, 2))
    assert torch.equal(pool.mixed(images(4, 1), rng()), images(4, 1)), "nothing was before"
    assert int(pool.count) == 4
    second = pool.mixed(images(4, 2), rng())
    assert torch.equal(second, torch.cat([images(2, 2), images(2, 1)]))
    assert torch.equal(pool.images, torch.cat([images(4, 1), images(2, 2)]))
    third = pool.mixed(images(4, 3), rng())
    assert torch.equal(third[:2], images(2, 3))
    assert set(third[2:].unique().tolist()) <= {1.0, 2.0}
    assert int((pool.images == 3).all(dim=(1, 2, 3)).sum()) == 2, "half of the batch is kept"
    assert int(pool.count) == 6


def test_no_pool_and_no_half_change_nothing():
    assert torch.equal(Pool(0, (1, 2, 2)).mixed(images(4, 1), rng()), images(4, 1))
    assert torch.equal(Pool(4, (1, 2, 2)).mixed(images(1, 1), rng()), images(1, 1))


def test_the_pool_goes_with_the_state():
    made = model()
    for _ in range(3):
        made.update()
    assert int(made.discriminator.pool.count) == 8
    other = model()
    other.load_state_dict(unpack(pack(made.state_dict())))
    assert torch.equal(other.discriminator.pool.images, made.discriminator.pool.images)
    for one in (made, other):
        one.rng = rng(5)
        one.update()
    assert torch.equal(weights(other.discriminator), weights(made.discriminator))


def test_refined_images_come_from_the_average():
    made = model()
    source = made.task.data.real(5)
    with made.judging():
        assert torch.equal(made.refine(source, rng()), made.average(source))


def test_folders_of_ones_own_are_learned_from_and_other_images_refined(tmp_path, monkeypatch):
    monkeypatch.setattr("egan.tasks.base.Task.num_judged", 12)
    for side, base in (("simulated", 10), ("real", 60)):
        for number, name in enumerate(("cat", "dog")):
            (tmp_path / side / name).mkdir(parents=True)
            for i in range(10):
                image = Image.new("L", (8, 8), base + 100 * number + i)
                image.save(tmp_path / side / name / f"{i}.png")
    words = ["simgan", "--data.name", "domains", "--data.image-size", "8"]
    words += ["--data.pairs", str(tmp_path / "simulated"), str(tmp_path / "real")]
    words += ["--rounds", "1", "--interval", "3", "--width", "4", "--blocks", "1"]
    words += ["--discriminator-width", "4", "--pretraining", "1", "--discriminator-pretraining"]
    words += ["1", "--batch-size", "4", "--pool", "8", "--executor", "inline"]
    assert main([*words, "--output", str(tmp_path / "runs")]) == 0
    [run] = (tmp_path / "runs").iterdir()
    assert (run / "samples" / "refined.png").is_file()
    new = ["--inputs", str(tmp_path / "simulated" / "cat"), "--output", str(tmp_path / "new")]
    assert sample_main([str(run), *new]) == 0
    files = list((tmp_path / "new").iterdir())
    assert len(files) == 10
    with Image.open(files[0]) as image:
        assert image.size == (8, 8)
