"""The one table of methods: every line of it, alone and joined to others."""

from dataclasses import replace

import pytest

from egan import collection
from egan.comparison.methods import (
    CHANGES,
    METHODS,
    default_methods,
    described,
    is_single,
    label_of,
    method_config,
)
from egan.config import GameSettings
from egan.runs.checks import checked

DIGITS = collection.preset("digits")
WAYS = [one.spelt(name) for name, one in METHODS.items()]


@pytest.mark.parametrize("method", [*WAYS, *default_methods(DIGITS)])
def test_every_method_is_a_run_that_can_be_made(method):
    config = checked(method_config(DIGITS, method, seed=3))
    assert config.seed == 3
    assert label_of(method)
    assert "{" not in label_of(method)


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_can_be_made_to_niches_and_changes_something(name):
    niches = method_config(DIGITS, "niches-4", seed=0)
    changed = checked(method_config(DIGITS, f"niches-4+{CHANGES[name].spelt(name)}", seed=0))
    assert changed != niches
    assert changed.evolution.niches == 4
    assert CHANGES[name].what in described()


def test_changes_are_made_one_after_another():
    config = method_config(DIGITS, "random+wide-2+rates-0.5", seed=0)
    assert config.settings.width == 512
    assert config.settings.discriminator_width == 256
    assert (config.settings.generator_lr, config.settings.discriminator_lr) == (1e-3, 1e-3)
    alike = method_config(DIGITS, "niches-4+least_squares", seed=0)
    assert (alike.mutations, alike.evolution.niches) == (("least_squares",), 4)
    drawn = method_config(DIGITS, "niches-4+random", seed=0)
    assert (len(drawn.mutations), drawn.evolution.random_mutation) == (3, True)


def test_equal_parameters_means_no_more_and_hardly_fewer():
    whole = DIGITS.settings.sizes((1, 8, 8))["generator"]
    for niches in (2, 4, 8):
        config = method_config(DIGITS, f"niches-{niches}+narrow", seed=0)
        size = niches * config.settings.sizes((1, 8, 8))["generator"]
        assert 0.95 * whole < size <= whole


def test_generators_have_a_whole_batch_each():
    config = checked(method_config(DIGITS, "generators-4", seed=0))
    assert config.settings.batch_size == 4 * DIGITS.settings.batch_size
    assert config.evolution.niches == 4


def test_a_plain_gan_has_fresh_samples_for_each_step_of_the_discriminator():
    several = replace(DIGITS, settings=DIGITS.settings.tuned({"discriminator_steps": 5}))
    assert method_config(several, "heuristic", seed=0).evolution.num_samples == 5 * 64


def test_a_single_generator_is_one_without_contests():
    assert all(is_single(DIGITS, name) for name in ("random", "minimax", "heuristic+wide-2"))
    assert not any(is_single(DIGITS, name) for name in ("egan", "contest-10", "niches-2"))


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("niches", "did you mean 'niches-4'"),
        ("niches-1.5", "did you mean 'niches-4'"),
        ("egan-2", "'egan' or"),
        ("random+wider-2", "did you mean 'wide-2'"),
        ("random+narrow", "niches-4\\+narrow"),
        ("minmax", "did you mean 'minimax'"),
    ],
)
def test_what_is_misspelt_is_told(method, message):
    with pytest.raises(ValueError, match=message):
        method_config(DIGITS, method, seed=0)


def test_a_paper_without_a_width_says_so():
    bare = replace(DIGITS, settings=GameSettings())
    with pytest.raises(ValueError, match="has no --width"):
        method_config(bare, "random+wide-2", seed=0)
