"""How rough images are."""

import pytest
import torch

from egan.losses.smoothness import roughness


def test_roughness_is_of_neighbours():
    image = torch.tensor([[0.0, 1.0], [0.0, 4.0]])[None, None]
    assert roughness(image).item() == pytest.approx(1.5 + 2.5)
