"""The Inception network of the published FID (Heusel et al. 2017, arXiv 1706.08500).

Network, weights and their resizing are torch-fidelity's, which gives the numbers of the authors'
TensorFlow code. The weights are downloaded once, into torch's own cache.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch

from egan.judging.extractors import colour_levels, in_parts

FEATURES = "2048"
"""The layer: the last pooling's 2,048 features."""
INSTEAD = (
    "Or name a TorchScript file of the network, such as StyleGAN's inception-2015-12-05.pt: "
    "--features inception-2015-12-05.pt."
)


class Inception:
    """Maps images (N, C, H, W) in [-1, 1] to features (N, 2048).

    Args:
        weights: A file of weights; by default the published ones, downloaded once.

    Raises:
        ValueError: The library cannot be imported, or the weights not be fetched.
    """

    def __init__(self, weights: Path | None = None) -> None:
        self._network = _built(None if weights is None else str(weights))

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Return the features of the last pooling."""
        return in_parts(lambda part: self._network(colour_levels(part))[0], images)


def _built(weights: str | None) -> Any:
    module = _library()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            network = module.FeatureExtractorInceptionV3(
                "inception-v3-compat", [FEATURES], feature_extractor_weights_path=weights
            )
    except (OSError, RuntimeError) as error:  # no network, no disk, or half a file
        url = getattr(module, "URL_INCEPTION_V3", "its page of releases")
        folder = Path(torch.hub.get_dir(), "checkpoints")
        raise ValueError(
            f"the weights of the Inception network cannot be had: {error}. On a machine that "
            f"reaches it, get {url} and put it into {folder}. {INSTEAD}"
        ) from error
    return network.eval().requires_grad_(False)


def _library() -> Any:
    """Import torch-fidelity's network, which needs a torchvision that fits torch.

    Raises:
        ValueError: It cannot be imported.
    """
    try:
        from torch_fidelity import feature_extractor_inceptionv3
    except (ImportError, RuntimeError) as error:  # of a torchvision for another torch
        raise ValueError(
            f"--features inception needs torch-fidelity, which cannot be imported ({error}): "
            f"pip install 'egan[inception]', with a torchvision that fits your torch. {INSTEAD}"
        ) from error
    return feature_extractor_inceptionv3
