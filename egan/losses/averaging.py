"""Terms that compare averages: of features over a batch, of parameters over training."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def feature_matching(real_features: Tensor, fake_features: Tensor) -> Tensor:
    """Bring the mean features together: ‖E[f(x)] − E[f(G(z))]‖², (M, F), (N, F) -> (), in [0, ∞).

    A generator's loss; f is an inner layer of the discriminator, whose own loss stays as it is.
    Features of more than one axis, (N, C, H, W), are flattened. The real ones are constants.

    Raises:
        ValueError: if there are no samples, or the features differ in shape.

    Salimans et al. 2016, arXiv 1606.03498.
    """
    if real_features.shape[1:] != fake_features.shape[1:] or not real_features.dim() > 1:
        raise ValueError(
            "real and fake features must be (M, F) and (N, F) of one layer, but got "
            f"{tuple(real_features.shape)} and {tuple(fake_features.shape)}."
        )
    if not (len(real_features) and len(fake_features)):
        raise ValueError("a mean of features needs at least one real and one fake sample.")
    difference = real_features.detach().mean(0) - fake_features.mean(0)
    return difference.square().sum()


def historical_averaging(parameters: Iterable[Tensor], averages: Iterable[Tensor]) -> Tensor:
    """Pull parameters to their mean over training: Σ ‖θ − (1/t) Σ_i θ[i]‖², a scalar, not weighted.

    The averages are constants. They are kept as a running mean, not as a history, by torch:
    `AveragedModel(network)` with `update_parameters` after every step.

    Raises:
        ValueError: if there are no parameters, or not as many averages.

    Salimans et al. 2016, arXiv 1606.03498.
    """
    pairs = list(zip(parameters, averages, strict=True))
    if not pairs:
        raise ValueError("there are no parameters; pass those of a network and their averages.")
    return torch.stack([(now - mean.detach()).square().sum() for now, mean in pairs]).sum()
