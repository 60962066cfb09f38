"""A check for models in other forms than those that the conformance test builds."""

import torch

from egan.collection.testing import built, check_gradients


def check_update(build):
    """A model takes an update, is judged, and makes samples of the right shape and range."""
    member = built(build)
    member.training(True)
    member.rng.manual_seed(0)
    member.update()
    check_gradients(member)
    with member.judging():
        scores = member.score()
        assert "fitness" in scores
        for value in (scores | member.look()).values():
            assert isinstance(value, float)
        samples = member.samples(7, torch.Generator().manual_seed(1))
    assert samples.shape == (7, *member.shape)
    assert samples.dtype == torch.float32
    assert not member.task.data.kind.bounded or samples.abs().max() <= 1
