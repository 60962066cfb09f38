"""Losses by hand, sizes, what D sees; a run on films of one's own."""

from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from egan import data
from egan.collection.saved import save
from egan.collection.testing import built, random_clips, small, task_of
from egan.collection.video_prediction.model import VideoPrediction
from egan.collection.video_prediction.networks import packed, shrunk, sizes_of, unpacked
from egan.data import clips
from egan.losses.edges import gradient_difference
from egan.sample import main as sample_main
from egan.tasks import NEXT, PAST


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def model(**changed):
    settings = small("video_prediction").settings.tuned({"batch_size": 4, **changed})
    task = task_of(VideoPrediction, random_clips((1, 16, 16)))
    made = built(partial(VideoPrediction, settings=settings, task=task))
    made.rng = rng()
    made.training(True)
    return made


def test_the_generators_loss_is_the_papers_over_the_weight_and_sizes():
    made = model(adversarial_weight=0.25, distance_weight=0.5, gradient_weight=2.0, distance="l2")
    fake, real = made.fake(4), made.draw(4)
    [loss] = made.generator_losses(fake, real, [made.objective()])
    logits = made.discriminator(fake.samples, fake.codes[PAST]).double()
    papers = 0.25 * F.softplus(-logits).mean(dim=0).sum()
    for size, images in zip((8, 16), unpacked(fake.samples.double(), [8, 16]), strict=True):
        true = shrunk(fake.codes[NEXT].double(), size)
        down, across = (
            ((true.diff(dim=axis).abs() - images.diff(dim=axis).abs()).abs().mean())
            for axis in (2, 3)
        )
        papers += 0.5 * (true - images).square().mean() + 2.0 * (down + across)
    torch.testing.assert_close(loss.double(), papers / (0.25 * 2), rtol=1e-5, atol=0)


def test_gradients_differ_by_their_power():
    true, made = torch.zeros(1, 1, 2, 2), torch.tensor([[[[0.0, 3.0], [0.0, 3.0]]]])
    assert gradient_difference(made, true).item() == 3.0
    assert gradient_difference(made, true, order=2.0).item() == 9.0
    assert gradient_difference(-made, made).item() == 0.0  # as steep, the other way


def test_sizes_are_packed_and_taken_apart_and_each_follows_from_the_one_before():
    pyramid = [torch.rand(2, 3, size, size) for size in (4, 8)]
    found = unpacked(packed(pyramid), [4, 8])
    assert all(torch.equal(*pair) for pair in zip(found, pyramid, strict=True))
    assert sizes_of(32, 4) == [4, 8, 16, 32]
    with pytest.raises(ValueError, match="--scales 4 halves frames down to 4 pixels"):
        sizes_of(16, 4)
    made = model()
    past = made.draw(2).codes[PAST]
    small_one, large = unpacked(made.generator(past), [8, 16])
    with torch.no_grad():
        made.generator.layers[1][-1].weight.zero_()
        made.generator.layers[1][-1].bias.zero_()
    enlarged = F.interpolate(small_one, scale_factor=2, mode="bilinear")
    assert torch.equal(unpacked(made.generator(past), [8, 16])[1], enlarged)
    assert not torch.equal(large, enlarged)


@pytest.mark.parametrize("conditional", [True, False])
def test_the_discriminator_sees_the_past_if_it_is_told(conditional):
    made = model(conditional=conditional)
    real = made.draw(4)
    other = {**real.codes, PAST: real.codes[PAST].flip(0)}
    logits, others = made.logits(real), made.logits(type(real)(real.samples, other))
    assert logits.shape == (8,)  # two sizes each
    assert torch.equal(logits, others) is not conditional


def test_without_a_game_the_discriminator_rests():
    made = model(adversarial_weight=0.0, gradient_weight=0.0)
    before = [p.clone() for p in made.discriminator.parameters()]
    weights = [p.clone() for p in made.generator.parameters()]
    made.update()
    assert all(map(torch.equal, before, made.discriminator.parameters()))
    assert not all(map(torch.equal, weights, made.generator.parameters()))


def test_settings_that_mean_nothing_are_refused():
    settings = small("video_prediction").settings
    weights = ("adversarial_weight", "distance_weight", "gradient_weight")
    with pytest.raises(ValueError, match="are all 0"):
        settings.tuned(dict.fromkeys(weights, 0.0)).check()
    with pytest.raises(ValueError, match="--order must be above 0"):
        settings.tuned({"order": 0.0}).check()


def test_a_saved_model_goes_on_with_films_of_ones_own(tmp_path, capsys):
    random = np.random.default_rng(0)
    for name in ("known/a", "known/b", "new/d"):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        for i in range(18):
            pixels = random.integers(0, 256, (16, 16), np.uint8)
            Image.fromarray(pixels).save(folder / f"{i}.png")
    films = data.load("clips", path=tmp_path / "known", image_size=16)
    config = small("video_prediction")
    made = built(
        partial(VideoPrediction, settings=config.settings, task=task_of(VideoPrediction, films))
    )
    saved, output = tmp_path / "model.safetensors", tmp_path / "next"
    save(saved, made, config, steps=0)
    assert (
        sample_main([str(saved), "--inputs", str(tmp_path / "new"), "--output", str(output)]) == 0
    )
    names = sorted(str(path.relative_to(output)) for path in output.rglob("*.*"))
    assert names == ["000000.gif", *(f"000000/{i:03d}.png" for i in range(3))]
    with Image.open(output / "000000.gif") as film:
        assert film.n_frames == 7
    past = clips.read(tmp_path / "new", shape=(4, 1, 16, 16), flag="--inputs").real(1)
    with made.judging():
        first = made.predict(past, 3, rng())[0, 0, 0]
    with Image.open(output / "000000" / "000.png") as image:
        assert np.abs(np.asarray(image) / 127.5 - 1 - first.numpy()).max() < 0.01
    assert sample_main([str(saved), "--inputs", str(tmp_path / "none"), "--output", "x"]) == 2
    assert "--inputs" in capsys.readouterr().err
