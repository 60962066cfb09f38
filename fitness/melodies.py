"""Rules of melodies: how they keep to a scale, how far they reach, how often they return."""

from __future__ import annotations

import numpy as np

from fitness.arrays import Array

MAJOR = (0, 2, 4, 5, 7, 9, 11)
RUN = 3


def out_of_scale(pitches: Array) -> float:
    """Return the share of tones (N, T), in semitones, out of the major scale that fits best.

    A melody is held against all twelve scales, so that its key does not matter; tones that are
    drawn evenly are out of it in about a third of all cases.
    """
    classes = np.asarray(pitches) % 12
    counts = (classes[..., None] == np.arange(12)).mean(axis=1)
    inside = [counts[:, [(tonic + step) % 12 for step in MAJOR]].sum(axis=1) for tonic in range(12)]
    return float(1 - np.max(inside, axis=0).mean())


def tone_span(pitches: Array) -> float:
    """Return the semitones from a melody's lowest to its highest tone (N, T), in the mean."""
    return float(np.ptp(np.asarray(pitches), axis=1).mean())


def repetition(pitches: Array) -> float:
    """Return the share of runs of three tones (N, T) that came before in the same melody."""
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(pitches), RUN, axis=1)
    known = [1 - len(np.unique(one, axis=0)) / len(one) for one in windows]
    return float(np.mean(known))
