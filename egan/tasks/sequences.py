"""Saying sequences of tokens like those of the data."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

import fitness
from egan.data.kinds import Tokens
from egan.data.spelling import texts
from egan.judging.chains import MarkovChain
from egan.judging.reference import SEED
from egan.reporting.writing import text_table
from egan.tasks.base import Draw, Needs, Scores, Task

if TYPE_CHECKING:
    from PIL import Image

NUM_SHOWN = 24
WIDEST = 64
"""Characters of a sequence that are shown."""


class Sequences(Task):
    """Sequences of tokens (N, T) that are distributed as the data are.

    A model offers ``samples(count, rng)`` and, if it can, ``log_density(tokens, rng)``, (N, T) ->
    (N,). Where the data have an oracle, fitness is minus what that says of samples: its negative
    log likelihood of a token, in nats. It asks whether samples are good and not whether they
    differ; so what the model says of held-out data, and how many samples are distinct, are told
    beside it. Elsewhere fitness is minus the divergence of n-grams from held-out data.
    """

    needs: ClassVar = Needs(kinds=(Tokens,))
    leading: ClassVar[tuple[str, ...]] = ("oracle_nll", "ngram_divergence", "token_nll")

    @property
    def meaning(self) -> str:
        """Say who judges."""
        if self.data.oracle is not None:
            return (
                "minus the oracle's negative log likelihood of a token of a sample, in nats: it "
                "asks how good samples are, not whether they differ"
            )
        return "minus the divergence of n-grams between samples and held-out data: 0 at best"

    def score(self, model: Any, rng: torch.Generator) -> Scores:
        """Score samples by the oracle, or by their n-grams."""
        return self.appraised(model.samples(self.num_judged, rng))

    def appraised(self, tokens: Tensor) -> Scores:
        """Score samples (N, T): fitness, and what it is made of."""
        name = "oracle_nll" if self.data.oracle is not None else "ngram_divergence"
        value = self.oracle_nll(tokens) if self.data.oracle is not None else self.apart(tokens)
        return {"fitness": -value, name: value}

    def oracle_nll(self, tokens: Tensor) -> float:
        """Return the oracle's mean of −log p of samples (N, T), in nats of a token."""
        assert self.data.oracle is not None
        return -float(self.data.oracle.log_probability(tokens.numpy()).mean()) / tokens.shape[1]

    def apart(self, tokens: Tensor) -> float:
        """Return the divergence of n-grams of samples (N, T) and held-out data."""
        held_out, most = self.held_out.real(self.num_judged), min(3, tokens.shape[1])
        return fitness.ngram_divergence(tokens.numpy(), held_out.numpy(), most=most)

    def look(self, model: Any, rng: torch.Generator) -> Scores:
        """Judge samples in all ways, and what the model says of held-out data."""
        scores = self.judged(model.samples(self.num_judged, rng))
        if hasattr(model, "log_density"):
            held_out = self.held_out.real(self.num_judged)
            scores["token_nll"] = self.of_a_token(model.log_density(held_out, rng))
        return scores

    def judged(self, tokens: Tensor) -> Scores:
        """Judge samples (N, T) in all ways."""
        scores = self.appraised(tokens)
        apart = {"ngram_divergence": self.apart(tokens)}
        return {**scores, **apart, "distinct": fitness.distinct(tokens.numpy())}

    def of_a_token(self, nats: Tensor) -> float:
        """Return the mean of −log p (N,) of sequences, for each token."""
        return -float(nats.mean()) / self.shape[0]

    def pictures(self, model: Any) -> dict[str, Draw]:
        """Show samples beside real sequences."""
        return {"samples": partial(self.show_samples, model)}

    def show_samples(self, model: Any, rng: torch.Generator) -> Image.Image:
        """Write 24 samples beside as many real sequences, with what the oracle says of each."""
        made = {"samples": model.samples(NUM_SHOWN, rng)}
        return self.show({**made, "real": self.data.real(NUM_SHOWN)} if self.data.is_here else made)

    def show(self, sets: Mapping[str, Tensor]) -> Image.Image:
        """Write sequences (N, T) in columns under their names."""
        columns: dict[str, list[str]] = {}
        for name, tokens in sets.items():
            said = texts(tokens, self.data.spelling, width=self._digits)
            columns[name] = [text.ljust(self._widest) for text in said]
            if self.data.oracle is not None:
                nats = -self.data.oracle.log_probability(tokens.numpy()) / tokens.shape[1]
                columns[f"NLL, {name}"] = [f"{value:5.2f}" for value in nats]
        return text_table(columns, widest=self._widest)

    @property
    def _widest(self) -> int:
        """Return the characters that a column has, the same at every look."""
        if not self.data.is_here:
            return WIDEST
        real = texts(self.data.real(NUM_SHOWN), self.data.spelling, width=self._digits)
        return min(WIDEST, max(map(len, real)))

    @property
    def _digits(self) -> int:
        kind = self.data.kind
        assert isinstance(kind, Tokens)
        return len(str(kind.vocabulary - 1))

    def show_real(self) -> Image.Image:
        """Write real sequences."""
        return self.show({"real": self.data.real(NUM_SHOWN)})

    def baselines(self) -> Mapping[str, Scores]:
        """Judge real sequences that were held out, a Markov chain, tokens by place, and noise."""
        rng, kind = torch.Generator().manual_seed(SEED), self.data.kind
        assert isinstance(kind, Tokens)
        every = self.data.tensor(np.arange(len(self.data)))
        chain = MarkovChain.counted(every, kind.vocabulary)
        made = {
            "Markov chain": chain.sample(self.num_judged, self.shape[0], rng),
            "each place alone": kind.naive(every, self.num_judged, rng),
            "noise": kind.noise(self.data.samples, self.num_judged, rng),
        }
        found = {name: self.judged(samples) for name, samples in made.items()}
        held_out = self.held_out.real(self.num_judged)
        found["Markov chain"]["token_nll"] = self.of_a_token(chain.log_density(held_out))
        if self.held_out is self.data:
            return found
        return {"floor": self.judged(self.data.real(self.num_judged)), **found}
