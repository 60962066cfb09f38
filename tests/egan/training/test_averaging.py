import pickle
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from egan import collection
from egan.collection.testing import built, tiny
from egan.runs.showcase import Showcase
from egan.training.averaging import ExponentialAveraging, own_statistics
from egan.training.model import BATCH
from egan.training.sides import NUM_STATISTICS, STATISTICS
from population.seeding import Seeds
from population.state import pack


def averaged(decay, steps):
    network = nn.Linear(1, 1, bias=False)
    average = AveragedModel(network, multi_avg_fn=ExponentialAveraging(decay))
    expected = None
    for step in range(steps):
        nn.init.constant_(network.weight, float(step))
        average.update_parameters(network)
        rate = min(decay, (1 + step) / (10 + step))
        expected = float(step) if step == 0 else rate * expected + (1 - rate) * step
    return average.module.weight.item(), expected


@pytest.mark.parametrize("decay", [0.5, 0.999])
def test_the_average_starts_low_and_keeps_to_its_decay(decay):
    found, expected = averaged(decay, 40)
    assert found == pytest.approx(expected, rel=1e-5)


def test_it_pickles_and_its_decay_can_be_changed():
    averaging = pickle.loads(pickle.dumps(ExponentialAveraging(0.9)))
    averaging.decay = 0.0
    old, new = torch.ones(2), torch.zeros(2)
    averaging([old], [new], 1000)
    assert torch.equal(old, new)


def test_own_statistics_are_the_means_over_the_passes():
    network = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(3), nn.Linear(3, 2)).eval()
    batches = torch.randn(2, 50, 3, generator=torch.Generator().manual_seed(0)) * 4 + 1
    own_statistics(network, lambda: [network(batch) for batch in batches])
    torch.testing.assert_close(network[1].running_mean, batches.mean(dim=(0, 1)))
    torch.testing.assert_close(network[1].running_var, batches.var(dim=1).mean(dim=0))
    assert network[1].momentum == 0.1
    assert not any(module.training for module in network.modules())


def trained(*, updates, looks=()):
    """Return a tiny DCGAN after some updates, judged on the way where it is asked."""
    model = built(tiny("dcgan"))
    for update in range(1, updates + 1):
        model.seeds = Seeds(0, update, 0)
        model.interval = 1
        model.step()
        if update in looks:
            model.evaluate()
    return model


def statistics(network):
    return {name: b.clone() for name, b in network.named_buffers() if "running" in name}


def test_a_judged_average_has_statistics_of_its_own():
    model = trained(updates=4)
    raw = statistics(model.generator)
    assert all(torch.equal(raw[name], b) for name, b in statistics(model.average).items())
    with model.judging():
        own = statistics(model.average)
    codes = model.codes(NUM_STATISTICS, torch.Generator().manual_seed(STATISTICS))["z"]
    norms = [m for m in model.average.modules() if isinstance(m, nn.BatchNorm2d)]
    seen = []
    handle = norms[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        model.average.eval()
        for part in codes.split(BATCH):
            model.average(part)
    handle.remove()
    mean = torch.stack([x.mean(dim=(0, 2, 3)) for x in seen]).mean(0)
    variance = torch.stack([x.var(dim=(0, 2, 3)) for x in seen]).mean(0)
    torch.testing.assert_close(norms[0].running_mean, mean)
    torch.testing.assert_close(norms[0].running_var, variance)
    assert all(torch.equal(raw[name], b) for name, b in statistics(model.generator).items())
    assert any(not torch.allclose(own[name], raw[name], rtol=0.05) for name in own)


def test_being_judged_changes_no_bit_of_training():
    plain, judged = trained(updates=5), trained(updates=5, looks=(1, 2, 4))
    assert (pack(plain.state_dict()).buffer == pack(judged.state_dict()).buffer).all()


def test_statistics_are_a_function_of_the_weights():
    one, other = trained(updates=4), trained(updates=4, looks=(2, 4))
    scores = one.evaluate()
    assert scores == other.evaluate() == one.evaluate()
    assert (pack(one.state_dict()).buffer == pack(other.state_dict()).buffer).all()
    fresh = built(tiny("dcgan"))
    fresh.load_state_dict(trained(updates=4).state_dict())
    fresh.seeds = one.seeds
    assert fresh.evaluate() == scores


def test_what_is_saved_has_them_too(tmp_path):
    model = trained(updates=4)
    config = collection.preset("dcgan")
    config = replace(config, settings=config.settings.tuned(collection.paper("dcgan").tiny))
    showcase = Showcase(config, type(model), model.task)
    showcase.load(model.state_dict())
    showcase.save(tmp_path / "model.safetensors", steps=4)
    with model.judging():
        own = statistics(model.average)
    saved = statistics(collection.load(tmp_path / "model.safetensors").average)
    assert own.keys() == saved.keys()
    assert all(torch.equal(own[name], saved[name]) for name in own)
