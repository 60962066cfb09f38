"""Capsules whose places follow what moves."""

import pytest
import torch

from egan.collection import testing as checks
from egan.collection.transforming_autoencoder import Apart
from population.seeding import preserved_randomness


def test_each_capsule_has_a_map_of_its_own():
    maps = Apart(3, 4, 2)
    units = torch.randn(5, 3, 4, generator=torch.Generator().manual_seed(0))
    found = maps(units)
    for k in range(3):
        torch.testing.assert_close(found[:, k], units[:, k] @ maps.weight[k] + maps.bias[k])


def test_an_image_is_the_sum_of_what_capsules_draw():
    model = checks.built(checks.tiny("transforming_autoencoder"))
    capsules = model.capsules
    places, presence = torch.randn(2, 3, 2), torch.rand(2, 3)
    whole = capsules.tell(places, presence)
    parts = []
    for k in range(3):
        alone = torch.zeros_like(presence)
        alone[:, k] = presence[:, k]
        parts.append(capsules.tell(places, alone) - capsules.draw.bias)
    torch.testing.assert_close(whole, torch.stack(parts).sum(dim=0) + capsules.draw.bias)


def test_a_shift_moves_places_alone():
    model = checks.built(checks.tiny("transforming_autoencoder"))
    batch = model.task.judged_on(6, torch.Generator().manual_seed(0))
    shift = batch.codes["shift"]
    with torch.no_grad():
        places, presence = model.find(batch.samples)
        by_hand = model.capsules.tell(places + shift[:, None], presence)
        torch.testing.assert_close(model.drawn(batch.samples, shift), by_hand)
    assert model.task.canvas == (1, 12, 12)


def test_the_slope_is_one_where_places_follow(monkeypatch):
    model = checks.built(checks.tiny("transforming_autoencoder"))

    def centre(factor):
        def find(images):
            ink = (images[:, 0] + 1).double()
            total = ink.sum(dim=(1, 2))
            rows, columns = (torch.arange(12.0).double() for _ in range(2))
            down = (ink.sum(dim=2) @ rows) / total
            right = (ink.sum(dim=1) @ columns) / total
            places = factor * torch.stack([down, right], dim=1)[:, None]
            return places.expand(-1, 3, 2), torch.tensor([0.1, 0.5, 0.9]).expand(len(images), 3)

        return find

    for factor in (1.0, 0.4, 0.0):
        monkeypatch.setattr(model, "find", centre(factor))
        assert model.slope() == pytest.approx(factor, abs=1e-6)


def test_training_lowers_the_error():
    model = checks.built(checks.tiny("transforming_autoencoder", interval=60), {"lr": 1e-2})
    with model.judging():
        before = model.evaluate()["reconstruction_error"]
    with preserved_randomness():
        model.step()
    assert model.evaluate()["reconstruction_error"] < 0.6 * before
    with model.judging():
        assert isinstance(model.look()["slope"], float)
