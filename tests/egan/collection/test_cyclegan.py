"""The paper's networks, losses, history and order; that no pair is ever seen."""

from functools import partial

import pytest
import torch
from PIL import Image

from egan import collection
from egan.collection.cyclegan.model import BACK, FORTH, OF_SOURCES, OF_TARGETS, CycleGan
from egan.collection.cyclegan.networks import History, ResidualGenerator
from egan.collection.testing import built, features_of, random_images, small, task_of
from egan.run import main
from egan.sample import main as sample_main
from population.state import pack, unpack

SIZE = 16


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def model(shape=(3, SIZE, SIZE), **changed):
    settings = small("cyclegan").settings.tuned({"batch_size": 4, **changed})
    made = built(partial(CycleGan, settings=settings, task=task_of(CycleGan, random_images(shape))))
    made.training(True)
    made.rng = rng()
    return made


def apart(batch):
    """The codes of a batch, and the translations forth and back that are its samples."""
    x, y = batch.codes["source"], batch.codes["target"]
    return x, y, batch.samples[:, :3], batch.samples[:, 3:]


def l1(a, b):
    return (a.double() - b.double()).abs().mean()


def test_the_papers_networks():
    s = collection.preset("cyclegan:paper").settings
    options = {"width": s.width, "num_blocks": s.num_blocks, "halvings": s.halvings}
    network = ResidualGenerator((3, 64, 64), 3, **options)
    convolutions = [one for one in network.layers if hasattr(one, "kernel_size")]
    kernels = [(one.out_channels, one.kernel_size[0], one.stride[0]) for one in convolutions]
    assert kernels == [(64, 7, 1), (128, 3, 2), (256, 3, 2), (128, 3, 2), (64, 3, 2), (3, 7, 1)]
    count = sum(p.numel() for p in network.parameters()) / 1e6
    assert count == pytest.approx(CycleGan.paper_parameters[FORTH], abs=5e-4)
    made = model(shape=(3, 32, 32), discriminator_width=64, patch_layers=3)
    count = sum(p.numel() for p in made.networks[OF_SOURCES].parameters()) / 1e6
    assert count == pytest.approx(CycleGan.paper_parameters[OF_SOURCES], abs=5e-4)


def test_images_that_cannot_be_halved_are_refused():
    with pytest.raises(ValueError, match="--halvings 3 takes images whose sides are multiples"):
        model(halvings=3, shape=(3, 12, 12))
    with pytest.raises(ValueError, match="--patch-layers 2 takes images of 12 pixels"):
        model(shape=(3, 8, 8))


@pytest.mark.parametrize("identity_share", [0.0, 0.5])
def test_the_generators_loss_is_the_papers(identity_share):
    made = model(identity_share=identity_share)
    fake = made.fake(4)
    x, y, gx, fy = apart(fake)
    forth, back = (made.networks[name] for name in (FORTH, BACK))
    assert torch.equal(gx, forth(x))
    assert torch.equal(fy, back(y))
    [loss] = made.generator_losses(fake, fake, [made.objective()])
    asked = (made.networks[OF_TARGETS](gx), made.networks[OF_SOURCES](fy))
    expected = sum((one.double() - 1).square().mean() for one in asked)
    expected += 10 * (l1(back(gx), x) + l1(forth(fy), y))
    expected += 10 * identity_share * (l1(forth(y), y) + l1(back(x), x))
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_the_discriminators_loss_is_the_papers():
    made = model()
    fake, real = made.fake(4), made.draw(4)
    *_, gx, fy = apart(fake)
    y, x = real.samples[:, :3], real.samples[:, 3:]
    of_y, of_x = (made.networks[name] for name in (OF_TARGETS, OF_SOURCES))
    expected = sum(
        0.5 * (judge(good) - 1).square().mean() + 0.5 * judge(made_of).square().mean()
        for judge, good, made_of in ((of_y, y, gx), (of_x, x, fy))
    )
    assert made.discriminator_loss(real, fake).item() == pytest.approx(expected.item(), rel=1e-5)


def test_generators_learn_first_and_discriminators_on_what_was_made_before(monkeypatch):
    made, seen = model(history=0), []
    for name in ("train_generator", "train_discriminator"):
        whole = getattr(made, name)

        def noted(*given, name=name, whole=whole):
            seen.append((name, given))
            return whole(*given)

        monkeypatch.setattr(made, name, noted)
    before = {name: made.networks[name].state_dict() for name in (FORTH, BACK)}
    before = unpack(pack(before))
    made.update()
    assert [name for name, _ in seen] == ["train_generator", "train_discriminator"]
    real, fake = seen[1][1]
    now = {name: made.networks[name].state_dict() for name in (FORTH, BACK)}
    assert all((now[n][k] != before[n][k]).any() for n in now for k in ("layers.1.weight",))
    for name in (FORTH, BACK):
        made.networks[name].load_state_dict(before[name])
    assert torch.equal(fake.samples, made.generate(made.generator, fake.codes))
    assert torch.equal(real.samples, torch.cat([fake.codes["target"], fake.codes["source"]], 1))


def test_a_history_hands_out_half_of_its_images_and_keeps_the_new_in_their_place():
    history = History(50, (1, 1, 1))
    first = torch.arange(50.0).view(50, 1, 1, 1)
    assert torch.equal(history.exchanged(first, rng()), first)
    assert torch.equal(history.images, first)
    new = torch.arange(1000.0, 3000).view(2000, 1, 1, 1)
    got = history.exchanged(new, rng(1)).flatten()
    old = got != new.flatten()
    assert float(old.float().mean()) == pytest.approx(0.5, abs=0.04)
    # nothing is lost, and nothing is there twice
    everything = torch.cat([got, history.images.flatten()]).sort().values
    assert torch.equal(everything, torch.cat([first, new]).flatten().sort().values)
    ages = new.flatten()[old] - got[old]
    assert float(ages[500:].median()) == pytest.approx(100 * 0.693, rel=0.25)  # of a half life


def test_a_history_of_nothing_returns_what_it_is_given():
    images = torch.rand(3, 1, 2, 2)
    history = History(0, (1, 2, 2))
    assert torch.equal(history.exchanged(images, rng()), images)
    made = model(history=0)
    fake = made.fake(4)
    assert torch.equal(made.remembered(fake).samples, fake.samples)


def test_discriminators_learn_from_images_of_their_history_and_it_is_state():
    made = model(history=4)
    made.update()
    kept = made.networks[OF_TARGETS].history.images.clone()
    fake = made.fake(8)
    x_of = made.remembered(fake).samples[:, :3]
    old = [any(torch.equal(one, other) for other in kept) for one in x_of]
    assert 0 < sum(old) < 8
    again = model(history=4)
    again.load_state_dict(unpack(pack(made.state_dict())))
    for name in (OF_TARGETS, OF_SOURCES):
        assert int(again.networks[name].history.count) == 4
        mine, other = (one.networks[name].history.images for one in (made, again))
        assert torch.equal(mine, other)


def test_pairs_are_never_drawn():
    made = model()
    codes = made.codes(400, rng())
    data = made.task.data
    places = {data.tensor([i]).numpy().tobytes(): i for i in range(len(data))}
    targets = made.task.targets
    truth = {targets.tensor([i]).numpy().tobytes(): i for i in range(len(targets))}
    both = zip(codes["source"], codes["target"], strict=True)
    pairs = [(places[a.numpy().tobytes()], truth[b.numpy().tobytes()]) for a, b in both]
    together = sum(a == b for a, b in pairs)
    assert together < 400 * 4 / len(data)  # by chance one in as many as there are


def test_the_truth_is_no_part_of_fitness():
    made = model()
    with made.judging():
        scores = made.score()
    expected = -scores["frechet"] - 2 * scores["cycle"]
    assert scores["fitness"] == pytest.approx(expected)
    assert scores["l1"] > 0


def test_rates_stay_and_then_fall_to_nothing():
    made = model(flat_updates=10, decay_updates=20, generator_lr=1e-3)
    rates = []
    for updates in (0, 10, 20, 30, 40):
        made.updates = updates
        rates.append(made.learning_rate(FORTH))
    assert rates == pytest.approx([1e-3, 1e-3, 5e-4, 0, 0])
    made.updates = 20
    made.update()
    assert made.optimizers[FORTH].param_groups[0]["lr"] == pytest.approx(5e-4)
    assert model().learning_rate(OF_TARGETS) == model().settings.discriminator_lr


def test_averages_of_both_translate():
    made = model()
    made.update()
    x = torch.rand(2, 3, SIZE, SIZE) * 2 - 1
    with made.judging():
        assert torch.equal(made.translate(x, rng()), made.networks[f"{FORTH}_average"](x))
        assert torch.equal(made.translate_back(x), made.networks[f"{BACK}_average"](x))


def test_images_of_unlike_channels_translate_without_an_identity_term():
    data = random_images((1, SIZE, SIZE))
    coloured = random_images((3, SIZE, SIZE))
    data.annotations["target"] = coloured.annotations["target"]
    settings = small("cyclegan").settings.tuned({"batch_size": 4})
    made = built(partial(CycleGan, settings=settings, task=task_of(CycleGan, data)))
    made.training(True)
    made.rng = rng()
    made.update()
    assert made.fake(2).samples.shape == (2, 4, SIZE, SIZE)
    with made.judging():
        assert made.sample(2, rng()).shape == (2, 3, SIZE, SIZE)
        assert made.pictures()["cycles"](rng()).width > 0
    with pytest.raises(ValueError, match="--identity-share compares"):
        built(
            partial(
                CycleGan,
                settings=settings.tuned({"identity_share": 0.5}),
                task=task_of(CycleGan, data),
            )
        )


def test_an_evolution_is_refused_since_discriminators_give_no_logits(capsys):
    assert main(["cyclegan", "--evolve", "heuristic"]) == 2
    assert "a regression on two codes" in capsys.readouterr().err


def test_two_folders_of_ones_own_whose_images_do_not_belong_together(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("egan.tasks.base.Task.num_judged", 8)
    monkeypatch.setattr("egan.runs.preparation._features", lambda _, data: features_of(data))
    for name, count, colour in (("horses", 14, (90, 60, 0)), ("zebras", 9, (200, 200, 200))):
        (tmp_path / name).mkdir()
        for number in range(count):
            shade = tuple(min(part + 3 * number, 255) for part in colour)
            Image.new("RGB", (20, 16), shade).save(tmp_path / name / f"{name}-{number}.png")
    folders = [str(tmp_path / "horses"), str(tmp_path / "zebras")]
    words = ["--data.image-size", "8", "--rounds", "1", "--interval", "2", "--executor", "inline"]
    words += ["--width", "2", "--discriminator-width", "4", "--num-blocks", "1"]
    words += ["--patch-layers", "1", "--batch-size", "2", "--output", str(tmp_path / "runs")]
    assert main(["cyclegan", "--data.pairs", *folders, *words]) == 2
    assert "say --data.name domains" in capsys.readouterr().err
    words = ["--data.name", "domains", "--data.pairs", *folders, *words]
    assert main(["pix2pix", *words[:7]]) == 2
    assert "'target' for each sample, but domains has domain" in capsys.readouterr().err
    assert main(["cyclegan", *words]) == 0
    [run] = (tmp_path / "runs").iterdir()
    assert {"translations.png", "cycles.png"} <= {one.name for one in (run / "samples").iterdir()}
    assert "l1" not in (run / "metrics.csv").read_text().split("\n")[0].split(",")
    new = ["--inputs", folders[0], "--output", str(tmp_path / "new")]
    assert sample_main([str(run), *new]) == 0
    assert len(list((tmp_path / "new").iterdir())) == 14
    assert main(["--resume", str(run), "--rounds", "2"]) == 0


def test_no_preset_turns_the_users_folders_round():
    assert not any(collection.preset(name).data.swap for name in collection.MODELS)
