"""Units and classes of a generator whose every unit is known."""

import pytest
import torch
from torch import nn

from egan.collection.dissection.units import (
    QUICK,
    Places,
    blended,
    candidates,
    dissect,
    levels_where,
    map_layers,
    masks_of,
    occupied,
    popularity,
    shares,
    smooth_segmentation,
    watched,
)
from egan.data import load
from egan.data.shapes import PALETTE

RED, BLUE = 0, 2


class Wired(nn.Module):
    """Eight maps of 4x4, of which unit 5 paints red and unit 2 blue, at each place of its own."""

    def __init__(self):
        super().__init__()
        self.maps = nn.Identity()
        self.up = nn.Upsample(scale_factor=2.0)

    def forward(self, maps):
        hidden = self.up(self.maps(maps))
        red, blue = (torch.tensor(2 * PALETTE[i] - 1).float()[:, None, None] for i in (RED, BLUE))
        grey = torch.full((3, 1, 1), -0.6)
        return grey + hidden[:, 5:6] * (red - grey) + hidden[:, 2:3] * (blue - grey)


@pytest.fixture
def wired():
    """Return a generator, maps, and what it makes of them."""
    generator = torch.Generator().manual_seed(0)
    maps = (torch.rand(40, 8, 4, 4, generator=generator) < 0.2).float()
    maps[:, 2] *= 1 - maps[:, 5]
    network = Wired()
    return network, maps, network(maps)


def test_layers_are_the_last_maps_of_each_size(wired):
    network, maps, _ = wired
    found = map_layers([network], lambda: network(maps[:1]))
    assert [layer.shape for layer in found] == [(8, 4, 4), (8, 8, 8)]
    assert [layer.module for layer in found] == [network.maps, network.up]


def test_units_of_a_known_map_are_found(wired):
    network, maps, images = wired
    layer = map_layers([network], lambda: network(maps[:1]))[1]
    with watched(layer) as seen:
        network(maps)
    masks = masks_of(images, [RED, BLUE])
    iou = dissect(seen[0], masks).iou
    assert iou.shape == (8, 2)
    assert iou[5, 0] == iou[2, 1] == 1
    assert iou.argmax(dim=0).tolist() == [5, 2]
    others = [unit for unit in range(8) if unit not in (2, 5)]
    assert iou[others].max() < 0.5


def test_thresholds_are_taken_from_other_samples_than_the_iou(wired):
    _, maps, images = wired
    masks = masks_of(images, [RED, BLUE])
    changed = maps.clone()
    changed[20:] *= 100
    first, second = (dissect(some, masks[:, :, ::2, ::2]) for some in (maps, changed))
    assert torch.equal(first.thresholds, second.thresholds)


def test_the_iou_is_measured_on_the_samples_that_chose_no_threshold():
    """The class is unit 0's in the first half, and unit 1's in the second."""
    maps = (torch.rand(20, 2, 4, 4, generator=torch.Generator().manual_seed(0)) < 0.3).float()
    masks = torch.cat([maps[:10, :1], maps[10:, 1:]]).bool()
    one, other = (maps[10:, unit].bool() for unit in (0, 1))
    expected = (one & other).sum() / (one | other).sum()
    assert expected < 0.5
    iou = dissect(maps, masks).iou
    assert iou[:, 0].tolist() == pytest.approx([float(expected), 1.0])


def test_the_quick_threshold_is_the_highest_half_percent():
    maps = torch.arange(2000.0).reshape(2, 1, 100, 10).repeat(1, 1, 1, 1)
    masks = torch.zeros(2, 1, 100, 10, dtype=torch.bool)
    expected = torch.quantile(maps[0].flatten(), 0.995)
    torch.testing.assert_close(dissect(maps, masks, quantiles=QUICK).thresholds[0, 0], expected)


def test_ablation_takes_a_class_away_and_no_other(wired):
    network, maps, images = wired
    layer = map_layers([network], lambda: network(maps[:1]))[0]
    units = torch.zeros(8)
    units[5] = 1
    with watched(layer, blended(units, 0.0, 1.0)):
        without = network(maps)
    before, after = masks_of(images, [RED, BLUE]), masks_of(without, [RED, BLUE])
    assert before[:, 0].any()
    assert not after[:, 0].any()
    assert torch.equal(before[:, 1], after[:, 1])
    assert torch.equal(network(maps), images)  # the hook is gone


def test_insertion_adds_a_class_at_its_places(wired):
    network, maps, images = wired
    layer = map_layers([network], lambda: network(maps[:1]))[0]
    masks = masks_of(images, [RED, BLUE])
    levels = levels_where(maps, masks)
    assert levels[0, 5] == pytest.approx(1)
    assert levels[1, 2] == pytest.approx(1)
    units = torch.zeros(8)
    units[[2, 5]] = 1
    places = torch.zeros(1, 1, 4, 4)
    places[..., 1, 2] = 1
    with watched(layer, blended(units, levels[0], places)):
        inserted = masks_of(network(maps), [RED, BLUE])
    assert inserted[:, 0, 2:4, 4:6].all()
    inserted[:, :, 2:4, 4:6] = masks[:, :, 2:4, 4:6]
    assert torch.equal(inserted, masks)


def test_half_an_alpha_is_half_way():
    maps = torch.randn(2, 3, 4, 4)
    alpha, level = torch.tensor([0.0, 0.5, 1.0]), torch.tensor([1.0, 2.0, 3.0])
    edited = blended(alpha, level, 1.0)(maps)
    torch.testing.assert_close(edited[:, 0], maps[:, 0])
    torch.testing.assert_close(edited[:, 1], (maps[:, 1] + 2) / 2)
    torch.testing.assert_close(edited[:, 2], torch.full_like(maps[:, 2], 3))


def test_the_smooth_segmentation_agrees_with_the_exact_one():
    images = load("scenes").real(50)
    smooth = smooth_segmentation(images, [RED, BLUE])
    exact = masks_of(images, [RED, BLUE])
    assert ((smooth > 0.5) == exact).float().mean() > 0.99
    assert smooth.min() > 0
    assert smooth.max() < 1


def test_a_place_is_where_most_of_a_class_is():
    masks = torch.zeros(3, 1, 4, 4, dtype=torch.bool)
    masks[0, 0, 2:, 2:] = True
    masks[0, 0, 0, 0] = True
    masks[1, 0, 3, 0] = True
    share = shares(masks, (2, 2))
    assert share[0, 0].tolist() == [[0.25, 0], [0, 1]]
    places = occupied(share[:, 0])
    assert places.where[:2].flatten(1).tolist() == [[0, 0, 0, 1], [0, 0, 1, 0]]
    assert places.counts.tolist() == [True, True, False]
    torch.testing.assert_close(popularity(share)[0], torch.tensor([0.05, 0.05, 1.05, 1.05]))


def test_a_class_may_be_inserted_where_it_often_is_and_is_not_now():
    share = torch.zeros(400, 2, 2)
    share[:200, 1, 0] = 0.1
    rng = torch.Generator().manual_seed(0)
    places = candidates(share, torch.tensor([0.0, 3.0, 1.0, 0.0]), rng)
    drawn = places.where.flatten(1).argmax(dim=1)
    assert set(drawn.tolist()) == {1, 2}
    assert (drawn == 1).float().mean().item() == pytest.approx(0.75, abs=0.07)
    assert torch.equal(places.counts, (drawn == 1) | (torch.arange(400) >= 200))


def test_the_mean_in_places_is_of_the_samples_that_count():
    values = torch.arange(48.0).reshape(3, 4, 4)
    places = Places.at(torch.tensor([3, 0, 1]), torch.tensor([True, True, False]), (2, 2))
    expected = (values[0, 2:, 2:].mean() + values[1, :2, :2].mean()) / 2
    torch.testing.assert_close(places.mean(values), expected)
    none = Places.at(torch.tensor([3, 0, 1]), torch.zeros(3, dtype=torch.bool), (2, 2))
    assert none.mean(values) == 0
