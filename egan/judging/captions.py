"""Whether images show what their captions say, told by somebody who is not the model.

Of rendered shapes an exact reader knows: it reads shape, colour, size and place off an image
(`egan.judging.attributes`), and words have known meanings. Of other images a linear map does, from
features of a fixed classifier to the words of a caption, fitted to real images: a caption matches
where it suits its image better than nine others do. Chance is a tenth.
"""

from __future__ import annotations

import numpy as np
import torch

from egan.data.captioned_shapes import MEANINGS
from egan.data.dataset import CAPTIONS, Array, Dataset
from egan.data.shapes import ATTRIBUTES
from egan.data.spelling import Spelling
from egan.judging.attributes import read
from egan.judging.features import Features

FREE = -1
"""The index of an attribute that a caption does not tell."""
OTHERS = 9
"""Captions that a caption is set against."""
NUM_FITTED = 2000
RIDGE = 1e-2
"""How much the map is held small, as a share of the features' mean variance."""
COMBINED = ("shape", "colour")
"""The attributes that every caption tells, which are asked for together."""


def has_reader(data: Dataset) -> bool:
    """Return whether an exact reader knows the attributes and the words."""
    known = set(ATTRIBUTES) <= set(data.annotations)
    return known and data.wording is not None and set(MEANINGS) <= set(data.wording.words)


def asked(captions: Array, wording: Spelling) -> dict[str, Array]:
    """Return the attributes that captions (N, T) tell: indices (N,) by name, -1 where free."""
    meaning = {name: np.full(len(wording.words), FREE) for name in ATTRIBUTES}
    for token, word in enumerate(wording.words):
        if word in MEANINGS:
            name, index = MEANINGS[word]
            meaning[name][token] = index
    return {name: table[captions].max(axis=1) for name, table in meaning.items()}


def told_right(images: torch.Tensor, captions: Array, wording: Spelling) -> dict[str, Array]:
    """Return by attribute whether images (N, 3, H, W) have what captions (N, T) ask, (N,) bool.

    What is free is right; what cannot be read is wrong.
    """
    found, wanted = read(images), asked(captions, wording)
    return {
        name: found.readable & ((wanted[name] == FREE) | (wanted[name] == getattr(found, name)))
        for name in ATTRIBUTES
    }


def accuracies(images: torch.Tensor, captions: Array, wording: Spelling) -> dict[str, float]:
    """Return how often shape and colour are right together, and all that a caption tells."""
    right = told_right(images, captions, wording)
    combined = np.all([right[name] for name in COMBINED], axis=0)
    return {
        "accuracy": float(combined.mean()),
        "as_told": float(np.all([*right.values()], axis=0).mean()),
    }


def never_seen(data: Dataset) -> list[dict[str, str]]:
    """Return the combinations of shape and colour of which there is no image, though of each one.

    Of each combination all sizes and places, in turn.
    """
    shape, colour = (data.annotations[name] for name in COMBINED)
    seen = set(zip(shape.tolist(), colour.tolist(), strict=True))
    missing = [(s, c) for s in np.unique(shape) for c in np.unique(colour) if (s, c) not in seen]
    return [
        {
            "shape": ATTRIBUTES["shape"][s],
            "colour": ATTRIBUTES["colour"][c],
            "size": size,
            "place": place,
        }
        for s, c in missing
        for size in ATTRIBUTES["size"]
        for place in ATTRIBUTES["place"]
    ]


class Matcher:
    """Tells which of ten captions suits an image best.

    By ridge regression from features to which words a caption has: W = (F'F + λ I)⁻¹ F'B with F
    (N, F) centred features of real images and B (N, V) their bags of words, centred, each divided
    by the deviation of its word. A caption suits an image by the cosine of its bag and F W.

    Args:
        data: Real images with captions.
        features: Of a fixed reference.
    """

    def __init__(self, data: Dataset, features: Features) -> None:
        assert data.wording is not None
        self.features, self.count = features, len(data.wording.words)
        chosen = data.spread(NUM_FITTED)
        captions = data.annotations[CAPTIONS][chosen]
        bags = np.maximum.reduce([self._bags(captions[:, k]) for k in range(captions.shape[1])])
        known = features.features(data.tensor(chosen)).astype(np.float64)
        self.centre, self.mean = known.mean(axis=0), bags.mean(axis=0)
        self.deviation = np.sqrt(np.maximum(self.mean * (1 - self.mean), 1.0 / len(bags)))
        known = known - self.centre
        gram = known.T @ known
        ridge = RIDGE * max(np.trace(gram) / len(gram), 1e-12)
        self.map = np.linalg.solve(gram + ridge * np.eye(len(gram)), known.T @ self._scaled(bags))

    def _bags(self, captions: Array) -> Array:
        """Return which words captions (N, T) have, (N, V)."""
        bags = np.zeros((len(captions), self.count))
        np.put_along_axis(bags, captions.astype(np.int64), 1.0, axis=1)
        bags[:, 0] = 0.0
        return bags

    def _scaled(self, bags: Array) -> Array:
        return np.asarray((bags - self.mean) / self.deviation)

    def share(self, images: torch.Tensor, captions: Array) -> float:
        """Return how often images (N, C, H, W) suit their captions (N, T) best, of ten.

        The others are those of the next images; one that is the same is no rival.
        """
        said = (self.features.features(images).astype(np.float64) - self.centre) @ self.map
        bags = self._scaled(self._bags(captions))
        bags /= np.maximum(np.linalg.norm(bags, axis=1, keepdims=True), 1e-12)
        own = (said * bags).sum(axis=1)
        best = np.ones(len(own), dtype=bool)
        for step in range(1, min(OTHERS, len(own) - 1) + 1):
            rivals = np.roll(bags, step, axis=0)
            same = (rivals == bags).all(axis=1)
            best &= same | ((said * rivals).sum(axis=1) < own)
        return float(best.mean())
