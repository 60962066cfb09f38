"""Other precisions, memory formats and groupings: near the plain arithmetic, and as repeatable."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from gans import (
    THREE,
    birth,
    labelled,
    litter,
    pair,
    parts_for,
    same_bits,
    search_for,
    tiny_config,
)

from egan.config import ArithmeticConfig
from egan.run import main
from egan.runs.checks import checked
from egan.training.arithmetic import check_compiler
from population import RayExecutor
from population.seeding import SHARED, Seeds
from population.state import pack, unpack

IMAGES = {
    "data": {"name": "digits"},
    "settings": {"network": "dcgan", "depth": 0, "width": 4, "discriminator_width": 4},
}


def children(config, plain=None):
    """Return a parent of plain arithmetic, and its children in a configuration's own."""
    generator, discriminator = pair(plain or config, trained=3)
    parent, surroundings = generator.state_dict(), discriminator.state_dict()
    parent = pack(parent)
    if plain is not None:
        generator, discriminator = pair(config)
        discriminator.load_state_dict(unpack(pack(surroundings)))
    discriminator.seeds = Seeds(0, 4, SHARED)
    newborns = generator.reproduce(parent, litter(THREE, generation=4))
    return parent, dict(zip(THREE, newborns, strict=True))


def weights(state):
    return torch.cat([value.flatten() for value in unpack(state)["networks"]["generator"].values()])


def difference(parent, one, other):
    """Return how far two children are apart, in lengths of the step that made one of them."""
    step = (weights(one.state) - weights(parent)).norm()
    return float((weights(one.state) - weights(other.state)).norm() / step)


@pytest.mark.parametrize(
    ("arithmetic", "tolerance"),
    [
        ({"channels_last": True}, 1e-3),
        ({"vectorize": True}, 1e-3),
        ({"precision": "bfloat16"}, 0.3),
    ],
)
@pytest.mark.parametrize("settings", [{}, IMAGES])
def test_children_are_near_those_of_plain_arithmetic(settings, arithmetic, tolerance):
    config = tiny_config(**settings)
    parent, plain = children(config)
    _, other = children(replace(config, arithmetic=ArithmeticConfig(**arithmetic)), config)
    for name in THREE:
        assert difference(parent, plain[name], other[name]) <= tolerance
        for score in ("quality", "diversity", "fitness"):
            expected = pytest.approx(plain[name].scores[score], abs=tolerance)
            assert other[name].scores[score] == expected


def test_bfloat16_is_used_and_weights_and_samples_stay_float32():
    config = tiny_config(arithmetic={"precision": "bfloat16"})
    generator, discriminator = pair(config, trained=1)
    seen = []
    hook = generator.game.generator.last.register_forward_hook(lambda m, i, o: seen.append(o.dtype))
    newborn = next(generator.reproduce(pack(generator.state_dict()), [birth("minimax")]))
    hook.remove()
    assert set(seen) == {torch.bfloat16}
    assert generator.scored.fake.samples.dtype == torch.float32
    weights = unpack(newborn.state)["networks"]["generator"]
    assert all(value.dtype == torch.float32 for value in weights.values())
    assert all(p.dtype == torch.float32 for p in discriminator.game.discriminator.parameters())


def test_convolutions_work_with_channels_last():
    generator, _ = pair(tiny_config(**IMAGES, arithmetic={"channels_last": True}))
    network, formats = generator.game.generator, []
    for module in network.modules():
        if isinstance(module, torch.nn.ConvTranspose2d):
            module.register_forward_hook(
                lambda m, i, o: formats.append(
                    i[0].is_contiguous(memory_format=torch.channels_last)
                )
            )
    network(torch.randn(5, generator.game.settings.latent_dim))
    assert formats
    assert all(formats)
    assert all(value.is_contiguous() for value in network.state_dict().values())


@pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")  # dynamo looks at it
def test_a_compiled_network_makes_siblings_and_takes_penalties(monkeypatch):
    config = tiny_config(**IMAGES)
    parent, plain = children(config)
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    _, compiled = children(replace(config, arithmetic=ArithmeticConfig(compile=True)), config)
    assert all(difference(parent, plain[name], compiled[name]) < 1e-3 for name in THREE)


def test_a_compiler_is_asked_for_where_there_is_none(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    check_compiler(ArithmeticConfig())
    with pytest.raises(ValueError, match=r"needs a C\+\+ compiler"):
        check_compiler(ArithmeticConfig(compile=True))


@pytest.mark.parametrize("settings", [{}, IMAGES])
def test_a_sibling_scored_at_once_is_the_same_bits_alone(settings):
    config = tiny_config(**settings, arithmetic={"vectorize": True})
    generator, _ = pair(config, trained=3)
    parent = pack(generator.state_dict())
    together = list(generator.reproduce(parent, litter(THREE)))
    for operator, newborn in zip(THREE, together, strict=True):
        alone = next(generator.reproduce(parent, [birth(operator)]))
        assert same_bits(newborn.state, alone.state)
        assert newborn.scores == alone.scores
        assert np.array_equal(newborn.contribution.buffer, alone.contribution.buffer)


def test_who_is_scored_at_once_does_not_depend_on_the_executor(ray_session):
    config = tiny_config(
        arithmetic={"vectorize": True}, evolution={"num_survivors": 2, "selection": "plus"}
    )
    searches = search_for(config), search_for(config, executor=RayExecutor(3))
    tables = [search.run(4).history.drop(columns="seconds") for search in searches]
    assert tables[0].equals(tables[1])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"arithmetic": {"vectorize": True}, "evolution": {"fresh_codes": True}}, "fresh-codes"),
        ({"arithmetic": {"vectorize": True}, "evolution": {"diversity": "pairwise"}}, "diversity"),
        ({"arithmetic": {"vectorize": True, "compile": True}}, "arithmetic.compile"),
    ],
)
def test_what_cannot_be_is_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        checked(tiny_config(**changes))


@pytest.mark.parametrize(
    ("arithmetic", "norm", "said"),
    [
        ({"compile": True}, {"discriminator_norm": "spectral"}, "compile needs networks without"),
        ({"vectorize": True}, {"generator_norm": "batch"}, "vectorize needs networks without"),
    ],
)
def test_running_statistics_are_refused_where_they_cannot_be(arithmetic, norm, said):
    parts = parts_for(tiny_config(settings=norm))
    with pytest.raises(ValueError, match=said):
        parts.check(ArithmeticConfig(**arithmetic))


def test_of_any_game_too():
    on = ArithmeticConfig(vectorize=True)
    with pytest.raises(ValueError, match="but LabelledGame has some"):
        labelled().check(on)
    labelled(norm=False).check(on)


def test_arithmetic_is_part_of_what_a_resumed_run_must_share(tiny_run, capsys):
    words = ["--resume", str(tiny_run), "--generations", "6"]
    assert main([*words, "--arithmetic.precision", "bfloat16"]) == 2
    assert "--arithmetic.precision was float32, now bfloat16" in capsys.readouterr().err
