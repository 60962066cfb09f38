"""Telling samples again from a few numbers each, beside what principal components tell."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from egan.data.kinds import Images
from egan.tasks.base import Draw, Scores
from egan.tasks.generation import ROW, Generation

if TYPE_CHECKING:
    from PIL import Image

    from egan.data.dataset import Dataset
    from egan.judging.features import Features

NUM_ROWS = 5


class Reconstruction(Generation):
    """Samples (N, *shape) again, from codes of `code_dim` numbers.

    A model offers ``reconstruct(samples)``, in the range of the data, beside ``samples``. Fitness
    is minus the mean squared error of a number of a held-out sample, images in [-1, 1].

    Args:
        data: What is trained on.
        held_out: What is kept from training.
        features: What samples are compared in.
        code_dim: Numbers in a code, so many principal components stand beside it; a model says
            its own.
    """

    leading: ClassVar[tuple[str, ...]] = ("reconstruction_error", "frechet")

    def __init__(
        self, data: Dataset, held_out: Dataset, features: Features, *, code_dim: int = 8
    ) -> None:
        super().__init__(data, held_out, features)
        self.code_dim = code_dim

    @property
    def meaning(self) -> str:
        """Say which error it is."""
        return "minus the mean squared error of held-out samples that were coded and decoded"

    def score(self, model: Any, rng: torch.Generator) -> Scores:  # noqa: ARG002 - nothing is drawn
        """Return the error on held-out samples."""
        samples = self.held_out.real(self.num_judged)
        return compare(model.reconstruct(samples).cpu(), samples)

    def look(self, model: Any, rng: torch.Generator) -> Scores:
        """Return the error, and how far samples are from the data."""
        return {**self.score(model, rng), **super().look(model, rng)}

    def pictures(self, model: Any) -> dict[str, Draw]:
        """Show samples, and held-out data beside what is told of them again."""
        shown = partial(self.show_reconstructions, model)
        return super().pictures(model) | {"reconstructions": shown}

    def show_reconstructions(self, model: Any, rng: torch.Generator) -> Image.Image:  # noqa: ARG002
        """Draw rows of held-out images, each over what is told of them again; points alone."""
        samples = self.held_out.real(NUM_ROWS * ROW)
        again = model.reconstruct(samples).cpu()
        if not isinstance(self.data.kind, Images):
            return self.show(again)
        rows = zip(torch.split(samples, ROW), torch.split(again, ROW), strict=True)
        names = ("real", "again") * -(-len(samples) // ROW)
        whole = len(samples) % ROW == 0  # names are of whole rows
        pictures = torch.cat([row for pair in rows for row in pair])
        return self.show(pictures, row_names=names if whole else ())

    def baselines(self) -> Mapping[str, Scores]:
        """Add what the mean of the data is worth, and as many principal components."""
        real, held_out = (
            part.tensor(np.arange(len(part))).flatten(1) for part in (self.data, self.held_out)
        )
        clamp = self.data.kind.clamp
        mean = real.mean(dim=0).expand_as(held_out)
        told = clamp(principal(real, held_out, self.code_dim))
        return {
            "principal components": compare(told, held_out),
            "mean": compare(mean, held_out),
            **super().baselines(),
        }


def compare(told: Tensor, samples: Tensor) -> Scores:
    """Score what was told of samples (N, *shape) again."""
    error = float((told - samples).square().mean())
    return {"fitness": -error, "reconstruction_error": error}


def principal(real: Tensor, held_out: Tensor, num: int) -> Tensor:
    """Tell rows (M, F) again from `num` principal components of rows (N, F): (M, F)."""
    from sklearn.decomposition import PCA

    num = min(num, *real.shape)
    with np.errstate(invalid="ignore"):  # shares of a variance that may be 0: nobody reads them
        law = PCA(num, random_state=0).fit(real.double().numpy())
    again = law.inverse_transform(law.transform(held_out.double().numpy()))
    return torch.from_numpy(again).to(real.dtype)
