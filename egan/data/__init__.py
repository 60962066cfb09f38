"""Data sets by name: `load("digits")`, `load("folder", path="photos", image_size=32)`.

Each can be had whole or in two fixed parts: `load("digits", split="train")`, `split="test"`.

Importing this package costs nothing: numpy, scikit-learn and pillow come with the first `load`,
torch with the first draw. A new data set is one file with a `load` function and one line below.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from egan.lazy import Lazy, lookup

if TYPE_CHECKING:
    from egan.data.dataset import Dataset
    from egan.data.splits import Split

LOADERS: dict[str, Lazy[Dataset]] = {
    "digits": Lazy("egan.data.digits:load", "1,797 handwritten digits of scikit-learn, 8x8 grey"),
    "overlapped_digits": Lazy(
        "egan.data.overlapped_digits:load", "24,000 pairs of digits, one over the other, 12x12 grey"
    ),
    "mnist5k": Lazy("egan.data.mnist5k:load", "5,000 digits of MNIST, 28x28 grey; egan[data]"),
    "overlapped_mnist5k": Lazy(
        "egan.data.overlapped_digits:load_mnist5k", "24,000 pairs of those, 36x36 grey; egan[data]"
    ),
    "stacked_mnist": Lazy(
        "egan.data.stacked_mnist:load", "24,000 images of three of those, a channel each; 28x28"
    ),
    "digits_to_mnist": Lazy(
        "egan.data.domains:load_digits_to_mnist",
        "two domains: scikit-learn's digits, and MNIST's 5,000 at 8x8; egan[data]",
    ),
    "font": Lazy(
        "egan.data.font:load", "5,000 digits of a bitmap font, turned and sheared; 8x8 grey"
    ),
    "font_to_digits": Lazy(
        "egan.data.domains:load_font_to_digits",
        "two domains: those digits of a font, and scikit-learn's",
    ),
    "font_to_mnist": Lazy(
        "egan.data.domains:load_font_to_mnist",
        "two domains: those digits of a font, and MNIST's 5,000 at 16x16; egan[data]",
    ),
    "shapes": Lazy(
        "egan.data.shapes:load", "5,000 rendered shapes; shape, colour, size and place known"
    ),
    "scenes": Lazy(
        "egan.data.shapes:load_scenes", "5,000 scenes of up to two shapes; every pixel known"
    ),
    "aged_icons": Lazy(
        "egan.data.aged_icons:load", "894 icons in five weights of line, their age; egan[data]"
    ),
    "captioned_shapes": Lazy(
        "egan.data.captioned_shapes:load",
        "the rendered shapes, each with four captions; four combinations are for tests alone",
    ),
    "detailed_shapes": Lazy(
        "egan.data.captioned_shapes:load_detailed",
        "the same at 32x32, with holes and borders that smaller images do not show",
    ),
    "icons": Lazy(
        "egan.data.icons:load", "3,622 icons, their names as captions, 32x32 grey; egan[data]"
    ),
    "crowds": Lazy(
        "egan.data.crowds:load", "2,000 crowded scenes, thin lines among them; every pixel known"
    ),
    "heads": Lazy(
        "egan.data.heads:load", "200 rendered heads from 11 sides; every point known, 32x32 grey"
    ),
    "bouncing": Lazy(
        "egan.data.bouncing:load", "2,500 clips of two digits that move and bounce, 32x32 grey"
    ),
    "films": Lazy(
        "egan.data.films:load", "clips of three short films, 32x32 in colour; egan[data]"
    ),
    "clips": Lazy("egan.data.clips:load", "films of yours: folders of frames, GIFs or video files"),
    "bimodal": Lazy("egan.data.line:bimodal", "two unlike Gaussians, points on a line"),
    "five_modes": Lazy("egan.data.line:five_modes", "five Gaussians, points on a line"),
    "gaussians8": Lazy("egan.data.points:gaussians8", "8 Gaussians on a circle, points in a plane"),
    "gaussians25": Lazy("egan.data.points:gaussians25", "25 Gaussians on a grid, in a plane"),
    "ring16": Lazy("egan.data.points:ring16", "16 Gaussians on a circle, every other one rare"),
    "swiss_roll": Lazy("egan.data.points:swiss_roll", "a noisy spiral, points in a plane"),
    "cartpole": Lazy(
        "egan.data.trajectories:cartpole", "a controller's trajectories, a pole on a cart"
    ),
    "gridworld": Lazy(
        "egan.data.trajectories:gridworld", "an expert's walks over 25 squares, known exactly"
    ),
    "gymnasium": Lazy(
        "egan.data.trajectories:load",
        "trajectories of any simulator (--data.environment), a controller's or yours",
    ),
    "openmoji": Lazy(
        "egan.data.openmoji:load", "2,175 emoji drawn by people, in colour; egan[data]"
    ),
    "openmoji_lines": Lazy(
        "egan.data.openmoji:load_lines", "their lines, each with its picture in colour; egan[data]"
    ),
    "photographs": Lazy(
        "egan.data.photographs:load", "520 squares of two photographs, one of them for tests; 32x32"
    ),
    "folder": Lazy("egan.data.folder:load", "your own images; subfolders are classes"),
    "pairs": Lazy("egan.data.pairs:load", "two folders of yours, paired by name (--data.pairs)"),
    "masks": Lazy(
        "egan.data.masks:load", "two folders of yours, images and their masks (--data.pairs)"
    ),
    "side_by_side": Lazy(
        "egan.data.pairs:load_side_by_side", "a folder of sources with their targets beside them"
    ),
    "views": Lazy(
        "egan.data.views:load", "persons of yours, a subfolder each, from sides that files name"
    ),
    "domains": Lazy(
        "egan.data.domains:load",
        "two folders of yours, whose images do not belong together (--data.pairs)",
    ),
    "ages": Lazy(
        "egan.data.ages:load", "your own images at known ages: a table of file,age,identity"
    ),
    "captions": Lazy(
        "egan.data.captions:load",
        "your own images with captions: a table (--data.captions), or a text beside each image",
    ),
    "cifar10": Lazy("egan.data.cifar10:load", "CIFAR-10 in a folder, python or binary version"),
    "mnist": Lazy("egan.data.mnist:load", "MNIST and its kin in idx files, plain or .gz"),
    "npz": Lazy("egan.data.npz:load", "a .npz file with images or points, and labels"),
    "oracle_language": Lazy(
        "egan.data.oracle_language:load",
        "15,000 sequences of 20 tokens out of 50, whose probability an LSTM knows",
    ),
    "folk_tunes": Lazy(
        "egan.data.folk_tunes:load", "folk songs of Essen's collection, 32 notes each; egan[data]"
    ),
    "folk_pitches": Lazy(
        "egan.data.folk_tunes:load_pitches", "their pitches alone, 32 tokens each; egan[data]"
    ),
    "abc": Lazy("egan.data.folk_tunes:load_abc", "your own tunes: a folder of .abc files"),
    "midi": Lazy("egan.data.folk_tunes:load_midi", "your own tunes: a folder of MIDI files"),
    "text": Lazy(
        "egan.data.text:load", "your own sequences: a text file, words in a line, or a .npz file"
    ),
    "characters": Lazy("egan.data.text:load_characters", "the same, each character a token"),
}
NAMES: tuple[str, ...] = tuple(LOADERS)
DESCRIPTIONS: dict[str, str] = {name: loader.description for name, loader in LOADERS.items()}
POINTS = ("bimodal", "five_modes", "gaussians8", "gaussians25", "ring16", "swiss_roll")
BUILT_IN = (
    *("digits", "overlapped_digits", "mnist5k", "overlapped_mnist5k", "stacked_mnist"),
    *("digits_to_mnist", "font", "font_to_digits", "font_to_mnist"),
    *("shapes", "scenes", "crowds", "heads"),
    *("bouncing", "films"),
    *("captioned_shapes", "detailed_shapes", "icons", "aged_icons"),
    *("openmoji", "openmoji_lines", "photographs", "cartpole", "gridworld"),
    *("oracle_language", "folk_tunes", "folk_pitches"),
    *POINTS,
)
CONTROL = ("cartpole", "gridworld", "gymnasium")
"""Those of trajectories."""
SEQUENCES = ("oracle_language", "text", "characters", "folk_pitches", "folk_tunes", "abc", "midi")
MAPPED = ("folder",)
"""Those whose samples need not be in memory."""
Store = Literal["auto", "memory", "mapped"]

__all__ = ["DESCRIPTIONS", "LOADERS", "NAMES", "load"]


def load(
    name: str,
    *,
    split: Split = "all",
    path: str | Path | Sequence[str | Path] | None = None,
    image_size: int | None = None,
    channels: int | None = None,
    swap: bool = False,
    store: Store = "auto",
    environment: str | None = None,
    trajectories: int | None = None,
    captions: str | Path | None = None,
) -> Dataset:
    """Load the data set `name`.

    Args:
        name: One of `NAMES`.
        split: "all" of it, "train" or "test"; see `egan.data.splits`.
        path: Where the data lie, for all but the built-in sets; `~` is understood. For `pairs` two
            folders.
        image_size: Height and width, 28, 112 or a power of two from 8 to 1024, to resize to.
        channels: 1 for grey, 3 for colour; None keeps what the images have.
        swap: Exchange sources and targets, of pairs.
        store: Where the images of a folder are held: in "memory", "mapped" from a file in the
            cache that is prepared once, or by "auto" mapped where they would fill the memory.
        environment: What trajectories happen in: an id of `egan.simulators`, for gymnasium.
        trajectories: How many of them; by default ten, or all of a file.
        captions: The table of captions of images, for captions.

    Raises:
        ValueError: If a setting is wrong or the data cannot be read; it says how to mend it.
    """
    loader = lookup(LOADERS, name, kind="data set (--data.name)")
    ignored: dict[str, object] = {"path": path if name in BUILT_IN else None}
    if name in (*POINTS, *SEQUENCES, *CONTROL):
        ignored |= {"image-size": image_size, "channels": channels}
    for setting, given, names in (
        ("environment", environment, ("gymnasium",)),
        ("trajectories", trajectories, CONTROL),
        ("captions", captions, ("captions",)),
    ):
        ignored |= {} if name in names else {setting: given}
    for setting, value in ignored.items():
        if value is not None:
            warnings.warn(f"--data.{setting}={value} has no effect on {name}", stacklevel=2)
    where = None if path is None or name in BUILT_IN else _expanded(path)
    options: dict[str, object] = {"store": store} if name in MAPPED else {}
    if name in CONTROL:
        options = {"environment": environment, "trajectories": trajectories}
    if name == "captions":
        options = {"captions": None if captions is None else _expanded(captions)}
    dataset = loader(path=where, image_size=image_size, channels=channels, **options)
    if swap:
        from egan.data.pairs import swapped

        dataset = swapped(dataset)
    if split == "all":
        return dataset
    from egan.data import splits

    return splits.split(dataset, split)


def _expanded(path: str | Path | Sequence[str | Path]) -> Path | tuple[Path, ...]:
    """Return a path, or several, with `~` for the user's home."""
    if isinstance(path, str | Path):
        return Path(path).expanduser()
    return tuple(Path(one).expanduser() for one in path)
