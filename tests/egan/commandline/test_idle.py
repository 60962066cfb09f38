"""A flag that cannot take effect is refused, with the one that would; what is plain is taken."""

import pytest

from egan.commandline.parse import parse
from egan.config.file import to_yaml
from egan.errors import UserError

IDLE = [
    ("cgan --generations 50", "Give --rounds 50, or evolve its generator: --evolve minimax"),
    ("vae --generations 50", "Give --rounds 50."),
    ("digits --search pbt --generations 7", "Give --rounds 7"),
    ("cgan --population 4", "Give --search pbt --population 4"),
    ("digits --population 4", "--evolution.num-survivors"),
    ("digits --rounds 5", "Give --generations 5"),
    ("digits --interval 5", "--search pbt"),
    ("gan --evolve minimax --rounds 5", "Give --generations 5"),
    ("gan --evolution.bandit", "--evolution.bandit cannot take effect"),
    ("vae --evolution.num-samples 9", "vae never evolves"),
    ("wgan --evolution.num-samples 9", "wgan never evolves"),
    ("digits --evolve none --evolution.diversity-weight 1", "Give --evolve minimax"),
    ("vae --arithmetic.vectorize", "vae never evolves"),
    ("digits --evolution.random-mutation --evolution.contest-every 4", "--evolution.random-mut"),
    ("digits --executor inline --workers 3", "Give --executor ray"),
    ("digits --executor inline --address auto", "Give --executor ray"),
    ("vae --gpus-per-worker 0.5", "Give --workers 1"),
    (
        "digits --data.path nowhere",
        "Give --data.name as one of clips, gymnasium, folder, pairs, masks, side_by_side, views",
    ),
    ("gaussians8 --data.image-size 8", "have no pixels"),
    ("gail --data.image-size 8", "cartpole holds trajectories, which have none"),
    ("gail --data.environment Acrobot-v1", "Give --data.name gymnasium"),
    ("gan --data.trajectories 3", "Give --data.name as one of cartpole, gridworld, gymnasium"),
    ("bimodal --data.channels 3", "unknown preset"),
    ("fgan --data.name bimodal --data.channels 3", "have no colours"),
    ("seqgan --data.name text --data.pairs a b", "which says --data.name pairs; leave one of"),
    ("gan --data.name=folder --data.captions a.csv", "reads nothing from --data.captions"),
    ("gan --augment-strength 0.5", "--augment-strength 0.5 cannot take effect"),
    ("digits --ada-target 0.5", "Give --augment diffaugment, or ada"),
    ("gan --augment diffaugment --ada-kimg 9", "Give --augment ada"),
    ("wgan --augment ada", "wgan's gives a score without a zero. Give --augment diffaugment"),
    ("gan --augment diffaugment --augment-strength 2", "must be in [0, 1], but got 2.0"),
]


@pytest.mark.parametrize(("words", "expected"), IDLE)
def test_a_flag_without_effect_is_refused(words, expected):
    with pytest.raises(UserError) as caught:
        parse(words.split())
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    "words",
    [
        "cgan --rounds 50 --interval 5",
        "cgan --search pbt --population 4",
        "gan --evolve minimax --generations 5",
        "digits --search pbt --population 3 --rounds 2",
        "digits --evolve none --rounds 2",
        "vae --workers 1 --gpus-per-worker 0.5",
        "gan --search pbt --evolve minimax,hinge --evolution.num-samples 9",
        "gan --augment diffaugment --augment-strength 0.5",
        "digits --augment ada --ada-target 0.5 --ada-kimg 0",
        "gan --search pbt --space.augment none|ada --space.augment-strength 0,1 --ada-kimg 9",
    ],
)
def test_a_flag_with_effect_is_taken(words):
    parse(words.split())


def test_a_path_to_a_folder_means_a_folder(tmp_path):
    words = ["gan", "--data.path", str(tmp_path), "--data.image-size", "8"]
    assert parse(words).config.data.name == "folder"
    assert parse([*words, "--search", "pbt"]).config.data.name == "folder"
    with pytest.raises(UserError, match="digits is in the box"):
        parse([*words, "--data.name", "digits"])
    with pytest.raises(UserError, match="digits is in the box"):
        parse([*words, "--data.name=digits"])
    assert parse([*words, "--data.name", "mnist"]).config.data.name == "mnist"
    (tmp_path / "a.npz").touch()
    assert parse(["gan", "--data.path", str(tmp_path / "a.npz")]).config.data.name == "npz"


def test_files_of_settings_are_held_to_the_same(tmp_path):
    path = tmp_path / "mine.yaml"
    for text, expected in (
        ("preset: vae\ngenerations: 5", "--generations 5 cannot take effect"),
        ("preset: vae\nevolution: {bandit: true}", "vae never evolves"),
        ("preset: digits\nsearch: {rounds: 3}", "Give --generations 3"),
        ("preset: vae\nsettings: {generator_lr: 1.0}", "unknown setting 'settings.generator_lr'"),
    ):
        path.write_text(text)
        with pytest.raises(UserError, match=expected):
            parse([str(path)])


def test_a_file_may_go_another_way_than_it_went(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(to_yaml(parse(["digits", "--generations", "50"]).config))
    assert parse([str(path), "--search", "pbt"]).config.generations == 50
    assert parse(["--resume", str(tmp_path), "--executor", "inline"]).config.generations == 50


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("seed: 1\nseed: 2", "seed"),
        ("preset: vae\nsettings: {lr: 0.1, lr: 0.2}", "lr"),
        ("data:\n  name: digits\n  path: x\n  name: mnist", "name"),
    ],
)
def test_a_name_that_comes_twice_in_a_file_is_refused(tmp_path, text, name):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(UserError, match=f"'{name}' comes twice"):
        parse([str(tmp_path / "mine.yaml")])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["digits", "--address", "[::1"], "expected 'auto', 'host:port'"),
        (["digits", "--address", "ray://"], "expected 'auto', 'host:port'"),
        (["digits", "--address", "host:0"], "expected 'auto', 'host:port'"),
        (["digits", "--address", "host:999999"], "expected 'auto', 'host:port'"),
        (["digits", "--address", "http://host:80"], "expected 'auto', 'host:port'"),
        (["digits", "--evolve", ""], "unknown mutation ''"),
        (["digits", "--evolve", "minimax,"], "unknown mutation ''"),
        (["gan:"], "unknown preset of gan ''"),
        ([""], "unknown preset or model ''"),
    ],
)
def test_what_is_malformed_is_told(words, expected):
    with pytest.raises(UserError) as caught:
        parse(words)
    assert expected in str(caught.value)
