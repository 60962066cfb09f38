"""Melodies like those of the data: judged by rules, and by the steps from tone to tone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

import fitness
from egan.data.notes import HIGHEST, LOWEST, Notes
from egan.judging.chains import MarkovChain
from egan.judging.reference import SEED
from egan.reporting.showing import show
from egan.tasks.base import Draw, Needs, Scores, Task

if TYPE_CHECKING:
    from PIL import Image

    from egan.data.dataset import Array

PITCH = 1
"""The place of the pitch in a note."""
OCTAVE = 12
"""Steps beyond this are counted as this."""


class Melodies(Task):
    """Melodies (N, T, 4) whose notes have length, pitch, intensity and a gap before them.

    A model offers ``samples(count, rng)``, in [-1, 1]. Fitness is minus the share of tones that are
    out of scale, see `fitness.out_of_scale`, and minus the divergence of runs of one to three steps
    from tone to tone from those of held-out data: a melody on one tone breaks no rule, but is far
    from the data. How far tones reach and how often they return is told beside it.
    """

    needs: ClassVar = Needs(kinds=(Notes,))
    leading: ClassVar[tuple[str, ...]] = ("out_of_scale", "step_divergence", "tone_span")

    @property
    def meaning(self) -> str:
        """Say what is subtracted from nothing."""
        return (
            "minus the share of tones out of scale, minus the divergence of steps from tone to "
            "tone between samples and held-out data"
        )

    def score(self, model: Any, rng: torch.Generator) -> Scores:
        """Score melodies by scale and steps."""
        return self.appraised(model.samples(self.num_judged, rng))

    def appraised(self, melodies: Tensor) -> Scores:
        """Score melodies (N, T, 4): fitness, and what it is made of; NaN if one is not finite."""
        names = ("fitness", "out_of_scale", "step_divergence")
        if not torch.isfinite(melodies).all():
            return dict.fromkeys(names, float("nan"))
        pitches, real = self.pitches(melodies), self.pitches(self.held_out.real(self.num_judged))
        apart = fitness.ngram_divergence(steps(pitches), steps(real))
        out = fitness.out_of_scale(pitches)
        return dict(zip(names, (-out - apart, out, apart), strict=True))

    def look(self, model: Any, rng: torch.Generator) -> Scores:
        """Judge melodies in all ways."""
        return self.judged(model.samples(self.num_judged, rng))

    def judged(self, melodies: Tensor) -> Scores:
        """Judge melodies (N, T, 4) in all ways."""
        scores = self.appraised(melodies)
        if not torch.isfinite(melodies).all():
            return {**scores, "tone_span": float("nan"), "repetition": float("nan")}
        pitches = self.pitches(melodies)
        reach = {"tone_span": fitness.tone_span(pitches)}
        return {**scores, **reach, "repetition": fitness.repetition(pitches)}

    def pitches(self, melodies: Tensor) -> Array:
        """Return the pitches (N, T) of melodies (N, T, 4), in semitones."""
        pitches: Array = self.data.kind.encode(melodies)[:, :, PITCH].astype(np.int64)
        return pitches

    def pictures(self, model: Any) -> dict[str, Draw]:
        """Show melodies as piano rolls."""
        return {"samples": partial(self.show_samples, model)}

    def show_samples(self, model: Any, rng: torch.Generator) -> Image.Image:
        """Draw twelve melodies as piano rolls: a line for each C, darker the louder."""
        return self.show(model.samples(self.data.kind.num_shown, rng))

    def show(self, melodies: Tensor) -> Image.Image:
        """Draw melodies (N, T, 4)."""
        return show(self.data.kind, melodies.cpu().numpy(), columns=2)

    def show_real(self) -> Image.Image:
        """Draw real melodies in the same way."""
        return self.show(self.data.real(self.data.kind.num_shown))

    def baselines(self) -> Mapping[str, Scores]:
        """Judge real melodies, a Markov chain of tones, numbers of their own normal law, and noise.

        The chain's lengths, intensities and gaps are drawn for each place from the real ones there.
        """
        rng, kind = torch.Generator().manual_seed(SEED), self.data.kind
        every = self.data.tensor(np.arange(len(self.data)))
        made = {
            "Markov chain": self._chained(every, rng),
            "Gaussian": kind.naive(every, self.num_judged, rng),
            "noise": kind.noise(self.data.samples, self.num_judged, rng),
        }
        if self.held_out is not self.data:
            made = {"floor": self.data.real(self.num_judged), **made}
        return {name: self.judged(melodies) for name, melodies in made.items()}

    def _chained(self, every: Tensor, rng: torch.Generator) -> Tensor:
        """Return melodies whose tones depend on the one before alone."""
        tones = torch.from_numpy(self.pitches(every)) - LOWEST
        chain = MarkovChain.counted(tones, HIGHEST - LOWEST + 1)
        count, length = self.num_judged, self.shape[0]
        rows = torch.randint(len(every), (count, length), generator=rng)
        made = every[rows, torch.arange(length)].clone()
        said = chain.sample(count, length, rng).float()
        made[:, :, PITCH] = 2 * said / (HIGHEST - LOWEST) - 1
        return made


def steps(pitches: Array) -> Array:
    """Return the steps (N, T - 1) from tone to tone, in semitones, an octave at most."""
    return np.clip(np.diff(pitches, axis=1), -OCTAVE, OCTAVE)
