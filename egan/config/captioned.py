"""Settings that games of captions share, see `egan.training.captioned`. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from egan.config.settings import GameSettings


@dataclass(frozen=True, kw_only=True)
class CaptionedSettings(GameSettings):
    """What every game has whose players are told a caption."""

    STRUCTURAL: ClassVar[tuple[str, ...]] = (
        *("width", "discriminator_width", "latent_dim", "norm"),
        *("text", "text_dim", "condition_dim"),
    )
    MAY_BE_ZERO: ClassVar[tuple[str, ...]] = ("text_updates",)

    width: int = 64
    """Channels of the generator's last hidden layer; they double inwards."""
    discriminator_width: int = 64
    """Channels of the discriminator's first layer; they double inwards."""
    norm: Literal["spectral", "batch", "none"] = "spectral"
    """Constraint on the discriminator's weights, or batch norm, which the paper has."""
    text: Literal["bag", "gru"] = "gru"
    """The text encoder: a mean of words' vectors, or a recurrent network, heeding order; with
    --text-encoder a linear map of what that makes of captions."""
    text_dim: int = 1024
    """Numbers of a caption's code (phi)."""
    condition_dim: int = 128
    """Numbers that both players make of it."""
    text_updates: int = 2000
    """Updates at the start in which the text encoder learns, alone."""
    text_lr: float = 1e-3
    """Adam's learning rate of the text encoder, and of the encoder of images beside it."""
    cls_weight: float = 0.5
    """Weight of real images with wrong captions in the discriminator's loss; 0 for none."""
    fake_weight: float = 0.5
    """Weight of generated images in the discriminator's loss; 1 where there are no wrong pairs."""

    def check(self) -> None:
        """See that every number is in its range."""
        super().check()
        if self.fake_weight == 0:
            raise ValueError(
                "--fake-weight must be above 0, or the discriminator never sees a sample."
            )
