"""Saying what comes next in a film: of four frames the fifth, and from there on the ones after."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

import fitness
from egan.data.kinds import Clips, Images
from egan.reporting.showing import show
from egan.tasks.base import Asks, Batch, Codes, Draw, Needs, Scores, Task

if TYPE_CHECKING:
    from PIL import Image

    from egan.data.dataset import Dataset
    from egan.judging.features import Features

PAST, NEXT = "past", "next"
KNOWN, STEPS = 4, 3
"""Frames that a prediction is made from, and how many are predicted one from the other."""
ROWS = 4
FILM_SIDE, FRAME = 128, 4
"""Pixels that a frame of a film has at least, and those of the line around a predicted one."""
MARK = "#d62728"


class Prediction(Task):
    """From four frames of a clip (N, 4, C, H, W) to those that come next (N, S, C, H, W).

    A batch has frames (N, C, H, W), each with its "past", the four before it. A model offers
    ``predict(past, steps, rng)``, where each frame follows from the four before it, of which those
    are predicted too that are not known. Scores look at held-out clips: the PSNR and the
    `fitness.sharpness` of the next frame, and the mean PSNR of the next three. Fitness: PSNR plus
    sharpness, both in dB. PSNR alone is best for the mean of all that may come, which is blurred.

    Args:
        data: Clips to learn from, of five frames or more.
        held_out: Those that predictions are judged on.
        features: Not looked at.

    Raises:
        ValueError: Clips are shorter.
    """

    needs: ClassVar = Needs(
        kinds=(Clips,),
        mend="Give --data.name bouncing, --data.name films, or films of yours, a folder of frames, "
        "a GIF or a video file each: --data.name clips --data.path films/ --data.image-size 32.",
    )
    asks: ClassVar = Asks(inputs=True)
    leading: ClassVar[tuple[str, ...]] = ("psnr", "sharpness", "recursive_psnr")
    num_judged: int = 250

    def __init__(self, data: Dataset, held_out: Dataset, features: Features) -> None:
        self.needs.check(data, who="a prediction")
        if data.shape[0] <= KNOWN:
            raise ValueError(
                f"a prediction takes clips of {KNOWN + 1} frames or more, but those of {data.name} "
                f"have {data.shape[0]}. Give longer ones."
            )
        super().__init__(data, held_out, features)

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """The shape of a frame, (C, H, W)."""
        return self.data.shape[1:]

    @property
    def steps(self) -> int:
        """How many frames are predicted of a clip, at most three."""
        return min(STEPS, self.data.shape[0] - KNOWN)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of what is predicted of a clip, (S, C, H, W)."""
        return (self.steps, *self.frame_shape)

    @property
    def source_shape(self) -> tuple[int, ...]:
        """The shape of what it is predicted from, (4, C, H, W)."""
        return (KNOWN, *self.frame_shape)

    @classmethod
    def compared(cls, data: Dataset) -> Dataset:
        """Return the last frame of each clip.

        Raises:
            ValueError: The data are no clips.
        """
        cls.needs.check(data, who="a prediction")
        frames = data.samples[:, -1]
        return replace(data, name=f"{data.name}, frames", samples=frames, annotations={})

    def draw(self, count: int, rng: torch.Generator) -> Batch:
        """Draw frames (count, C, H, W) with their "past", from any place in clips."""
        clips = self.data.draw(count, rng)
        starts = torch.randint(clips.shape[1] - KNOWN, (count, 1), generator=rng)
        chosen = clips[torch.arange(count)[:, None], starts + torch.arange(KNOWN + 1)]
        return Batch(chosen[:, KNOWN].contiguous(), {PAST: chosen[:, :KNOWN].contiguous()})

    @property
    def meaning(self) -> str:
        """Say what counts."""
        return "the PSNR of the next frame of held-out clips plus its sharpness, in dB"

    def score(self, model: Any, rng: torch.Generator) -> Scores:
        """Return how near predictions of held-out clips are to what came."""
        past, true = self.clips_held_out(self.num_judged)
        return self.compare(model.predict(past, self.steps, rng).cpu(), true)

    def clips_held_out(self, count: int) -> tuple[Tensor, Tensor]:
        """Return the first frames of held-out clips (N, 4, C, H, W), and the next (N, S, ...)."""
        clips = self.held_out.real(count)
        return clips[:, :KNOWN], clips[:, KNOWN : KNOWN + self.steps]

    def compare(self, made: Tensor, true: Tensor) -> Scores:
        """Score predicted frames (N, S, C, H, W); NaN if one is not finite."""
        if not torch.isfinite(made).all():
            return dict.fromkeys(self.compare(torch.zeros_like(made), true), math.nan)
        both = made[:, 0], true[:, 0]
        ratio, edges = fitness.psnr(*both), fitness.sharpness(*both)
        return {
            "fitness": ratio + edges,
            "psnr": ratio,
            "sharpness": edges,
            "recursive_psnr": fitness.psnr(made.flatten(0, 1), true.flatten(0, 1)),
        }

    def make(self, model: Any, count: int, rng: torch.Generator, *, given: Codes) -> Batch:
        """Predict what comes after each "source" that is given, four frames."""
        del count
        past = given["source"]
        return Batch(model.predict(past, self.steps, rng).cpu(), {PAST: past})

    def baselines(self) -> Mapping[str, Scores]:
        """Return what the last frame is worth, going on from two, and the mean of all frames."""
        past, true = self.clips_held_out(self.num_judged)
        mean = self.data.real(self.num_judged).mean(dim=(0, 1)).expand_as(true)
        found = {
            name: self.compare(continued(step, past, self.steps), true)
            for name, step in NAIVE.items()
        }
        return {**found, "mean frame": self.compare(mean, true)}

    def pictures(self, model: Any) -> dict[str, Draw]:
        """Show what was, what the model says comes next, and what came."""
        return {"predictions": partial(self.show_rows, model)}

    def show_rows(self, model: Any, rng: torch.Generator) -> Image.Image:
        """Draw held-out clips, two rows each: past and truth, past and prediction."""
        past, true = self.clips_held_out(ROWS)
        made = model.predict(past, self.steps, rng).cpu()
        pairs = [torch.cat([past, one], dim=1) for one in (true, made)]
        rows = torch.stack(pairs, dim=1).flatten(0, 1)
        return self.show(rows, row_names=("past, truth", "past, output") * len(past))

    def show(self, clips: Tensor, *, row_names: tuple[str, ...] = ()) -> Image.Image:
        """Draw clips (N, T, C, H, W), a row each."""
        return show(self.data.kind, clips.cpu().numpy(), row_names=row_names)

    def show_real(self) -> Image.Image:
        """Draw clips that are learned from."""
        return self.show(self.data.real(self.data.kind.num_shown))

    def film(self, made: Batch) -> list[Image.Image]:
        """Draw the frames of each clip, known ones and then, with a red line, predicted ones."""
        return [frame for i in range(len(made)) for frame in self.frames(made, i)]

    def frames(self, made: Batch, index: int) -> list[Image.Image]:
        """Draw the frames of one clip."""
        from PIL import ImageOps

        past = made.codes[PAST][index].cpu()
        frames = torch.cat([past, made.samples[index].cpu()]).numpy()
        scale = max(1, -(-FILM_SIDE // frames.shape[-1]))
        drawn = [show(Images(), one[None], columns=1, scale=scale).convert("RGB") for one in frames]
        colours = ["white"] * len(past) + [MARK] * len(made.samples[index])
        return [
            ImageOps.expand(one, FRAME, colour) for one, colour in zip(drawn, colours, strict=True)
        ]


def continued(step: Callable[[Tensor], Tensor], past: Tensor, steps: int) -> Tensor:
    """Go on from clips (N, P, C, H, W) frame by frame: (N, steps, C, H, W).

    Args:
        step: Makes of clips (N, P, C, H, W) the frames (N, C, H, W) that come next.
        past: What is known.
        steps: How many frames are made, each from the last P, be they known or made.
    """
    known, frames = past.shape[1], past
    for _ in range(steps):
        frames = torch.cat([frames, step(frames[:, -known:])[:, None].to(past)], dim=1)
    return frames[:, known:]


def _moved_on(past: Tensor) -> Tensor:
    return (2 * past[:, -1] - past[:, -2]).clamp(-1, 1)


NAIVE: dict[str, Callable[[Tensor], Tensor]] = {
    "last frame": lambda past: past[:, -1],
    "straight on": _moved_on,
}
"""What says without learning what comes next, of clips (N, P, C, H, W)."""
