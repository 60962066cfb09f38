"""Judge samples without a model: generated ones beside real ones, in all measures.

Examples:
  python -m egan.judge photos/ fakes/
  python -m egan.judge photos/ fakes.npz --output verdict/
  python -m egan.judge digits fakes/ --output verdict/
  python -m egan.judge photos/ fakes/ --features inception
  python -m egan.judge photos/ fakes/ --features inception-2015-12-05.pt

REAL and GENERATED are folders of images (subfolders are classes), .npz files, or folders of
CIFAR-10 or MNIST as published; REAL may be a data set by name, such as digits. Images are cropped
to squares and brought to the size of the generated ones.

Each measure comes with a 95% interval, from random parts of both sets, and with its floor, what a
half of the real samples is worth against the other half. --output adds a page with the nearest real
image beside each sample, which shows what was memorised, and all numbers as JSON.

Distances are taken in the features of a small classifier that is trained on the real images and
cached; where it is weak, that is said. They compare samples of one data set, and are no FID: that
is what --features inception gives. Papers print it for 10,000 images and more.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from egan.errors import UserError, printable, told_to_user

if TYPE_CHECKING:
    from egan.data.dataset import Dataset
    from egan.judging.verdict import Verdict
    from egan.runs.console import Talk

PROG = "python -m egan.judge"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line says."""

    real: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="REAL")]
    """The real samples: a folder, a .npz file, or a data set by name."""

    generated: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="GENERATED")]
    """The generated samples: a folder or a .npz file."""

    output: Path | None = None
    """A folder, not there yet or empty, for the page, its pictures and the JSON."""

    features: str | None = None
    """What distances are taken in: inception, a TorchScript FILE.pt, or module:function."""

    image_size: int | None = None
    """Height and width that images are brought to; by default those of the generated ones."""

    most: int = 10_000
    """At most so many of either are compared, spread evenly."""

    parts: int = 100
    """Random parts that the intervals are from."""

    seed: int = 0
    """Of the random parts."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 2 for a mistake, told in one message."""
    options = tyro.cli(Options, args=arguments, prog=PROG, description=__doc__)
    try:
        return _obey(options)
    except UserError as error:
        print(f"{PROG}: {printable(str(error))}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print(f"{PROG}: stopped; nothing is written", file=sys.stderr)
        return 130


def _obey(options: Options) -> int:
    from egan.files import check_free
    from egan.runs.console import Talk

    for flag, value, least in (("most", options.most, 20), ("parts", options.parts, 2)):
        if value < least:
            raise UserError(f"--{flag} must be {least} or more, but got {value}.")
    with Talk() as talk, told_to_user(ValueError, OSError):
        if options.output is not None:
            check_free(options.output)
        real, made = _read(options)
        found = _judged(options, real, made, talk)
        print(_table(found))
        if options.output is not None:
            print(f"\nLook at it   {_written(options, found, real, made)}")
    return 0


def _read(options: Options) -> tuple[Dataset, Dataset]:
    """Read both sets, in one form.

    Raises:
        ValueError: One cannot be read, or they are not alike.
    """
    import logging

    from egan.data import BUILT_IN, load
    from egan.data.anywhere import read
    from egan.judging.alike import at_most, comparable

    logger = logging.getLogger("egan")
    if options.seed < 0:
        raise ValueError(f"--seed must be 0 or more, but got {options.seed}.")
    _refuse_run(options.generated)
    made = read(options.generated, flag="GENERATED", image_size=options.image_size)
    if options.real in BUILT_IN and not Path(options.real).exists():
        size = made.image_size if made.image_size is not None else None
        real = load(options.real) if size is None else _resized(load(options.real), size)
    else:
        real = read(Path(options.real), flag="REAL", image_size=made.image_size)
    both = (("REAL", real), ("GENERATED", made))
    for flag, data in both:
        for note in data.notes:
            logger.warning("%s: %s", flag, note)
    real, made, notes = comparable(real, made)
    for note in notes:
        logger.warning("%s", note)
    return at_most(real, options.most), at_most(made, options.most)


def _resized(data: Dataset, image_size: int) -> Dataset:
    from dataclasses import replace

    from egan.data.images import fit_arrays

    if data.image_size is None:
        return data
    fitted = fit_arrays(data.samples, image_size=image_size, channels=None, any_size=True)
    return replace(data, samples=fitted)


def _refuse_run(path: Path) -> None:
    """See that what is judged is no run, whose pictures are no samples."""
    if (path / "config.yaml").is_file() and (path / "results.csv").is_file():
        raise UserError(
            f"GENERATED {path} is a run; make samples with it first: python -m egan.sample {path} "
            "--count 1000 --output fakes/"
        )


def _judged(options: Options, real: Dataset, made: Dataset, talk: Talk) -> Verdict:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from egan.judging.verdict import verdict

    columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()
    console = talk.console
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:

        def track(steps: Iterable[int], what: str, total: int) -> Iterable[int]:
            return bar.track(steps, description=what, total=total)

        return verdict(
            real,
            made,
            spec=options.features,
            num_parts=options.parts,
            seed=options.seed,
            track=track,
        )


def _table(found: Verdict) -> str:
    """Return the measures as a table for the terminal."""
    from egan.reporting.verdict import rows

    table: list[Any] = [("measure", "value", "95% interval", "floor")]
    table += rows(found)
    widths = [max(len(row[i]) for row in table) for i in range(4)]
    lines = [
        "  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)) for row in table
    ]
    notes = [*found.notes, *([f"distances are taken {found.caveat}"] if found.caveat else [])]
    return "\n".join([line.rstrip() for line in lines] + notes)


def _written(options: Options, found: Verdict, real: Dataset, made: Dataset) -> Path:
    from egan.files import whole_folder
    from egan.reporting.verdict import PAGE, write_verdict

    assert options.output is not None
    size = "x".join(map(str, real.shape))
    told = {
        "real": f"{options.real}: {len(real):,}",
        "generated": f"{options.generated}: {len(made):,}",
        "size": size,
        "features": options.features or ("classifier" if real.kind.bounded else "the points"),
        "seed": options.seed,
    }
    with whole_folder(options.output.absolute()) as folder:
        write_verdict(folder, found, real, made, told=told, num_parts=options.parts)
    return options.output / PAGE


if __name__ == "__main__":
    sys.exit(main())
