"""What every paper promises, as tests to inherit.

    class TestHingeGan(ModelConformance):
        @pytest.fixture
        def name(self) -> str:
            return "hinge_gan"

The class builds the model tiny, looks at shapes, trains a step, takes its state there and back,
makes the same child from the same seed in this process and in another, draws its pictures, takes an
update at the paper's resolution and, of a game, sees that siblings are made alike by the fast path
and by the plain loop. pytest is not needed to import it.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import torch
from PIL import Image

from egan import collection
from egan.collection.search import default_space, with_space
from egan.collection.testing import (
    ALL_KINDS,
    MUTATIONS,
    built,
    check_gradients,
    child_digest,
    digest_elsewhere,
    ends,
    features_of,
    mutated,
    paper_sizes,
    parts,
    searched,
    siblings,
    small,
    tiny,
)
from egan.data import load as load_data
from egan.data.dataset import Dataset
from egan.evolution.whole import Parts, evolution_search
from egan.judging.features import Features
from egan.tasks import Task
from egan.training.game import Game
from egan.training.model import Model
from population import Search
from population.seeding import preserved_randomness
from population.state import pack, unpack
from population.testing import check_member


class ModelConformance:
    """Tests that every paper passes; a subclass has a fixture ``name``, the paper's."""

    def test_presets_are_whole(self, name: str) -> None:
        """Each preset is a run that makes sense, and is found by its name."""
        kind = collection.paper(name)
        assert issubclass(kind, Model)
        assert isinstance(kind.task_type(*_nothing(name)), Task)
        for preset in collection.presets(name):
            config = collection.preset(f"{name}:{preset}")
            config.check()
            assert with_space(config) == config
            assert collection.named(config.preset) == (name, preset)
            assert set(kind.tiny) <= {f.name for f in dataclasses.fields(config.settings)}
        assert "paper" in collection.presets(name)

    def test_the_space_is_of_settings_that_exist(self, name: str) -> None:
        """Each setting of the space is accepted, and is structural exactly where shapes change."""
        structural = type(small(name).settings).structural()
        assert default_space(small(name))
        for setting, domain in searched(name).items():
            low, *_, high = ends(domain)
            state = built(tiny(name), {setting: low}).state_dict()
            if setting not in structural:
                built(tiny(name), {setting: high}).load_state_dict(unpack(pack(state)))

    def test_children_follow_from_their_parents_state_alone(self, name: str) -> None:
        """What a state leaves out does not influence training; live settings are taken over."""
        structural = type(small(name).settings).structural()
        changed = {k: ends(v)[0] for k, v in searched(name).items() if k not in structural}
        check_member(tiny(name), {}, changed=changed or None)

    def test_an_update_and_what_it_leaves(self, name: str) -> None:
        """Gradients are laid out as parameters are; scores are numbers, samples of their shape."""
        member = built(tiny(name))
        member.training(True)
        member.rng.manual_seed(0)
        member.update()
        check_gradients(member)
        with member.judging():
            scores = member.score()
            assert "fitness" in scores
            assert all(isinstance(value, float) for value in scores.values())
            assert all(isinstance(value, float) for value in member.look().values())
            if type(member).sample is not Model.sample:
                samples = member.samples(7, torch.Generator().manual_seed(1))
                assert samples.shape == (7, *member.shape)
                assert samples.dtype == member.task.data.tensor([0]).dtype
                assert not member.task.data.kind.bounded or samples.abs().max() <= 1

    def test_a_diverged_model_has_no_scores(self, name: str) -> None:
        """With weights that are not finite scores are NaN, and training and looking go on."""
        member = built(tiny(name))
        for network in member.networks.values():
            for weights in network.parameters():
                weights.data.fill_(math.nan)
        assert all(math.isnan(value) for value in member.evaluate().values())
        member.rng.manual_seed(0)
        member.training(True)
        member.update()
        with member.judging():
            member.look()

    def test_pictures(self, name: str) -> None:
        """Pictures are the same whenever they are drawn, and leave the model as it was."""
        member = built(tiny(name))
        with preserved_randomness(), member.judging():
            before = pack(member.state_dict())  # an average has its own statistics from now on
            for title, draw in member.pictures().items():
                assert title.isidentifier(), title
                assert title != "real"
                one, two = (draw(torch.Generator().manual_seed(1)) for _ in range(2))
                assert isinstance(one, Image.Image)
                assert np.array_equal(np.asarray(one), np.asarray(two)), title
        assert (pack(member.state_dict()).buffer == before.buffer).all()

    def test_the_fitness_is_not_by_the_member_itself(self, name: str) -> None:
        """A discriminator of noise changes no fitness."""
        member = built(tiny(name))
        if not isinstance(member, Game) or "accuracy" in member.evaluate():
            return
        first, names = member.evaluate(), member.sides.environment
        judges = [name for name in names if name.startswith("discriminator")]
        for network in judges or names:  # not what they share their side with, such as an encoder
            for parameter in member.networks[network].parameters():
                parameter.data.normal_()
        assert member.evaluate() == first

    def test_baselines_are_scores(self, name: str) -> None:
        """What scores are worth is told in numbers of the same names."""
        member = built(tiny(name))
        with member.judging():
            known = {*member.look(), *member.score(), "elbo"}
        for scores in member.task.baselines().values():
            assert scores.keys() <= known
            assert all(isinstance(value, float) for value in scores.values())

    def test_the_papers_networks_take_an_update(self, name: str) -> None:
        """They fit the paper's resolution."""
        assert all(paper_sizes(name, narrower=8).values())

    def test_a_fresh_process_makes_the_same_child(self, name: str) -> None:
        """A child is the same bits in another process."""
        assert child_digest(name) == self.digest_elsewhere(name)

    def digest_elsewhere(self, name: str) -> str:
        """Return a child's checksum as a fresh process computes it."""
        return digest_elsewhere(name)[name]

    def test_evolution(self, name: str) -> None:
        """Of a game, each mutation makes another child, and the same seed the same history."""
        if not issubclass(collection.paper(name), Game):
            return
        histories = [_evolved(parts(name)) for _ in range(2)]
        assert histories[0].equals(histories[1])
        assert len(set(histories[0]["fitness"].head(len(MUTATIONS)))) > 1
        one, two, three = mutated(name)
        assert (one.buffer != two.buffer).any()
        assert (two.buffer != three.buffer).any()

    def test_the_fast_path_equals_the_plain_loop(self, name: str) -> None:
        """Of a game, siblings from one forward pass are the children that are made one by one."""
        if not issubclass(collection.paper(name), Game):
            return
        evolution = parts(name, mutations=ALL_KINDS)
        pairs = [siblings(evolution, fast=fast) for fast in (True, False)]
        for fast, plain in zip(*pairs, strict=True):
            assert (fast.state.buffer == plain.state.buffer).all()
            assert fast.state.skeleton == plain.state.skeleton
            assert fast.scores == plain.scores
            assert (fast.contribution.buffer == plain.contribution.buffer).all()

    def test_the_family_says_whether_it_evolves(self, name: str) -> None:
        """The table's "adversarial" papers are games."""
        is_game = issubclass(collection.paper(name), Game)
        assert is_game == (collection.MODELS[name].family == "adversarial")


def _nothing(name: str) -> tuple[Dataset, Dataset, Features]:
    config = collection.preset(name).data
    data = load_data(config.name, image_size=config.image_size, channels=config.channels)
    return data, data, features_of(data)


def _evolved(evolution: Parts) -> Any:
    search: Search = evolution_search(evolution, seed=0)
    history = search.run(2).history
    assert not history["error"].any(), history["error"].iloc[0]
    assert np.isfinite(history["fitness"]).all()
    return history.drop(columns="seconds")
