"""A discriminator that learns from all children of a generation."""

import pytest
import torch
from gans import birth, labelled, paired, tiny_config, two_ways

from egan.commandline.overview import overview
from egan.evolution.whole import evolution_search
from egan.runs.checks import checked
from population.state import pack, unpack


def test_every_child_gives_a_share_of_the_batch():
    generator, home = paired(labelled(losers_teach=True))
    parent = pack(generator.state_dict())
    names = ("minimax", "heuristic", "least_squares")
    given = [
        unpack(generator.bear(parent, birth(name, 1, i)).contribution)
        for i, name in enumerate(names)
    ]
    batch = home._batch(given, 0)
    expected = [one["samples"][:n] for one, n in zip(given, (3, 3, 2), strict=True)]
    assert torch.equal(batch.samples, torch.cat(expected))


@pytest.mark.parametrize("changes", [{}, {"reuse_gradient": True}, {"discriminators": 2}])
def test_it_changes_what_the_discriminator_learns(changes):
    tables = [
        evolution_search(two_ways(losers_teach=teach, **changes), seed=0).run(3).history
        for teach in (False, True)
    ]
    assert not tables[1]["error"].any()
    first = tables[0]["generation"] == 1
    one, other = (table["fitness"] for table in tables)
    assert one[first].equals(other[first])
    assert not one.equals(other)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"evolution": {"niches": 2}}, "got --evolution.losers-teach: there are no losers"),
        ({"evolve": "minimax"}, "there is one child a generation"),
        ({"settings": {"batch_size": 3}}, "must be 4 or more, so that each of the 3 children"),
    ],
)
def test_what_contradicts_it_is_refused(changes, message):
    evolution = {"losers_teach": True, **changes.pop("evolution", {})}
    with pytest.raises(ValueError, match=message):
        checked(tiny_config(evolution=evolution, **changes))


def test_a_dry_run_says_who_teaches():
    config = checked(tiny_config(evolution={"losers_teach": True}))
    assert "; all of them teach the discriminator" in overview(config)
