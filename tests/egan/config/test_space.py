import dataclasses
import re

import pytest

from egan import collection
from egan.collection.search import default_space, strategies
from egan.config.space import domain, flag, read_space, taken_out
from egan.errors import UserError
from population.spaces import Choice, IntUniform, LogUniform, Ordinal, Uniform

KINDS = {"generator_lr": float, "discriminator_steps": int, "network": str}


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("0,0.5", float, Uniform(0.0, 0.5)),
        ("1e-5, 1e-2, log", float, LogUniform(1e-5, 1e-2)),
        ("-1,1", float, Uniform(-1.0, 1.0)),
        ("1,8", int, IntUniform(1, 8)),
        ("1,64,log", int, IntUniform(1, 64, log=True)),
        ("1,8,int", float, IntUniform(1, 8)),
        ("1,64,int,log", float, IntUniform(1, 64, log=True)),
        ("1,2,3", int, Ordinal([1, 2, 3])),
        ("0.1,0.2,0.5", float, Ordinal([0.1, 0.2, 0.5])),
        ("0.9|0.99", float, Choice([0.9, 0.99])),
        ("small,medium", str, Ordinal(["small", "medium"])),
        ("dcgan|mlp|log", str, Choice(["dcgan", "mlp", "log"])),
        ("0.3", float, 0.3),
        ("2", int, 2),
        ("mlp", str, "mlp"),
    ],
)
def test_a_text_stands_for_a_domain(text, kind, expected):
    found = domain(text, kind)
    assert found == expected
    assert type(found) is type(expected)
    if isinstance(expected, Choice):
        assert [type(one) for one in found.options] == [type(one) for one in expected.options]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("generator_lr", "1e-2,1e-5,log", "expected low < high"),
        ("generator_lr", "0,1,log", "a logarithmic scale needs low > 0"),
        ("generator_lr", "1e-5;1e-2", "'1e-5;1e-2' is not a number"),
        ("generator_lr", "1e-5,1e-2,lgo", "'lgo' is not a number"),
        ("generator_lr", "log,1e-5,1e-2,3", "log belongs after low,high"),
        ("generator_lr", "1e-5,log", "log belongs after low,high"),
        ("generator_lr", "1e-5,", "a value is missing"),
        ("generator_lr", "nan,1", "'nan' is not a number"),
        ("generator_lr", "1|1", "expected distinct options"),
        ("discriminator_steps", "1,2.5", "'2.5' is not a whole number"),
        ("discriminator_step", "1,2", "did you mean '--space.discriminator-steps'"),
    ],
)
def test_a_mistake_names_the_flag_and_what_is_expected(name, text, expected):
    with pytest.raises(ValueError, match=re.escape(expected)) as caught:
        read_space({name: text}, KINDS)
    assert flag(name) in str(caught.value)


def test_the_space_is_taken_out_of_the_words():
    words = "digits --space.generator-lr 1,2 --seed 3 --space.discriminator-steps=-1,2 --list"
    left, space = taken_out(words.split())
    assert left == ["digits", "--seed", "3", "--list"]
    assert space == {"generator_lr": "1,2", "discriminator_steps": "-1,2"}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--space.generator-lr", "--space.generator-lr has no value"),
        ("--space.generator-lr --seed 3", "--space.generator-lr has no value"),
        ("--space.generator-lr=", "--space.generator-lr has no value"),
        ("--space.generator-lr 1,2 --space.generator_lr 1,3", "comes twice"),
    ],
)
def test_a_flag_without_a_value_is_named(words, expected):
    with pytest.raises(UserError, match=expected):
        taken_out(words.split())


@pytest.mark.parametrize("name", collection.MODELS)
def test_every_models_own_space_can_be_read(name):
    config = collection.preset(name)
    space = default_space(config)
    assert set(read_space(space, config.kinds).names) == set(space)


def test_an_evolution_is_no_search_for_hyperparameters():
    assert list(strategies()) == [
        *("pbt", "pb2", "mf_pbt", "fire_pbt", "ipbt"),
        *("random", "halving"),
    ]


def test_what_belongs_to_an_evolution_is_searched_where_there_is_one():
    config = collection.preset("digits")
    assert "diversity_weight" in default_space(config)
    plain = dataclasses.replace(config, evolve=None)
    assert set(default_space(config)) - set(default_space(plain)) == {"diversity_weight"}
