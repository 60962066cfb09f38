import dataclasses
import math

import pytest

from egan import collection
from egan.config import SearchConfig
from egan.config.file import read_config, to_yaml

ALL = [f"{model}:{kind}" for model in collection.MODELS for kind in collection.presets(model)]


def read(path):
    return read_config(path, collection.preset)


@pytest.mark.parametrize("preset", ALL)
def test_settings_come_back_from_yaml(preset, tmp_path):
    config = dataclasses.replace(collection.preset(preset), seed=7, address="auto")
    (tmp_path / "c.yaml").write_text(to_yaml(config))
    assert read(tmp_path / "c.yaml") == config


def test_what_a_file_leaves_out_is_its_presets(tmp_path):
    (tmp_path / "c.yaml").write_text(
        "preset: gaussians8\nsettings: {generator_lr: 1e-3, width: 9}\n"
    )
    before = collection.preset("gaussians8")
    settings = dataclasses.replace(before.settings, generator_lr=1e-3, width=9)
    assert read(tmp_path / "c.yaml") == dataclasses.replace(before, settings=settings)


@pytest.mark.parametrize("spelt", [".inf", "inf"])
def test_a_cap_may_be_infinite(spelt, tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(f"preset: gaussians8\nevolution: {{diversity_cap: {spelt}}}\n")
    config = read(path)
    config.check()
    assert config.evolution.diversity_cap == math.inf
    path.write_text(to_yaml(config))
    assert read(path) == config


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("generations: many", "generations must be a whole number, but got 'many'"),
        ("generations: 1.5", "generations must be a whole number, but got 1.5"),
        ("seed: true", "seed must be a whole number, but got True"),
        ("settings: {widht: 1}", "unknown setting 'settings.widht'; did you mean 'width'"),
        ("settings: {generator_lr: fast}", "settings.generator_lr must be a number, but got"),
        ("evolution: {diversity_cap: nan}", "evolution.diversity_cap must be a number, but got"),
        ("settings: 3", "settings must be a mapping, but got 3"),
        ("settings: {latent: gamma}", "settings.latent must be 'normal' or 'uniform'"),
        ("evolve: [1]", "evolve must be a text, but got [1]"),
        ("evolution: {mu: 2}", "unknown setting 'evolution.mu'"),
        ("evolution: {fresh_codes: 1}", "evolution.fresh_codes must be true or false"),
        ("executor: cloud", "executor must be 'ray' or 'inline', but got 'cloud'"),
        ("preset: digts", "did you mean 'digits'"),
        ("[1, 2]", "must hold settings"),
        ("a: [", "is no YAML"),
        ("!!python/object/apply:os.system ['echo hacked']", "is no YAML"),
    ],
)
def test_a_mistake_in_a_file_is_named(text, expected, tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is compared below
        read(path)
    assert expected in str(caught.value)
    assert str(path) in str(caught.value)


def test_an_empty_file_is_the_default_preset(tmp_path):
    (tmp_path / "c.yaml").write_text("")
    assert read(tmp_path / "c.yaml") == collection.preset("digits")


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "c.yaml").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ValueError, match="is no YAML"):
        read(tmp_path / "c.yaml")


def test_a_search_is_kept_and_a_run_without_one_does_not_mention_it(tmp_path):
    space = {"generator_lr": "1e-5,1e-2,log"}
    search = SearchConfig(strategy="pbt", population=4, rounds=3, interval=5, space=space)
    config = dataclasses.replace(collection.preset("digits"), search=search)
    path = tmp_path / "config.yaml"
    path.write_text(to_yaml(config))
    assert read(path) == config
    assert "search" not in to_yaml(collection.preset("digits"))
    path.write_text("search: {space: [1, 2]}\n")
    with pytest.raises(ValueError, match=r"search\.space must be a mapping from names to texts"):
        read(path)
