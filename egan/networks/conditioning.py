"""How a network is told what to make or to judge: a class, a style, any vector of a condition.

A class y of K is the condition `one_hot(y, K).float()` (N, K). Shapes: N batch, K condition, F
features, C H W image.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

EPS = 1e-5


def concatenate(samples: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
    """Append a condition (N, K) to samples: to codes or points (N, D), or to images as K planes.

    (N, D) -> (N, D + K), (N, C, H, W) -> (N, C + K, H, W) with each number spread over its plane.

    Raises:
        ValueError: If `condition` is not (N, K) with the samples' N.

    Mirza and Osindero 2014, arXiv 1411.1784.
    """
    if condition.dim() != 2 or len(condition) != len(samples):
        raise ValueError(
            f"condition must have shape (N, K) with N = {len(samples)}, one row for each sample, "
            f"but got {tuple(condition.shape)}; labels become one with torch's one_hot."
        )
    spread = condition[(...,) + (None,) * (samples.dim() - 2)]
    return torch.cat([samples, spread.expand(-1, -1, *samples.shape[2:]).to(samples)], dim=1)


class ConditionalNorm(nn.Module):
    """Normalise feature maps, then scale and shift them as a condition asks.

    y = gain(e) * (x - mean) / std + shift(e), x (N, F, H, W), e (N, K), with gain(e) = 1 + A e + a
    and shift(e) = B e + b. `statistics` says what mean and std are of:

    - "batch": a feature in the whole batch, running averages in evaluation mode. With a class
      embedding as e, conditional batch norm (de Vries et al. 2017, arXiv 1707.00683; shared by all
      layers in Brock et al. 2018, arXiv 1809.11096).
    - "instance": a feature in one sample. With a style as e, AdaIN (Huang and Belongie 2017, arXiv
      1703.06868; Karras et al. 2018, arXiv 1812.04948).

    Args:
        num_features: F.
        condition_dim: K.
        statistics: "batch" or "instance".
        linear: Builds the two maps from (N, K) to (N, F), `nn.Linear` by default.
        eps: What is added to the variance.

    Raises:
        ValueError: If `statistics` is neither.
    """

    def __init__(
        self,
        num_features: int,
        *,
        condition_dim: int,
        statistics: str = "batch",
        linear: Callable[[int, int], nn.Module] = nn.Linear,
        eps: float = EPS,
    ) -> None:
        super().__init__()
        norms = {"batch": nn.BatchNorm2d, "instance": nn.InstanceNorm2d}
        if statistics not in norms:
            raise ValueError(f"statistics must be 'batch' or 'instance', but got {statistics!r}.")
        self.norm: nn.Module = norms[statistics](num_features, affine=False, eps=eps)
        self.gain = linear(condition_dim, num_features)
        self.shift = linear(condition_dim, num_features)

    def forward(self, hidden: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """Map features (N, F, H, W) and a condition (N, K) to features (N, F, H, W)."""
        gain = 1 + self.gain(condition)[..., None, None]
        shift = self.shift(condition)[..., None, None]
        scaled: torch.Tensor = gain * self.norm(hidden) + shift
        return scaled


class ProjectionHead(nn.Module):
    """Judge features together with a class: t = psi(f) + <embed(y), f>, (N, F), (N,) -> (N,).

    psi is linear. The optimal logit splits into log p(y|x) / q(y|x) and log p(x) / q(x), and where
    the first is linear in f, it is this inner product.

    Args:
        num_features: F.
        num_classes: Classes, 0 to num_classes - 1.

    Miyato and Koyama 2018, arXiv 1802.05637.
    """

    def __init__(self, num_features: int, *, num_classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(num_features, 1)
        self.embedding = nn.Embedding(num_classes, num_features)

    def forward(self, features: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Map features (N, F) and integer labels (N,) to logits (N,)."""
        matches = (self.embedding(labels) * features).sum(1)
        logits: torch.Tensor = self.linear(features).squeeze(1) + matches
        return logits
