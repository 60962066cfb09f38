"""Pairs of images, a source and its target: two folders, or one whose images have both.

`pairs` reads two folders, as in `--data.pairs sketches/ photos/`: of the same name, but for the
suffix, is what belongs together, in subfolders too. `side_by_side` reads images that are a source
on the left and its target on the right, the form in which pix2pix's data sets are published. Both
come as sources with the annotation "target".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from egan.data import folder
from egan.data.dataset import DOMAIN, Array, Dataset
from egan.data.images import (
    check_channels,
    check_different,
    check_image_size,
    check_path,
    refusal,
)
from egan.data.listing import NUM_NAMED, Listing, counted, list_images
from egan.data.survey import Survey, looked_at, num_channels

TARGET = "target"
NEEDED = "images are resized to one size"
MEND = (
    "Give two folders whose images have equal names, such as --data.pairs sketches/ photos/. Where "
    "none belong together, say --data.name domains, for a model that needs no pairs (cyclegan)."
)


def load(*, path: Sequence[Path] | None, image_size: int | None, channels: int | None) -> Dataset:
    """Load images of one folder, each with that of its name in the other as its target.

    Images that have no partner, or whose partner cannot be used, are left out and counted.

    Raises:
        ValueError: A folder is missing or empty, or fewer than two pairs can be used.
    """
    if path is None or len(path) != 2:
        raise ValueError(f"--data.pairs is missing: pairs reads two folders. {MEND}")
    try:
        return _paired(path, image_size=image_size, channels=channels)
    except ValueError as error:  # of what reads one folder, which is told of by its flag elsewhere
        raise ValueError(str(error).replace("--data.path", "--data.pairs")) from error


def _paired(path: Sequence[Path], *, image_size: int | None, channels: int | None) -> Dataset:
    check_channels(channels)
    check_image_size(image_size, needed=NEEDED)
    roots = [check_path(Path(one), name="pairs", folder=True) for one in path]
    check_different(roots, name="pairs", mend="Give sources and targets: --data.pairs A B.")
    listings = [list_images(root) for root in roots]
    notes = keep_partners(listings)
    sides = [
        side_of(listing, image_size=image_size or 0, channels=channels) for listing in listings
    ]
    return _joined(sides, notes)


class Side:
    """The images of a folder that can be used, by name.

    Attributes:
        rows: The place of each in `samples`.
        samples: (N, C, H, W) uint8.
        notes: What was left out.
    """

    def __init__(self, survey: Survey, samples: Array) -> None:
        self.root = survey.listing.root
        self.rows = {name_in(self.root, file): row for row, file in enumerate(survey.looks)}
        self.samples = samples
        self.notes = survey.notes()


def side_of(listing: Listing, *, image_size: int, channels: int | None) -> Side:
    """Read the images of a listing that can be used."""
    survey = looked_at(listing, image_size=image_size)
    samples = folder.in_memory(survey, image_size=image_size)
    return Side(survey, folder.in_channels(samples, num_channels(survey, channels)))


def keep_partners(listings: Sequence[Listing]) -> list[str]:
    """Leave out images whose name is in one folder alone; return what is to be said of them.

    Raises:
        ValueError: A name is there twice, or no name is in both.
    """
    names = [_by_name(listing) for listing in listings]
    common = set(names[0]) & set(names[1])
    if len(common) < 2:
        raise refusal(
            listings[0].root,
            got=f"{len(common)} names of images that are in {listings[1].root} too, of "
            f"{len(names[0]):,} and {len(names[1]):,}",
            expected="2 or more",
            mend=MEND,
        )
    notes = []
    for listing, known in zip(listings, names, strict=True):
        alone = sorted(set(known) - common)
        if alone:
            few = ", ".join(alone[:NUM_NAMED]) + (" ..." if len(alone) > NUM_NAMED else "")
            without = counted(len(alone), "image")
            notes.append(f"left out {without} of {listing.root} without a partner: {few}")
        listing.files[:] = [known[name] for name in sorted(common)]
    return notes


def _by_name(listing: Listing) -> dict[str, Path]:
    known: dict[str, Path] = {}
    for file in listing.files:
        name = name_in(listing.root, file)
        if name in known:
            raise refusal(
                listing.root,
                got=f"two images called {name}, {known[name].name} and {file.name}",
                expected="one of each name",
                mend="Rename one of them, since pairs are found by name.",
            )
        known[name] = file
    return known


def name_in(root: Path, file: Path) -> str:
    """Return an image's path in its folder, without the suffix."""
    return str(file.relative_to(root).with_suffix(""))


def _joined(sides: Sequence[Side], notes: Sequence[str]) -> Dataset:
    """Return the pairs of which both sides could be read."""
    source, target = sides
    both = [name for name in source.rows if name in target.rows]
    if len(both) < 2:
        raise refusal(
            source.root,
            got=f"{len(both)} pairs that can be read ({'; '.join(source.notes + target.notes)})",
            expected="at least 2",
            mend="Repair or add images, or choose a smaller --data.image-size.",
        )
    samples, targets = (side.samples[[side.rows[name] for name in both]] for side in sides)
    said = [f"{side.root}: {note}" for side in sides for note in side.notes]
    return Dataset("pairs", samples, annotations={TARGET: targets}, notes=(*notes, *said))


def load_side_by_side(
    *, path: Path | None, image_size: int | None, channels: int | None
) -> Dataset:
    """Load images of which the left half is a source, and the right half its target.

    Raises:
        ValueError: The folder is missing or empty, or fewer than two images can be used.
    """
    check_channels(channels)
    place = check_path(path, name="side_by_side", folder=True)
    check_image_size(image_size, needed=NEEDED)
    assert image_size is not None
    survey = looked_at(list_images(place), image_size=image_size)
    both = folder.in_memory(survey, image_size=image_size, parts=2)
    both = folder.in_channels(both, num_channels(survey, channels))
    sources, targets = both[:, :, :image_size], both[:, :, image_size:]
    return Dataset(
        "side_by_side", sources, annotations={TARGET: targets}, notes=tuple(survey.notes())
    )


def swapped(dataset: Dataset) -> Dataset:
    """Return pairs, or domains, the other way round: targets as sources.

    Raises:
        ValueError: They are neither.
    """
    if DOMAIN in dataset.annotations:
        return replace(dataset, annotations={DOMAIN: 1 - dataset.annotations[DOMAIN]})
    if TARGET not in dataset.annotations:
        raise ValueError(
            f"--data.swap exchanges sources and targets, but {dataset.name} has no targets. Leave "
            "it out, or give two folders (--data.pairs A B)."
        )
    known = {**dataset.annotations, TARGET: dataset.samples}
    return replace(dataset, samples=dataset.annotations[TARGET], annotations=known)
