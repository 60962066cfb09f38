"""HF-PIM: warps, lifted textures, the dictionary, the loss, phases, photographs of one's own."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from egan.collection.hf_pim.model import REFERENCE, SEEN, TEXTURE, HfPim, astray, end_point_error
from egan.collection.hf_pim.networks import Dictionary, lifted, pooled, warped
from egan.collection.testing import built, random_images, small, task_of
from egan.data import heads
from egan.data.dataset import FIELD
from egan.run import main
from egan.sample import main as sample_main
from egan.tasks import TARGET
from population.seeding import preserved_randomness


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def model(shape=(3, 16, 16), data=None, **changed):
    settings = small("hf_pim").settings.tuned({**HfPim.tiny, **changed})
    its = task_of(HfPim, random_images(shape) if data is None else data)
    made = built(partial(HfPim, settings=settings, task=its))
    made.rng = rng()
    made.training(True)
    return made


def steps(made, count):
    for _ in range(count):
        made.update()
        made.updates += 1


@pytest.fixture(scope="module")
def few():
    return heads.draw(6, np.random.default_rng(0))


def test_a_true_texture_in_a_true_field_is_the_true_view(few):
    identity, yaw = np.arange(6), np.zeros(6)
    images, _ = heads.rendered(few, identity, yaw, image_size=32)
    found = heads.rays(few.axes, yaw, image_size=64)
    field = torch.from_numpy(np.stack([found.u, found.v], axis=1))
    made = F.avg_pool2d(warped(torch.from_numpy(few.texture)[:, None], field), 2)
    face = F.avg_pool2d(torch.from_numpy(found.hit)[:, None].float(), 2) == 1
    gap = made - torch.from_numpy(images).float() / 255
    assert -10 * gap[face].square().mean().log10() > 50
    swapped = F.avg_pool2d(warped(torch.from_numpy(few.texture)[:, None], field.flip(1)), 2)
    assert (swapped - torch.from_numpy(images).float() / 255)[face].abs().mean() > 0.05


def test_what_is_lifted_off_a_view_is_its_texture(few):
    identity, yaw = np.arange(6), np.zeros(6)
    images, fields = heads.rendered(few, identity, yaw, image_size=64)
    true = torch.from_numpy(fields).float()
    views = torch.from_numpy(images).float() / 255
    texture, seen = lifted(views, true[:, :2], true[:, 2:], size=32)
    wanted = F.avg_pool2d(torch.from_numpy(few.texture)[:, None], 2)
    assert seen.mean() > 0.8
    assert (texture * (1 - seen) == 0).all()
    assert ((texture - wanted).abs() * seen).sum() / seen.sum() < 0.03
    nothing, nowhere = lifted(views, true[:, :2], 0 * true[:, 2:], size=32)
    assert not nothing.any()
    assert not nowhere.any()


def test_one_pixel_is_laid_on_the_four_points_around_it():
    field = torch.tensor([0.25, -0.5]).view(1, 2, 1, 1)  # column 2, row 0.5 of four
    image, mask = torch.full((1, 1, 1, 1), 0.7), torch.ones(1, 1, 1, 1)
    texture, seen = lifted(image, field, mask, size=4)
    assert seen.nonzero()[:, 2:].tolist() == [[0, 2], [1, 2]]
    assert torch.allclose(texture[seen == 1], torch.tensor(0.7))


def test_a_field_of_no_numbers_is_warped_without_harm():
    texture = torch.rand(1, 1, 4, 4, requires_grad=True)
    field = torch.full((1, 2, 4, 4), torch.nan, requires_grad=True)
    warped(texture, field).sum().backward()
    lifted(texture, field, torch.ones(1, 1, 4, 4), size=4)
    assert torch.isfinite(texture.grad).all()


def test_residuals_are_pooled_as_in_the_formula_and_know_no_order():
    features, codewords = torch.randn(2, 5, 3, generator=rng()), torch.randn(4, 3, generator=rng(1))
    scales = torch.tensor([0.5, 1.0, 2.0, 3.0])
    left = features[:, :, None] - codewords
    weights = torch.exp(-scales * (left**2).sum(3))
    weights = weights / weights.sum(2, keepdim=True)
    wanted = torch.einsum("npk,npke->nke", weights, left).flatten(1)
    found = pooled(features, codewords, scales)
    assert torch.allclose(found, wanted / wanted.norm(dim=1, keepdim=True), atol=1e-5)
    assert torch.allclose(found, pooled(features.flip(1), codewords, scales), atol=1e-5)


def test_a_dictionary_looks_at_what_is_seen_alone():
    made = Dictionary(1, width=4, codewords=3, sharpness=2.0)
    assert torch.allclose(made.log_scales.exp(), torch.full((3,), 2.0))
    texture, seen = torch.rand(2, 1, 16, 16), (torch.rand(2, 1, 16, 16) > 0.5).float()
    encoding, logits = made(texture, seen)
    assert encoding.shape == (2, 24)
    assert logits.shape == (2,)
    assert torch.equal(encoding, made(texture + 9 * (1 - seen), seen)[0])


def test_the_loss_is_the_formula_over_the_adversarial_weight():
    weights = {"field_weight": 0.6, "pixel_weight": 1.5, "texture_weight": 0.4}
    weights |= {"adversarial_weight": 0.3, "smoothness_weight": 0.5}
    made = model(**weights)

    class Layers(torch.nn.Module):
        def last_two(self, images):
            return images.flatten(1), images.flatten(1)[:, ::7]

    made.recogniser = Layers()
    made.settings = made.settings.tuned({"identity_weight": 0.2})
    fake, real = made.fake(4), made.draw(4)
    [loss] = made.generator_losses(fake, real, [made.objective()])
    x, y, codes = fake.samples, fake.codes[TARGET], fake.codes
    wanted = 0.6 * astray(codes["made"], codes["mask"], codes[FIELD])
    wanted += 1.5 * (x - y).abs().mean()
    wanted += 0.3 * F.softplus(-made.discriminator(x)).mean()
    (one, logits), (two, true) = (
        made.networks["dictionary"](codes[name], codes[SEEN]) for name in (TEXTURE, REFERENCE)
    )
    wanted += 0.4 * ((one - two).square().sum(1).mean() - logits.mean())
    wanted += 0.2 * ((x - y).abs().mean() + (x - y).abs().flatten(1)[:, ::7].mean())
    wanted += 0.5 * (x[:, :, 1:] - x[:, :, :-1]).abs().mean()
    wanted += 0.5 * (x[..., 1:] - x[..., :-1]).abs().mean()
    assert loss.item() == pytest.approx(wanted.item() / 0.3, rel=1e-4)
    hinges = F.relu(1 - true).mean() + F.relu(1 + logits).mean()
    assert made.penalty(real, fake).item() == pytest.approx(hinges.item(), rel=1e-5)


def test_fields_are_held_against_the_truth_on_the_face_alone():
    field, true = torch.zeros(1, 2, 2, 2), torch.zeros(1, 3, 2, 2)
    true[0, :, 0, 0] = torch.tensor([0.3, 0.4, 1.0])
    true[0, :2, 1] = 9.0
    assert end_point_error(field, true).item() == pytest.approx(0.5)
    sure = torch.where(true[:, 2:] == 1, 30.0, -30.0)
    assert astray(field, sure, true).item() == pytest.approx(0.35, abs=1e-5)
    assert astray(field, -sure, true) > 20


def test_c_learns_first_then_the_textures_and_then_all_at_a_tenth_of_the_rates():
    made = model(field_updates=1, texture_updates=1, field_lr=3e-3, generator_lr=2e-3)
    members, adversaries = ("generator",), ("discriminator", "dictionary")
    before = {}
    for phase, field, rest, rates in (
        ("field", True, False, (3e-3, made.settings.discriminator_lr)),
        ("texture", False, True, (2e-3, made.settings.discriminator_lr)),
        ("together", True, True, (2e-4, made.settings.discriminator_lr / 10)),
    ):
        before = {
            name: [p.detach().clone() for p in part.parameters()]
            for name, part in [*made.generator.named_children(), *made.networks.items()]
        }
        assert made.phase == phase
        steps(made, 1)
        moved = {
            name: any(not torch.equal(*two) for two in zip(before[name], now, strict=True))
            for name, part in [*made.generator.named_children(), *made.networks.items()]
            if (now := [*part.parameters()])
        }
        assert moved["field_net"] == field
        assert moved["texture_net"] == moved["background_net"] == rest
        assert all(moved[name] == rest for name in adversaries)
        found = [made.optimizers[name].param_groups[0]["lr"] for name in (*members, *adversaries)]
        assert found == pytest.approx([rates[0], rates[1], rates[1]])


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_run_goes_on_as_if_it_had_not_stopped(at):
    with preserved_randomness():
        whole, first, second = (model(field_updates=2, texture_updates=1) for _ in range(3))
        steps(whole, 5)
        steps(first, at)
        second.load_state_dict(first.state_dict())
        second.rng = first.rng
        steps(second, 5 - at)
    for one, other in zip(whole.networks.values(), second.networks.values(), strict=True):
        for name, value in one.state_dict().items():
            assert torch.equal(value, other.state_dict()[name])


def test_without_fields_they_are_learned_from_pixels_only_where_one_asks_for_it():
    data = random_images((1, 16, 16))
    plain = replace(data, annotations={k: v for k, v in data.annotations.items() if k != FIELD})
    with pytest.raises(ValueError, match="needs data with a 'field'.*or --field-weight 0"):
        model(data=plain)
    made = model(data=plain, field_weight=0.0, field_updates=5, texture_updates=0)
    assert made.phase == "together"
    before = made.generator.field_net.encoder[0].weight.clone()
    steps(made, 1)
    assert not torch.equal(before, made.generator.field_net.encoder[0].weight)
    assert made.gauges() == {}


def test_views_of_ones_own_are_learned_from_and_photographs_turned(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("egan.tasks.base.Task.num_judged", 8)
    monkeypatch.setattr("egan.judging.classifier.MIN_STEPS", 2)
    random = np.random.default_rng(0)
    for person in range(6):
        (tmp_path / "people" / str(person)).mkdir(parents=True)
        for yaw in (-50, 0, 50):
            pixels = random.integers(0, 256, (16, 16), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "people" / str(person) / f"{yaw:+d}.png")
    words = ["hf_pim", "--data.name", "views", "--data.path", str(tmp_path / "people")]
    words += ["--data.image-size", "16", "--rounds", "1", "--interval", "2", "--batch-size", "4"]
    words += ["--field-width", "2", "--width", "2", "--discriminator-width", "2"]
    words += ["--bottleneck", "4", "--patch-layers", "1", "--identity-weight", "0"]
    words += ["--executor", "inline", "--output", str(tmp_path / "runs")]
    assert main(words) == 2
    assert "or --field-weight 0" in capsys.readouterr().err
    assert main([*words, "--field-weight", "0"]) == 0
    [run] = (tmp_path / "runs").iterdir()
    for name in ("frontal", "textures"):
        assert (run / "samples" / f"{name}.png").is_file()
    new = ["--inputs", str(tmp_path / "people" / "0"), "--output", str(tmp_path / "turned")]
    assert sample_main([str(run), *new]) == 0
    assert len([*(tmp_path / "turned").rglob("*.png")]) == 3
