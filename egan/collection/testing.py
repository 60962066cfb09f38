"""What every paper promises, as tests to inherit, and the tiny models that they are tried on.

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
import hashlib
import math
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from egan import collection
from egan.collection.search import default_space, strategy_of, with_space
from egan.config import EvolutionConfig, RunConfig, SearchConfig
from egan.data import load as load_data
from egan.data.dataset import Dataset
from egan.evolution.whole import Parts, evolution_search
from egan.judging.features import Features
from egan.tasks import TARGET, Task
from egan.training.game import Game
from egan.training.model import Model
from population import Search
from population.member import Birth, Newborn
from population.seeding import SHARED, Seeds, preserved_randomness, seed_everything
from population.state import PackedState, pack, unpack
from population.testing import check_member

MUTATIONS = ("minimax", "heuristic", "least_squares")
ALL_KINDS = (*MUTATIONS, "relativistic_hinge")
"""Mutations among which is one that looks at real samples too."""
COLOURS = {"cifar10": 3, "folder": 3, "pairs": 3}
FEW = 60
BUILT_IN = ("digits", "overlapped_digits", "shapes", "scenes", "bimodal", "gaussians8")

Build = Callable[..., Any]


def features_of(dataset: Dataset) -> Features:
    """Return a fixed reference that costs nothing to build."""
    size = math.prod(dataset.shape)
    mixer, logits = (
        torch.randn(size, width, generator=torch.Generator().manual_seed(seed))
        for width, seed in ((16, 5), (max(2, dataset.num_classes), 6))
    )
    return Features(
        lambda samples: samples.flatten(1).float() @ mixer,
        classify=(lambda samples: samples.flatten(1) @ logits) if dataset.num_classes else None,
    )


def task_of(kind: str | type[Model], dataset: Dataset) -> Task:
    """Return a paper's task on some data, which judges few samples, by features that cost nothing.

    Args:
        kind: A name of the collection, or a paper's class.
        dataset: What to learn from and to be judged by.
    """
    model_type = collection.paper(kind) if isinstance(kind, str) else kind
    task_type: Any = model_type.task_type
    compared = getattr(task_type, "func", task_type).compared(dataset)
    task: Task = task_type(dataset, dataset, features_of(compared))
    task.num_judged = FEW
    return task


def random_images(shape: tuple[int, ...], *, num_classes: int = 10, count: int = 24) -> Dataset:
    """Return images of noise, with every class among them, and others as their targets."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % num_classes
    labels[-1] = num_classes - 1
    samples, targets = (rng.integers(0, 256, (count, *shape), np.uint8) for _ in range(2))
    return Dataset("random", samples, labels, annotations={TARGET: targets})


def small(name: str) -> RunConfig:
    """Return the default preset with the settings that make the model tiny."""
    config = collection.preset(name)
    return dataclasses.replace(config, settings=config.settings.tuned(collection.paper(name).tiny))


def tiny(name: str, dataset: Dataset | None = None, *, interval: int = 1) -> partial[Any]:
    """Return what builds a tiny member from hyperparameters."""
    config = small(name)
    data = config.data
    if dataset is None:
        dataset = load_data(data.name, image_size=data.image_size, channels=data.channels)
    return partial(
        collection.paper(name),
        settings=config.settings,
        task=task_of(name, dataset),
        interval=interval,
    )


def built(build: Build, hyperparameters: Mapping[str, Any] | None = None, *, seed: int = 0) -> Any:
    """Build a member in its random start, with the seeds of a first child."""
    with preserved_randomness():
        seed_everything(Seeds(seed, 0, 0).own("build"))
        member = build(hyperparameters or {})
    member.seeds = Seeds(seed, 1, 0)
    return member


def child_digest(name: str) -> str:
    """Return a checksum of a child two updates away from the random start, and of its scores."""
    member = built(tiny(name, interval=2))
    with preserved_randomness():
        newborn = member.bear(pack(member.state_dict()), Birth(seeds=Seeds(3, 1, 0)))
    digest = hashlib.sha256(newborn.state.buffer.tobytes())
    digest.update(repr(newborn.scores).encode())
    return digest.hexdigest()


def digest_elsewhere(*names: str) -> dict[str, str]:
    """Return the checksums of children as a fresh process computes them."""
    code = (
        "import json, sys\nfrom egan.collection.testing import child_digest\n"
        "print(json.dumps({name: child_digest(name) for name in sys.argv[1:]}))"
    )
    root = str(Path(collection.__file__).parents[2])
    path = os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", code, *names],
        env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    import json

    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


def parts(
    name: str, *, mutations: Sequence[str] = MUTATIONS, build: Build | None = None, **evolution: Any
) -> Parts:
    """Return the parts of a tiny evolution of a game."""
    settings = EvolutionConfig(**{"num_samples": 16, **evolution})
    return Parts(
        build=build or tiny(name),
        mutations=tuple(mutations),
        evolution=settings,
        batch_size=small(name).settings.batch_size,
    )


def facing(evolution: Parts, *, generation: int = 1, seed: int = 0) -> Any:
    """Return a member of an evolution before a generation, in its environment."""
    environment = built(lambda _: evolution.environment(), seed=seed)
    environment.seeds = Seeds(seed, generation, SHARED)
    member = built(evolution.member, seed=seed)
    member.environment = environment
    return member


def births(operators: Sequence[str], *, generation: int = 1, seed: int = 0) -> list[Birth]:
    """Return how siblings are to be made, one by each operator."""
    return [
        Birth(seeds=Seeds(seed, generation, i), operator=one) for i, one in enumerate(operators)
    ]


def siblings(evolution: Parts, *, fast: bool, seed: int = 0) -> list[Newborn]:
    """Return the children of a first parent, by the fast path or by the plain loop."""
    member = facing(evolution, seed=seed)
    parent = pack(member.state_dict())
    asked = births(evolution.mutations, seed=seed)
    with preserved_randomness():
        if fast:
            return list(member.reproduce(parent, asked))
        return [member.bear(parent, birth) for birth in asked]


def mutated(name: str) -> list[PackedState]:
    """Return the generator's side after each mutation, from one state and on the same codes."""
    return [newborn.state for newborn in siblings(parts(name), fast=False)]


def check_gradients(member: Model) -> None:
    """Fused Adam takes gradients for laid out in memory as parameters are, and does not look."""
    for network in member.networks.values():
        gradients = [p.grad for p in network.parameters() if p.grad is not None]
        assert all(gradient.is_contiguous() for gradient in gradients)


def paper_sizes(name: str, *, narrower: int = 1) -> dict[str, int]:
    """Take an update of the paper's networks at its resolution; return their parameters.

    Those that have a width may be made narrower; `benchmarks/paper_sizes.py` takes all whole.
    """
    config, kind = collection.preset(f"{name}:paper"), collection.paper(name)
    data = config.data
    if data.name in BUILT_IN:
        dataset = load_data(data.name, image_size=data.image_size)
    else:
        size, channels = data.image_size or 0, data.channels or COLOURS.get(data.name, 1)
        shape = (channels, size, size)
        dataset = random_images(shape, num_classes=kind.paper_classes, count=4)
    widths = {n: getattr(config.settings, n, 0) for n in ("width", "discriminator_width")}
    narrow = {one: width // narrower for one, width in widths.items() if width}
    settings = config.settings.tuned({"batch_size": 2, **narrow})
    member = built(partial(kind, settings=settings, task=task_of(name, dataset)))
    with preserved_randomness():
        member.training(True)
        member.update()
    followers = member.averages() if isinstance(member, Game) else {}
    networks = {n: one for n, one in member.networks.items() if n not in followers}
    return {n: sum(p.numel() for p in one.parameters()) for n, one in networks.items()}


def ends(domain: Any) -> list[Any]:
    """Return the options of a domain, or its lowest and highest value."""
    return [*domain.options] if hasattr(domain, "options") else [domain.low, domain.high]


def searched(name: str) -> dict[str, Any]:
    """Return the domains of what a search of models varies if it is not told, by name."""
    config = dataclasses.replace(small(name), evolve=None, search=SearchConfig(strategy="pbt"))
    config = with_space(config)
    strategy: Any = strategy_of(config)
    return {one: leaf.domain for one, leaf in strategy.space.leaves.items()}


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
                assert samples.dtype == torch.float32
                assert not member.task.data.kind.bounded or samples.abs().max() <= 1

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
        first = member.evaluate()
        for network in member.sides.environment:
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
