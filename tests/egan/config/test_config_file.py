import dataclasses

import pytest

from egan.config import SearchConfig
from egan.config.file import read_config, to_yaml
from egan.presets import PRESETS


@pytest.mark.parametrize("preset", PRESETS)
def test_settings_come_back_from_yaml(preset, tmp_path):
    config = dataclasses.replace(PRESETS[preset](), seed=7, address="auto")
    (tmp_path / "c.yaml").write_text(to_yaml(config))
    assert read_config(tmp_path / "c.yaml") == config


def test_what_a_file_leaves_out_is_its_presets(tmp_path):
    (tmp_path / "c.yaml").write_text("preset: gaussians8\ngenerator: {lr: 1e-3, width: 9}\n")
    before = PRESETS["gaussians8"]()
    generator = dataclasses.replace(before.generator, lr=1e-3, width=9)
    assert read_config(tmp_path / "c.yaml") == dataclasses.replace(before, generator=generator)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("generations: many", "generations must be a whole number, but got 'many'"),
        ("generations: 1.5", "generations must be a whole number, but got 1.5"),
        ("seed: true", "seed must be a whole number, but got True"),
        ("generator: {lrr: 1}", "unknown setting 'generator.lrr'; did you mean 'lr'"),
        ("generator: {lr: fast}", "generator.lr must be a number, but got 'fast'"),
        ("generator: 3", "generator must be a mapping, but got 3"),
        ("generator: {betas: [1]}", "generator.betas must be a list of 2 float"),
        ("evolution: {mutations: [1]}", "evolution.mutations must be a text, but got 1"),
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
        read_config(path)
    assert expected in str(caught.value)
    assert str(path) in str(caught.value)


def test_an_empty_file_is_the_default_preset(tmp_path):
    (tmp_path / "c.yaml").write_text("")
    assert read_config(tmp_path / "c.yaml") == PRESETS["digits"]()


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "c.yaml").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ValueError, match="is no YAML"):
        read_config(tmp_path / "c.yaml")


def test_a_search_is_kept_and_a_run_without_one_does_not_mention_it(tmp_path):
    space = {"generator_lr": "1e-5,1e-2,log"}
    search = SearchConfig(strategy="pbt", population=4, rounds=3, interval=5, space=space)
    config = dataclasses.replace(PRESETS["digits"](), search=search)
    path = tmp_path / "config.yaml"
    path.write_text(to_yaml(config))
    assert read_config(path) == config
    assert "search" not in to_yaml(PRESETS["digits"]())
    path.write_text("search: {space: [1, 2]}\n")
    with pytest.raises(ValueError, match=r"search\.space must be a mapping from names to texts"):
        read_config(path)
