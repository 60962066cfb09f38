"""What GAN and CGAN share: maxout units, the law of their codes, dropout and momentum."""

from functools import partial

import numpy as np
import pytest
import torch

from egan import collection
from egan.collection import testing as checks
from egan.networks.maxout import Maxout

both = pytest.mark.parametrize("name", ["gan", "cgan"])


def test_maxout_takes_the_largest_piece_of_each_unit():
    hidden = torch.tensor([[1.0, 5.0, 2.0, -3.0, -1.0, -2.0]])
    assert Maxout(3)(hidden).tolist() == [[5.0, -1.0]]


@both
@pytest.mark.parametrize(("latent", "low"), [("uniform", -1.0), ("normal", -6.0)])
def test_codes_have_the_law_that_is_asked_for(name, latent, low):
    z = checks.built(checks.tiny(name), {"latent": latent}).codes(5000, torch.Generator())["z"]
    assert low <= float(z.min()) < low / 3
    assert abs(float(z.mean())) < 0.03


@pytest.mark.parametrize(("name", "structure"), [("gan", {}), ("cgan", {"network": "maxout"})])
def test_a_live_game_takes_over_rates_and_dropout(name, structure):
    game = checks.built(checks.tiny(name), structure)
    rates = {"generator_lr": 0.5, "beta1": 0.25, "dropout": 0.125, "ema_decay": 0.75}
    game.configure({**structure, **rates})
    group = game.optimizers["generator"].param_groups[0]
    assert (group["lr"], group["betas"][0]) == (0.5, 0.25)
    assert game.averaging.decay == 0.75
    shares = {m.p for m in game.discriminator.modules() if isinstance(m, torch.nn.Dropout)}
    assert shares == {0.125}


@both
def test_momentum_is_the_papers_optimiser(name):
    settings = checks.small(name).settings.tuned({"optimizer": "sgd", "beta1": 0.7})
    data = checks.random_images((1, 8, 8))
    model = collection.paper(name)
    game = checks.built(partial(model, settings=settings, task=checks.task_of(model, data)))
    assert game.optimizers["generator"].param_groups[0]["momentum"] == 0.7
    assert np.isfinite(game.evaluate()["fitness"])
