"""The phases of a dissection, its choice of units, and generators that are given."""

from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from egan import collection
from egan.collection.testing import built, features_of, tiny
from egan.data.dataset import Dataset
from egan.data.shapes import PALETTE
from egan.run import main
from egan.training.model import stream

PARTS = {"cgan": "average", "biggan": "average", "stylegan": "average", "vae": "vae"}


def dissection(**changed):
    member = built(tiny("dissection"))
    member.settings = member.settings.tuned(changed)
    member.rng.manual_seed(0)
    return member


def test_the_generator_is_trained_first_and_then_left_alone():
    member = dissection(subject_updates=2)
    weights = [member.subject.generator.first.weight.detach().clone()]
    for _ in range(4):
        member.training(True)
        member.update()
        member.updates += 1
        weights.append(member.subject.generator.first.weight.detach().clone())
        assert bool(member.choice.surveyed) == (member.updates > 2)
    moved = [not torch.equal(a, b) for a, b in pairwise(weights)]
    assert moved == [True, True, False, False]


def test_alpha_starts_at_the_iou_and_stays_within_0_and_1():
    member = dissection(lr=0.5)
    member.training(False)
    member.survey()
    choice = member.choice
    best = choice.iou.amax(dim=1, keepdim=True).clamp(min=1e-9)
    torch.testing.assert_close(choice.alpha.detach(), choice.iou / best)
    member.apply_settings()
    for _ in range(3):
        member.choose()
        assert 0 <= choice.alpha.min() <= choice.alpha.max() <= 1


def test_the_best_units_are_those_of_the_largest_alpha():
    member = dissection()
    with torch.no_grad():
        member.choice.alpha.copy_(torch.arange(8.0).reshape(2, 4) * torch.tensor([[1], [-1]]))
    assert member.choice.best(2).tolist() == [[0, 0, 1, 1], [1, 1, 0, 0]]
    assert member.choice.best(99).tolist() == [[1] * 4] * 2


def test_units_are_chosen_by_what_they_do():
    """The gradient of δ reaches α: without it, the penalty alone would lower all of it."""
    member = dissection(penalty=0.0)
    member.training(False)
    member.survey()
    with torch.no_grad():  # the classes are half there, so that δ is nowhere flat
        member.choice.levels.fill_(0.5)
        member.choice.alpha.fill_(0.5)
    share = torch.full((4, 2, 8, 8), 0.5)
    effect = member._effect(0, member.choice.alpha[0], share, seed=1)
    [gradient] = torch.autograd.grad(effect, member.choice.alpha)
    assert gradient[0].abs().max() > 0
    assert gradient[1].abs().max() == 0


def test_a_penalty_alone_sends_alpha_to_0():
    member = dissection(penalty=1e3, lr=0.1)
    member.apply_settings()
    member.choice.alpha.data.fill_(0.3)
    member.choice.surveyed.fill_(True)
    for _ in range(5):
        member.choose()
    assert member.choice.alpha.max() == 0


@pytest.mark.parametrize("name", ["cgan", "biggan", "stylegan", "vae"])
def test_any_convolutional_generator_of_the_collection(name, tmp_path, monkeypatch):
    monkeypatch.setattr("egan.tasks.base.Task.num_judged", 60)
    monkeypatch.setattr("egan.runs.preparation._features", lambda _, data: features_of(data))
    words = [name, "--rounds", "1", "--interval", "1", "--output", str(tmp_path)]
    words += ["--data.name", "scenes", "--data.image-size", "16"]
    words += ["--likelihood", "gaussian"] if name == "vae" else []
    for setting, value in collection.paper(name).tiny.items():
        words += [f"--{setting.replace('_', '-')}", str(value)]
    assert main(words) == 0
    path = tmp_path / f"00000-{name}" / "model.safetensors"
    member = built(tiny("dissection"), {"subject": str(path), "layer": 1})
    before = {k: v.clone() for k, v in member.subject.networks[PARTS[name]].state_dict().items()}
    member.rng.manual_seed(0)
    member.update()
    assert member.choice.surveyed
    assert member.layer.shape[1:] == (8, 8)
    with member.judging():
        assert -1 <= member.score()["fitness"] <= 1
    after = member.subject.networks[PARTS[name]].state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)


GREY = torch.full((3, 1, 1), -0.6)
NOWHERE, HALVES = torch.zeros(2, 8, 8), torch.zeros(2, 8, 8)
HALVES[0, :, :4] = HALVES[1, :, 4:] = 1


def painting(where, **changed):
    """Return a dissection of maps in which unit 1 draws the first class, and unit 3 the second.

    `where` (2, 8, 8) is where they do, in every sample; the other two units draw nothing.
    """
    member = dissection(**changed)
    colours = torch.tensor(2 * PALETTE[member.classes] - 1).float()[:, :, None, None]

    def images(count, *, seed, edit=None):
        maps = torch.rand(count, 4, 8, 8, generator=stream(seed))
        maps[:, [1, 3]] = where
        maps = maps if edit is None else edit(maps)
        drawn = maps[:, [1, 3], None] * (colours - GREY)
        return F.interpolate(GREY + drawn.sum(dim=1), scale_factor=2.0)

    member.images = images
    member.choice.levels.fill_(1.0)
    member.choice.surveyed.fill_(True)
    member.apply_settings()
    return member


@pytest.mark.parametrize("where", [NOWHERE, HALVES], ids=["nothing there", "both there"])
def test_the_choice_moves_to_the_units_whose_insertion_adds_a_class(where):
    member = painting(where, penalty=0.0, lr=0.02)
    member.choice.alpha.data.fill_(0.5)
    for _ in range(10):
        member.choose()
    alpha = member.choice.alpha.detach()
    assert alpha[0, 1] > 0.6
    assert alpha[1, 3] > 0.6
    assert torch.equal(alpha[:, [0, 2]], torch.full((2, 2), 0.5))


@pytest.mark.parametrize(("units", "effect"), [([1, 3], 1.0), ([3, 1], 0.0), ([0, 2], 0.0)])
def test_what_the_chosen_units_add_and_remove(units, effect):
    """All of a class by its unit, where nothing was and where it was; nothing by another's."""
    scores = []
    for where in (NOWHERE, HALVES):
        member = painting(where, num_units=1)
        member.choice.alpha.data.zero_()
        member.choice.alpha.data[[0, 1], units] = 1.0
        member.choice.iou.copy_(torch.tensor([[0.25, 0.5, 0, 0], [0, 0, 0.5, 1.0]]))
        scores.append(member.score())
    assert scores[0]["fitness"] == effect
    assert scores[1]["removed"] == effect
    assert scores[0]["iou"] == 0.75


def test_data_without_colours():
    grey = Dataset("grey", np.full((8, 3, 16, 16), 60, np.uint8))
    with pytest.raises(ValueError, match="coloured objects, but grey has none"):
        built(tiny("dissection", grey))


def test_a_layer_that_is_not_there():
    with pytest.raises(ValueError, match="--layer must be below 2, .* but got 2"):
        built(tiny("dissection"), {"layer": 2})


def test_a_subject_that_makes_no_samples(monkeypatch):
    reader = built(tiny("capsnet"))
    monkeypatch.setattr("egan.collection.saved.load", lambda _, task: reader)
    with pytest.raises(ValueError, match="is a CapsNet, which makes no samples"):
        built(tiny("dissection"), {"subject": "model.safetensors"})


def test_rates_of_the_generator_are_the_dissections():
    member = built(tiny("dissection"), {"subject_lr": 0.5})
    groups = {name: one.param_groups[0] for name, one in member.optimizers.items()}
    rates = {name: group["lr"] for name, group in groups.items()}
    assert rates == {"choice": 0.01, "generator": 0.5, "discriminator": 1.0}
    assert groups["generator"]["betas"] == (0.0, 0.99)
    member.configure({"subject_lr": 0.25, "lr": 0.1})
    rates = {name: one.param_groups[0]["lr"] for name, one in member.optimizers.items()}
    assert rates == {"choice": 0.1, "generator": 0.25, "discriminator": 0.5}
