"""Games of several generators that share a batch: who makes which sample, and what each makes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from egan.training.game import Game

if TYPE_CHECKING:
    from PIL import Image

    from egan.tasks import Draw

OWNERS = "owners"
"""The code that says which generator makes a sample."""


class SeveralGenerators(Game):
    """A game whose codes have "owners" (N,), the numbers of those that make samples.

    Its settings count them, `num_generators`; `egan.networks.agents` has networks side by side.
    """

    settings: Any

    def pictures(self) -> dict[str, Draw]:
        """Show samples of all, and of each generator alone."""
        alone = {
            f"generator_{i + 1}": partial(self.show_agent, i)
            for i in range(self.settings.num_generators)
        }
        return {**super().pictures(), **alone}

    def show_agent(self, agent: int, rng: torch.Generator) -> Image.Image:
        """Draw what one generator makes."""
        codes = self.codes(self.task.data.kind.num_shown, rng)
        codes = {**codes, OWNERS: torch.full_like(codes[OWNERS], agent)}
        picture: Image.Image = self.task.show(self.made(codes))
        return picture
