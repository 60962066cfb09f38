"""What the command line of `python -m egan.sample` says. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line says."""

    run: Annotated[Path, tyro.conf.Positional]
    """A run directory, or a model.safetensors."""

    output: Path
    """A folder that is not there yet or empty, or a file that ends in .npz, .csv, .txt or .gif."""

    count: int | None = None
    """How many samples; by default 1000, or one for each of --inputs or --captions."""

    seed: int = 0
    """Of all random numbers; another one gives other samples."""

    classes: Annotated[str | None, tyro.conf.arg(metavar="A,B,C")] = None
    """Classes to make in turn, by number or name; by default as often as the data have them."""

    truncation: float | None = None
    """Better samples that are more alike: StyleGAN's ψ from 0 to 1, BigGAN's threshold of z."""

    inputs: Path | None = None
    """A folder of images, or a .npz, for a model that turns images into others; for one that goes
    on with films a folder of them, each a folder of frames, a GIF, or a video file."""

    captions: Path | None = None
    """A text with a caption in each line, to make samples of in turn; by default of those that the
    data have. Words are those that the model has learned."""

    text_encoder: Annotated[str | None, tyro.conf.arg(metavar="MODULE:FUNCTION")] = None
    """Your function from a list of captions to their codes (N, D), where the model was trained with
    one: for captions that are not in its data, of any words."""

    poses: Annotated[str | None, tyro.conf.arg(metavar="A,B,C")] = None
    """Yaws in degrees, from -90 to 90, that each of --inputs is turned to; by default 0, straight
    ahead. Say --poses=-45,0 where the first one is negative."""

    ages: Annotated[str | None, tyro.conf.arg(metavar="A,B,C")] = None
    """Ages to bring each of --inputs to, by number from 0 or name; by default to every one."""

    device: Literal["cpu", "cuda"] = "cpu"
    """Where samples are computed."""
