"""A DataLoader that knows its place in the epoch, so that training goes on in the middle of one."""

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader


class ResumableLoader:
    """Batches of a data set, shuffled anew in each epoch, with a state.

    Lightning saves and loads that state by itself; a member of one's own puts it into its
    `state_dict`. Iterating goes on where the state was taken, and then ends with the epoch.

    Args:
        dataset: The data set, which has a length.
        batch_size: Samples of a batch.
        shuffle: Whether each epoch has an order of its own; torch's global stream, which the engine
            seeds, gives it.
        drop_last: Whether an epoch leaves out a last batch that is smaller.
        options: Further options of `DataLoader`, such as ``num_workers`` and ``collate_fn``.
    """

    def __init__(
        self,
        dataset: Any,
        *,
        batch_size: int,
        shuffle: bool = True,
        drop_last: bool = False,
        **options: Any,
    ) -> None:
        self.dataset, self.batch_size, self.options = dataset, batch_size, options
        self.shuffle, self.drop_last = shuffle, drop_last
        self.seed, self.position = 0, 0

    def __len__(self) -> int:
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Any]:
        if self.position % len(self) == 0:
            self.seed, self.position = int(torch.empty((), dtype=torch.int64).random_()), 0
        parts = torch.split(self._order(), self.batch_size)
        sampler: Any = [part.tolist() for part in parts[self.position : len(self)]]
        for batch in DataLoader(self.dataset, batch_sampler=sampler, **self.options):
            self.position += 1
            yield batch

    def _order(self) -> torch.Tensor:
        """Return the places of the samples in this epoch."""
        if not self.shuffle:
            return torch.arange(len(self.dataset))
        rng = torch.Generator().manual_seed(self.seed)
        return torch.randperm(len(self.dataset), generator=rng)

    def state_dict(self) -> dict[str, int]:
        """Return the order of the epoch, and how many of its batches were given out."""
        return {"seed": self.seed, "position": self.position}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on where a state was taken."""
        self.seed, self.position = state["seed"], state["position"]
