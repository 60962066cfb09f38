"""E-GAN's preset of the paper: one source where there is one, and each value says which."""

import math

from egan import collection
from egan.collection.egan import LISTING, OURS, SCRIPT
from egan.collection.sources import sourced


def told():
    return {one.setting: one for one in sourced("egan", "paper")}


def test_each_value_has_a_source():
    assert [one.setting for one in told().values() if not one.source] == []


def test_the_listings_values_are_the_listings():
    listed = {
        "batch_size": 16,
        "generator_lr": 2e-4,
        "discriminator_lr": 2e-4,
        "beta1": 0.5,
        "beta2": 0.99,
        "discriminator_steps": 2,
        "evolution.num_survivors": 1,
        "evolution.fresh_codes": True,
    }
    for name, value in listed.items():
        assert (told()[name].value, told()[name].source) == (value, LISTING)


def test_what_the_listing_leaves_open_is_the_scripts():
    """Its score is .002 log of the sum of squares, which is -.004 times our diversity."""
    script = {
        "evolution.diversity_weight": 0.004,
        "evolution.num_samples": 256,
        "latent": "uniform",
    }
    for name, value in script.items():
        assert (told()[name].value, told()[name].source) == (value, SCRIPT)


def test_nothing_caps_diversity_and_little_is_ours():
    config = collection.preset("paper")
    config.check()
    assert config.evolution.diversity_cap == math.inf
    ours = [name for name, one in told().items() if one.source == OURS]
    assert [name for name in ours if not name.startswith("evolution.")] == ["discriminator_init"]
