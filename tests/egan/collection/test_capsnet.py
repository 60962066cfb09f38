"""CapsNet: squash, routing, margin loss, masks, and two digits in one image."""

import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from egan.collection import capsnet
from egan.collection import testing as checks
from egan.collection.capsnet import model, networks
from egan.data import load


@pytest.fixture
def rng():
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="module")
def pairs():
    return load("overlapped_digits", split="test")


def test_squash_keeps_the_direction_and_shortens_below_one(rng):
    vectors = 10 * torch.randn(50, 8, generator=rng, dtype=torch.float64)
    short = networks.squash(vectors)
    squares = vectors.square().sum(1)
    assert torch.allclose(short.norm(dim=1), squares / (1 + squares))
    assert (torch.cosine_similarity(short, vectors) > 1 - 1e-9).all()


def test_squash_and_lengths_have_a_gradient_at_zero():
    nought = torch.zeros(2, 4, requires_grad=True)
    networks.lengths(networks.squash(nought)).sum().backward()
    assert torch.isfinite(nought.grad).all()


@pytest.mark.parametrize("iterations", [1, 3, 5])
def test_couplings_sum_to_one_over_the_classes(iterations, rng):
    predictions = torch.randn(3, 10, 6, 4, generator=rng)
    capsules, couplings = networks.route(predictions, iterations=iterations)
    assert capsules.shape == (3, 10, 4)
    assert torch.allclose(couplings.sum(dim=1), torch.ones(3, 6))


def test_one_round_couples_evenly(rng):
    predictions = torch.randn(3, 10, 6, 4, generator=rng)
    capsules, couplings = networks.route(predictions, iterations=1)
    assert torch.allclose(couplings, torch.full((3, 10, 6), 0.1))
    assert torch.allclose(capsules, networks.squash(predictions.sum(dim=2) / 10), atol=1e-6)


def test_routing_is_the_papers_procedure(rng):
    predictions = torch.randn(2, 3, 5, 4, generator=rng, dtype=torch.float64)
    logits = torch.zeros(2, 3, 5, dtype=torch.float64)
    for _ in range(3):
        couplings = logits.softmax(dim=1)
        capsules = networks.squash((couplings[..., None] * predictions).sum(dim=2))
        logits = logits + (predictions * capsules[:, :, None]).sum(dim=3)
    assert torch.allclose(networks.route(predictions, iterations=3)[0], capsules)


def test_routing_prefers_the_class_on_which_predictions_agree():
    predictions = torch.eye(6)[None, None].repeat(1, 2, 1, 1)
    predictions[:, 1] = predictions[:, 1].mean(dim=1, keepdim=True)
    _, couplings = networks.route(predictions, iterations=3)
    even = torch.full((6,), 0.5)
    assert torch.allclose(networks.route(predictions, iterations=1)[1][0, 1], even)
    predictions[:, 1] *= 2.5
    _, couplings = networks.route(predictions, iterations=3)
    assert (couplings[0, 1] > 0.5).all()


def test_margin_loss():
    lengths = torch.tensor([[0.95, 0.05, 0.4], [0.4, 0.6, 0.0]])
    present = torch.tensor([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]])
    found = model.margin_loss(lengths, present, capsnet.CapsNetSettings())
    assert torch.allclose(found, torch.tensor([0.5 * 0.09, 0.25 + 0.09]))


def test_shifts_move_black_in():
    images = torch.arange(9.0).reshape(1, 1, 3, 3).repeat(2, 1, 1, 1)
    moved = model.shifted(images, torch.tensor([[1, 0], [0, -1]]), most=1)
    assert torch.equal(moved[0, 0], torch.tensor([[-1.0, -1, -1], [0, 1, 2], [3, 4, 5]]))
    assert torch.equal(moved[1, 0], torch.tensor([[1.0, 2, -1], [4, 5, -1], [7, 8, -1]]))


def test_only_the_capsule_of_its_class_is_decoded(rng):
    member = checks.built(checks.tiny("capsnet"))
    capsules = torch.randn(2, 10, 4, generator=rng)
    classes = torch.tensor([[3], [7]])
    first = member.decode(capsules, classes)
    others = torch.randn(2, 10, 4, generator=rng)
    others[0, 3], others[1, 7] = capsules[0, 3], capsules[1, 7]
    assert torch.equal(member.decode(others, classes), first)
    assert first.shape == (2, 1, 1, 8, 8)


def test_two_things_in_an_image(pairs):
    member = checks.built(checks.tiny("capsnet", pairs))
    scene = model.scenes(pairs, pairs.spread(20))
    assert scene.parts.shape == (20, 2, 1, 12, 12)
    assert (scene.parts.amax(dim=1) <= scene.images + 1e-6).all()
    assert (member.present(scene.classes).sum(dim=1) == 2).all()
    member.training(True)
    member.update()
    checks.check_gradients(member)
    with member.judging():
        scores = member.score(), member.look()
        assert all(isinstance(value, float) for one in scores for value in one.values())
        drawn = member.pictures()["reconstructions"](torch.Generator())
    assert drawn.height == 5 * 48 + 4 * 2


def test_a_border_makes_room_for_capsules(pairs):
    settings = capsnet.overlapped().settings
    for padding, places in ((0, 16), (1, 25)):
        network = networks.Capsules((1, 12, 12), 10, settings.tuned({"padding": padding}))
        assert network.weights.shape[1] == 8 * places
    images = pairs.real(2)
    assert network.predictions(images).shape == (2, 10, 200, 16)


def test_the_learning_rate_halves():
    member = checks.built(checks.tiny("capsnet"), {"lr": 1e-3, "lr_half_life": 100})
    member.updates = 300
    member.update()
    assert member.optimizers["capsnet"].param_groups[0]["lr"] == pytest.approx(1e-3 / 8)


def test_the_papers_parameters():
    assert checks.paper_sizes("capsnet")["capsnet"] == 8_215_568


@pytest.mark.parametrize(
    ("changes", "match"),
    [({"positive_margin": 0.05}, "negative-margin"), ({"kernel": 9}, "15 pixels")],
)
def test_what_does_not_fit(changes, match):
    with pytest.raises(ValueError, match=match):
        checks.built(checks.tiny("capsnet"), changes)


def test_data_without_classes():
    with pytest.raises(ValueError, match="needs data with classes"):
        checks.built(checks.tiny("capsnet", replace(load("digits"), labels=None)))


@pytest.mark.parametrize("data", ["digits", "overlapped_digits"])
def test_it_classifies_as_the_task_asks(data):
    member = checks.built(checks.tiny("capsnet", load(data, split="test")))
    with member.judging():
        own = member.score()["fitness"]
        assert own == member.task.score(member, member.rng)["fitness"]
        assert member.classify(member.task.data.real(3)).shape == (3, 10)


def test_its_presets_need_no_torch():
    code = "import sys, egan.collection.capsnet; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert found.stdout.split() == [b"False"]
