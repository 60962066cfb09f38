"""A logit of PatchGAN is of a patch of the paper's size."""

import pytest
import torch

from egan.networks.patches import PatchDiscriminator


@pytest.mark.parametrize(("layers", "pixels"), [(1, 16), (2, 34), (3, 70)])
def test_a_patch_has_the_papers_size(layers, pixels):
    network = PatchDiscriminator(1, width=2, num_layers=layers)
    network.layers = torch.nn.Sequential(
        *(one for one in network.layers if not isinstance(one, torch.nn.InstanceNorm2d))
    )
    images = torch.zeros(1, 1, 128, 128, requires_grad=True)
    logits = network(images)
    middle = logits.shape[-1] // 2
    (gradient,) = torch.autograd.grad(logits[0, middle, middle], images)
    assert gradient[0, 0].any(0).sum() == gradient[0, 0].any(1).sum() == pixels


def test_a_norm_without_scales_has_fewer_parameters_and_the_same_layers():
    counts = [
        sum(p.numel() for p in PatchDiscriminator(3, width=64, num_layers=3, affine=a).parameters())
        for a in (True, False)
    ]
    assert counts == [2_766_529, 2_764_737]
