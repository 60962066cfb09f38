"""What a text encoder of the user's makes of captions: one vector each, computed once.

The encoder is a function from a list of captions to an array or a tensor (N, D). A model that is
loaded from its weights knows it no more: captions that it has not seen then need `--text-encoder`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from rich.progress import track

from egan.data.dataset import CAPTIONS, Array, Dataset
from egan.data.spelling import Spelling
from egan.lazy import own_function

if TYPE_CHECKING:
    from torch import Tensor

Encoder: TypeAlias = "Callable[[list[str]], Any]"

WHAT = "text encoder"
FLAG = "--text-encoder"
BATCH = 256
MOST = 2**16
"""Captions at a time, and numbers of a code at most."""
FACTOR = np.uint64(6364136223846793005)
"""Of a key, the sum of tokens times its powers, modulo 2**64."""


@dataclass(eq=False)
class Encodings:
    """The codes of captions.

    Attributes:
        captions: Tokens (M, T) of each caption once.
        codes: What the encoder makes of them, (M, D) float32.
        wording: How tokens are written.
        encoder: What makes codes of others; None where nobody has named it.

    Raises:
        ValueError: There is no code for each caption.
    """

    captions: Array
    codes: Array
    wording: Spelling
    encoder: Encoder | None = None

    def __post_init__(self) -> None:
        if self.captions.ndim != 2 or self.codes.ndim != 2 or len(self.captions) != len(self.codes):
            raise ValueError(
                f"codes of captions must be (M, D), one for each of (M, T) tokens, but got "
                f"{self.codes.shape} for {self.captions.shape}"
            )

    @property
    def dim(self) -> int:
        """D, the numbers of a code."""
        return int(self.codes.shape[1])

    def ask(self, encoder: Encoder, wording: Spelling) -> None:
        """Let an encoder make the codes of captions that are not known, of any words from now on.

        Args:
            encoder: The same one that the known codes are of.
            wording: The words that there were, and after them others.
        """
        self.encoder, self.wording = encoder, wording

    def of(self, tokens: Tensor) -> Tensor:
        """Return the codes (N, D) of captions, tokens (N, T), on their device.

        Raises:
            ValueError: One is not known, and there is no encoder to ask.
        """
        import torch

        asked = tokens.cpu().numpy()
        sought, (known, rows) = keys(asked), self._sorted
        place = np.searchsorted(known, sought).clip(max=len(known) - 1)
        found = self.codes[rows[place]]
        strange = known[place] != sought
        if strange.any():
            found[strange] = self._encoded(asked[strange])
        return torch.from_numpy(found).to(tokens.device)

    @cached_property
    def _sorted(self) -> tuple[Array, Array]:
        """The keys in their order, and whose they are."""
        known = keys(self.captions)
        order = np.argsort(known)
        return known[order], order

    def _encoded(self, tokens: Array) -> Array:
        texts = [self.wording.text(row) for row in tokens.tolist()]
        if self.encoder is None:
            raise ValueError(
                f"the caption {texts[0]!r} was not in the data, and a model that is loaded does "
                f"not know its {WHAT}; name it again: {FLAG} module:function."
            )
        return encode(texts, self.encoder, dim=self.dim)


def keys(tokens: Array) -> Array:
    """Return a number (N,) uint64 of each caption (N, T); what fills a row does not count."""
    powers = np.cumprod(np.full(tokens.shape[1], FACTOR))
    found: Array = (tokens.astype(np.uint64) * powers).sum(axis=1, dtype=np.uint64)
    return found


def encoded(dataset: Dataset, spec: str) -> Dataset:
    """Return a data set whose captions have the codes of an encoder, `module:function`.

    Raises:
        ValueError: It has no captions, or the encoder is none.
    """
    if dataset.wording is None or CAPTIONS not in dataset.annotations:
        raise ValueError(
            f"{FLAG} {spec}: {dataset.name} has no captions; leave it out, or give some: "
            "--data.captions captions.csv --data.path photos/."
        )
    encoder = own_function(spec, what=WHAT)
    rows = dataset.annotations[CAPTIONS]
    _, first = np.unique(keys(rows.reshape(-1, rows.shape[2])), return_index=True)
    captions = rows.reshape(-1, rows.shape[2])[first]
    texts = [dataset.wording.text(row) for row in captions.tolist()]
    codes = encode(texts, encoder)
    return replace(dataset, encodings=Encodings(captions, codes, dataset.wording, encoder))


def encode(texts: Sequence[str], encoder: Encoder, *, dim: int | None = None) -> Array:
    """Return what an encoder makes of texts, (N, D) float32.

    Raises:
        ValueError: It raises, or returns something else.
    """
    import torch

    parts = []
    starts = range(0, len(texts), BATCH)
    for start in track(starts, description="encoding captions", disable=not sys.stderr.isatty()):
        asked = list(texts[start : start + BATCH])
        try:
            with torch.no_grad():
                made = torch.as_tensor(encoder(asked)).detach().float().cpu().numpy()
        except Exception as error:  # a function of the user's may do anything
            raise ValueError(
                f"the {WHAT} raised {type(error).__name__} on {len(asked)} captions, of which the "
                f"first is {asked[0]!r}: {error}. It is called with a list of texts."
            ) from error
        _check(made, len(asked), dim)
        dim = made.shape[1]
        parts.append(made)
    return np.concatenate(parts)


def _check(made: Array, count: int, dim: int | None) -> None:
    fits = made.ndim == 2 and len(made) == count and 0 < made.shape[1] <= MOST
    if not fits or dim not in (None, made.shape[1]):
        raise ValueError(
            f"the {WHAT} returned {made.shape} for {count} captions, but expected ({count}, "
            f"{'D' if dim is None else dim}), a vector for each."
        )
    if not np.isfinite(made).all():
        raise ValueError(f"the {WHAT} returned numbers that are not finite; mend it.")
