"""What every model of the collection promises, for the conformance test and for new models."""

import dataclasses
import hashlib
import math
from functools import partial

import numpy as np
import torch
from PIL import Image

from egan import collection
from egan.config import SearchConfig
from egan.data import load as load_data
from egan.data.dataset import Dataset
from egan.evolution.evolve import EvolvedGenerator, SharedDiscriminator
from egan.judging.features import Features
from egan.runs.models import model_of, strategy_of, with_search
from egan.tasks.generation import Generative
from egan.training.game import Adversarial
from egan.training.model import Model, Task
from population import Evolution, Search
from population.member import Birth
from population.seeding import SHARED, Seeds, preserved_randomness, seed_everything
from population.state import pack, unpack
from population.testing import check_member

MUTATIONS = ("minimax", "heuristic", "least_squares")
COLOURS = {"cifar10": 3, "folder": 3}


def features_of(dataset):
    """Return a fixed reference that costs nothing to build."""
    mixer = torch.randn(math.prod(dataset.shape), 16, generator=torch.Generator().manual_seed(5))
    classes = max(2, dataset.num_classes)
    logits = torch.randn(
        math.prod(dataset.shape), classes, generator=torch.Generator().manual_seed(6)
    )
    return Features(
        lambda samples: samples.flatten(1) @ mixer,
        classify=(lambda samples: samples.flatten(1) @ logits) if dataset.num_classes else None,
    )


def task(dataset, *, interval=1):
    return Task(dataset, dataset, features_of(dataset), interval=interval)


def random_images(shape, *, num_classes=10, count=24):
    rng = np.random.default_rng(0)
    labels = np.arange(count) % num_classes
    labels[-1] = num_classes - 1
    return Dataset("random", rng.integers(0, 256, (count, *shape), np.uint8), labels)


def small(name):
    """Return the small preset with the settings that make it tiny."""
    config = collection.preset(name)
    settings = config.settings.tuned(collection.load(name).tiny)
    return dataclasses.replace(config, settings=settings)


def tiny(name, dataset=None, *, interval=1):
    """Return what builds a tiny member from hyperparameters."""
    config = small(name)
    data = config.data
    if dataset is None:
        dataset = load_data(data.name, image_size=data.image_size, channels=data.channels)
    kind = few_judged(collection.load(name))
    return partial(kind, settings=config.settings, task=task(dataset, interval=interval))


def few_judged(kind):
    """Return a model that judges by few samples, where it makes any."""
    return (
        type(kind.__name__, (kind,), {"num_judged": 60}) if issubclass(kind, Generative) else kind
    )


def built(build, hyperparameters=None, *, seed=0):
    with preserved_randomness():
        seed_everything(Seeds(seed, 0, 0).own("build"))
        member = build(hyperparameters or {})
    member.seeds = Seeds(seed, 1, 0)
    return member


def child_digest(name):
    """Return a checksum of a child two updates away from the random start, and of its scores."""
    member = built(tiny(name, interval=2))
    with preserved_randomness():
        newborn = member.bear(pack(member.state_dict()), Birth(seeds=Seeds(3, 1, 0)))
    digest = hashlib.sha256(newborn.state.buffer.tobytes())
    digest.update(repr(newborn.scores).encode())
    return digest.hexdigest()


def check_presets(name):
    config = collection.preset(name)
    assert isinstance(collection.load(name), type)
    assert issubclass(collection.load(name), Model)
    assert config.preset == name
    assert config.checked() == config
    paper = collection.preset(f"{name}:paper").checked()
    assert paper.name == f"{name}-paper"
    assert set(collection.load(name).tiny) <= {f.name for f in dataclasses.fields(config.settings)}


def space_of(name):
    """Return the search space that is searched if nothing is said, its ends checked."""
    config = with_search(dataclasses.replace(small(name), search=SearchConfig(strategy="pbt")))
    return strategy_of(config).space


def ends(domain):
    return [*domain.options] if hasattr(domain, "options") else [domain.low, domain.high]


def check_space(name):
    """Each setting of the space is accepted, and is structural exactly where shapes change."""
    structural = model_of(small(name)).structural
    for setting, leaf in space_of(name).leaves.items():
        low, *_, high = ends(leaf.domain)
        state = built(tiny(name), {setting: low}).state_dict()
        if setting not in structural:
            built(tiny(name), {setting: high}).load_state_dict(unpack(pack(state)))


def live_changes(name):
    structural = model_of(small(name)).structural
    leaves = space_of(name).leaves.items()
    return {k: ends(leaf.domain)[0] for k, leaf in leaves if k not in structural}


def check_children(name):
    check_member(tiny(name), {}, changed=live_changes(name) or None)


def check_samples(name, build=None):
    member = built(build or tiny(name))
    member.training(True)
    member.random.manual_seed(0)
    member.update()
    check_gradients(member)
    with member.judging():
        scores = member.score()
        assert "fitness" in scores
        assert all(isinstance(value, float) for value in scores.values())
        assert all(isinstance(value, float) for value in member.look().values())
        if isinstance(member, Generative):
            samples = member.samples(7, torch.Generator().manual_seed(1))
            assert samples.shape == (7, *member.shape)
            assert samples.dtype == torch.float32
            if len(member.shape) == 3:
                assert samples.abs().max() <= 1


def check_gradients(member):
    """Fused Adam takes gradients for laid out in memory as parameters are, and does not look."""
    for network in member.networks.values():
        gradients = [p.grad for p in network.parameters() if p.grad is not None]
        assert all(gradient.is_contiguous() for gradient in gradients)


def check_pictures(name):
    """Pictures are the same whenever they are drawn, and leave the model as it was."""
    member = built(tiny(name))
    before = pack(member.state_dict())
    with preserved_randomness(), member.judging():
        for title, draw in member.pictures().items():
            assert title.isidentifier(), title
            assert title != "real"
            one, two = (draw(torch.Generator().manual_seed(1)) for _ in range(2))
            assert isinstance(one, Image.Image)
            assert np.array_equal(np.asarray(one), np.asarray(two)), title
    assert (pack(member.state_dict()).buffer == before.buffer).all()


def check_judge_is_independent(name):
    """The fitness does not come from the member's own discriminator."""
    member = built(tiny(name))
    if not isinstance(member, Adversarial):
        return
    first = member.evaluate()
    for parameter in member.discriminator.parameters():
        parameter.data.normal_()
    assert member.evaluate() == first


def check_paper(name, *, narrower=1):
    """The paper's networks take an update at its resolution; return how many parameters they have.

    Those that have a width may be made narrower; `benchmarks/paper_sizes.py` takes all whole.
    """
    config = collection.preset(f"{name}:paper")
    data, kind = config.data, collection.load(name)
    if data.name in ("digits", "gaussians8", "gaussians25", "swiss_roll"):
        dataset = load_data(data.name, image_size=data.image_size)
    else:
        size, channels = data.image_size, data.channels or COLOURS.get(data.name, 1)
        dataset = random_images((channels, size, size), num_classes=kind.paper_classes, count=4)
    widths = {n: getattr(config.settings, n, 0) for n in ("width", "discriminator_width")}
    narrow = {name: width // narrower for name, width in widths.items() if width}
    settings = dataclasses.replace(config.settings, batch_size=2, **narrow)
    member = built(partial(kind, settings=settings, task=task(dataset)))
    with preserved_randomness():
        member.training(True)
        member.update()
    networks = {n: one for n, one in member.networks.items() if n != "average"}
    return {n: sum(p.numel() for p in one.parameters()) for n, one in networks.items()}


def check_evolution(name):
    """Each mutation makes another child, and the same seed the same history."""
    build = tiny(name)
    histories = [_evolved(build) for _ in range(2)]
    assert histories[0].equals(histories[1])
    assert len(set(histories[0]["fitness"].head(len(MUTATIONS)))) > 1


def _evolved(build):
    config = collection.preset("gan").evolution
    evolution = dataclasses.replace(config, num_samples=16)
    search = Search(
        partial(EvolvedGenerator, build=build, evolution=evolution),
        Evolution(MUTATIONS),
        environment=partial(SharedDiscriminator, build=build, evolution=evolution),
    )
    history = search.run(2).history
    assert not history["error"].any(), history["error"].iloc[0]
    assert np.isfinite(history["fitness"]).all()
    return history.drop(columns="seconds")


def mutated(name):
    """Return the generator's half after each mutation, from one state and on the same codes."""
    build = tiny(name)
    evolution = collection.preset("gan").evolution
    environment = built(partial(_discriminator, build=build, evolution=evolution))
    environment.seeds = Seeds(0, 1, SHARED)
    member = built(partial(EvolvedGenerator, build=build, evolution=evolution))
    member.environment = environment
    start = pack(member.state_dict())
    births = [Birth(seeds=Seeds(0, 1, i), operator=one) for i, one in enumerate(MUTATIONS)]
    with preserved_randomness():
        return [member.bear(start, birth).state for birth in births]


def _discriminator(_, *, build, evolution):
    return SharedDiscriminator(build=build, evolution=evolution)
