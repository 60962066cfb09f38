"""Persons in several views: which are of whom, which is frontal, and pairs of one person."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from egan.data.dataset import IDENTITY, YAW, Array, Dataset


class Pairs(NamedTuple):
    """Views of a data set, each with another of the same person.

    Attributes:
        source: (N,) indices.
        target: (N,) indices.
    """

    source: Array
    target: Array


class Persons:
    """Which views are of whom.

    Args:
        identity: (N,) whom each view shows.
    """

    def __init__(self, identity: Array) -> None:
        self.order = np.argsort(identity, kind="stable")
        _, first, which, counts = np.unique(
            identity[self.order], return_index=True, return_inverse=True, return_counts=True
        )
        self.place = np.empty(len(identity), np.int64)  # of each view in the order
        self.place[self.order] = np.arange(len(identity))
        self.first, self.counts = first[which], counts[which]  # by place

    def pairs(self, target: Array, share: Array) -> Pairs:
        """Return views (N,), each with another of the person, by shares (N,) in [0, 1) of them."""
        place = self.place[target]
        first, count = self.first[place], self.counts[place]
        step = 1 + np.minimum((share * (count - 1)).astype(np.int64), np.maximum(count - 2, 0))
        return Pairs(self.order[first + (place - first + step) % count], target)


def frontal(data: Dataset) -> Array:
    """Return the index of the view of each person that is turned the least, in their order."""
    identity, yaw = data.annotations[IDENTITY], np.abs(data.annotations[YAW])
    order = np.lexsort((yaw, identity))
    return order[np.unique(identity[order], return_index=True)[1]]


def with_frontal(data: Dataset, views: Array) -> Pairs:
    """Return views (N,) of data, each with the frontal view of the same person."""
    front, persons = frontal(data), data.annotations[IDENTITY]
    return Pairs(views, front[np.searchsorted(persons[front], persons[views])])


def by_yaw(data: Dataset, person: int) -> Array:
    """Return the indices of a person's views, from the left to the right."""
    views = np.flatnonzero(data.annotations[IDENTITY] == person)
    return views[np.argsort(data.annotations[YAW][views], kind="stable")]
