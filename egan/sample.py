"""Make samples with a trained model: PNG files, .npz, a .csv of points, a .txt of tokens, a film.

Examples:
  python -m egan.sample runs/00003-digits --count 10000 --output fakes/
  python -m egan.sample runs/00003-digits --count 10000 --output fakes.npz --seed 7
  python -m egan.sample runs/00004-cgan --classes 3,7 --output threes_and_sevens/
  python -m egan.sample runs/00005-biggan/model.safetensors --truncation 0.5 --output sharp/
  python -m egan.sample runs/00006-gaussians25 --output points.csv
  python -m egan.sample runs/00007-gail --output episodes.npz
  python -m egan.sample runs/00007-gail --count 3 --output episodes.gif
  python -m egan.sample runs/00007-seqgan --output lines.txt
  python -m egan.sample runs/00008-gan_int_cls --captions captions.txt --output drawn/
  python -m egan.sample runs/00008-capg_gan --inputs people/ --poses=-45,0,45 --output turned/
  python -m egan.sample runs/00009-age_cgan --inputs faces/ --ages 0,bold --output aged/
  python -m egan.sample runs/00010-video_prediction --inputs films/ --output next/

RUN is a run's directory, or a file in it: model.safetensors, which is written when the run ends or
is stopped, or best.safetensors, of the best look so far. It may have trained, searched or evolved a
generator, niches, or any other model of the collection that makes samples. Images of a model of
classes go to a subfolder for each.

The same model, seed and classes give the same samples, bit for bit on one machine, however many
there are: the first 100 of 10,000 are those of --count 100. Memory stays small.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import tyro

from egan.errors import UserError, printable, told_to_user
from egan.weights_file import BEST_WEIGHTS, WEIGHTS

if TYPE_CHECKING:
    from egan.data.dataset import Dataset
    from egan.sampling.order import Order
    from egan.training.model import Model

PROG = "python -m egan.sample"
CHOOSE_SIZE = ", or choose a smaller --image-size"
MOST_DIGITS, MOST_SHOWN = 9, 100
MOST_YAW = 90.0
"""Digits of a class's number, and characters of what is no class that a message repeats."""
T = TypeVar("T")


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 2 for a mistake, told in one message."""
    options = tyro.cli(Options, args=arguments, prog=PROG, description=__doc__)
    try:
        with told_to_user(ValueError, OSError):
            print(sample(options))
    except UserError as error:
        print(f"{PROG}: {printable(str(error))}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print(f"{PROG}: stopped; nothing is written", file=sys.stderr)
        return 130
    return 0


def sample(options: Options) -> str:
    """Make the samples, and return a line that says what was written.

    Raises:
        ValueError: Something cannot be done; the message says what, and how to mend it.
        OSError: It cannot be written.
        UserError: There is no such run.
    """
    from egan import collection
    from egan.files import check_free
    from egan.sampling.order import blocks
    from egan.sampling.writers import Lot, writer

    check_free(options.output)
    _check_device(options.device)
    model = collection.load(weights_of(options.run), device=options.device)
    order = _order(options, model)
    made = blocks(model, order)
    first = next(made)  # what goes wrong does so before anything is written
    data = model.task.data
    lot = Lot(
        count=order.count,
        shape=tuple(first.samples.shape[1:]),
        kind=data.kind,
        classes=data.classes,
        labelled=model.task.asks.classes,
        codes=model.task.asks.codes,
        film=model.task.film,
        spelling=data.spelling or data.wording,
    )
    try:
        with writer(options.output.absolute(), lot) as write:
            write(first)
            for block in _shown(made, done=len(first), count=order.count):
                write(block)
    except OSError as error:
        raise ValueError(f"--output {options.output} cannot be written: {error}") from error
    size = "x".join(map(str, lot.shape)) if len(lot.shape) > 1 else f"length {lot.shape[0]}"
    return f"{options.output}: {order.count:,} {data.kind.name} of {size}, seed {order.seed}"


def weights_of(run: Path) -> Path:
    """Return the weights file that a run directory has, or that is named itself.

    Raises:
        UserError: There is none.
    """
    from egan.runs.folder import saved_config

    if run.suffix == ".safetensors" and not run.is_dir():
        return run
    if not (run / WEIGHTS).is_file():
        saved_config(run)  # which tells if it is no run at all
        best = run / BEST_WEIGHTS
        meanwhile = f", or take the best look so far, {best}" if best.is_file() else ""
        raise UserError(
            f"{run} has no {WEIGHTS} yet: it is written when a run ends, or is stopped by Ctrl-C. "
            f"Go on with: python -m egan.run --resume {run}{meanwhile}"
        )
    return run / WEIGHTS


def _check_device(device: str) -> None:
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise UserError("--device cuda: torch finds no GPU on this machine. Leave it out.")


def _order(options: Options, model: Model) -> Order:
    from egan.sampling.order import NO_IMAGES, Order

    sources: Any = None
    if options.inputs is not None:
        if not model.task.asks.inputs:
            raise ValueError(f"{type(model).__name__} {NO_IMAGES}")
        sources = _sources(options.inputs, model)
        for note in sources.notes:
            print(f"{PROG}: {printable(note)}", file=sys.stderr)
    _encode_by(options, model)
    captions = _captions(options.captions, model)
    poses = _poses(options.poses)
    classes = _asked(options, model)
    each = max(1, len(poses)) * (len(classes) if model.task.asks.ages else 1)
    most = 0 if sources is None else len(sources) * each
    count = options.count or most or (1000 if captions is None else len(captions))
    if sources is not None and count > most:
        raise ValueError(
            f"--count {count} asks for more than the {most} of --inputs; leave it out."
        )
    order = Order(
        count=options.count if options.count is not None else count,
        seed=options.seed,
        classes=classes,
        truncation=options.truncation,
        sources=sources,
        captions=captions,
        poses=poses,
    )
    order.check(model)
    return order


def _sources(path: Path, model: Model) -> Dataset:
    """Read what samples are made from: images, or films where the model goes on with some.

    Raises:
        ValueError: It cannot be read.
    """
    from egan.data import anywhere, clips
    from egan.data.kinds import Clips

    shape = model.task.source_shape
    if isinstance(model.task.data.kind, Clips):
        return clips.read(path, shape=shape, flag="--inputs")
    channels, *_, size = shape
    try:
        return anywhere.read(path, image_size=size, channels=channels, flag="--inputs", least=1)
    except ValueError as error:  # the size is the model's
        raise ValueError(str(error).replace(CHOOSE_SIZE, "")) from error


def _encode_by(options: Options, model: Model) -> None:
    """Let a text encoder make the codes of captions that are not in the data.

    Raises:
        ValueError: There is none, or the model was trained without.
    """
    from dataclasses import replace

    from egan.data.encodings import FLAG, WHAT
    from egan.data.wording import extended
    from egan.lazy import own_function

    if options.text_encoder is None:
        return
    data = model.task.data
    if data.encodings is None or data.wording is None:
        raise ValueError(
            f"{FLAG} {options.text_encoder}: {type(model).__name__} was trained without one; "
            "leave it out."
        )
    wording = data.wording
    if options.captions is not None:
        wording = extended(wording, options.captions, flag="--captions")
    data.encodings.ask(own_function(options.text_encoder, what=WHAT), wording)
    model.task.data = replace(data, wording=wording)


def _captions(path: Path | None, model: Model) -> Any:
    """Return the captions that are asked for, tokens (M, T), or None."""
    from egan.sampling.order import NO_CAPTIONS

    if path is None:
        return None
    if not model.task.asks.captions:
        raise ValueError(f"{type(model).__name__} {NO_CAPTIONS}")
    import torch

    from egan.data.wording import read_captions

    task = model.task
    encodings = task.data.encodings
    try:
        known = read_captions(path, task.wording, length=task.length, flag="--captions")
    except ValueError as error:
        if encodings is None or encodings.encoder is not None:
            raise
        mend = "Of other words its text encoder makes codes: --text-encoder module:function."
        raise ValueError(f"{error} {mend}") from error
    return torch.from_numpy(known)


def _poses(text: str | None) -> tuple[float, ...]:
    """Return the yaws that are asked for."""
    found = []
    for word in () if text is None else map(str.strip, text.split(",")):
        try:
            yaw = float(word)
        except ValueError:
            yaw = MOST_YAW + 1
        if not -MOST_YAW <= yaw <= MOST_YAW:  # which a NaN is not either
            raise ValueError(
                f"--poses has {word[:MOST_SHOWN]!r}, but expected yaws in degrees from -90 to 90, "
                "such as --poses=-45,0,45."
            )
        found.append(yaw)
    return tuple(found)


def _asked(options: Options, model: Model) -> tuple[int, ...]:
    """Return the numbers of the classes that are asked for, or of the ages to bring inputs to."""
    if not model.task.asks.ages:
        if options.ages is not None:
            raise ValueError(
                f"--ages asks for ages, but {type(model).__name__} brings no image to another; "
                "leave it out, or train a model that does, such as age_cgan."
            )
        return _classes(options.classes, model)
    if options.classes is not None:
        raise ValueError(f"--classes: {type(model).__name__} has ages; say --ages instead.")
    everyone = ",".join(map(str, range(model.num_classes)))
    return _classes(options.ages or everyone, model, flag="--ages")


def _classes(text: str | None, model: Model, *, flag: str = "--classes") -> tuple[int, ...]:
    """Return the numbers of the classes that are asked for, by number or by name."""
    if text is None or not model.task.asks.classes:
        return () if text is None else (0,)
    known = model.task.data.classes
    found = []
    for word in map(str.strip, text.split(",")):
        is_number = word.isdecimal() and len(word) <= MOST_DIGITS and int(word) < len(known)
        if word not in known and not is_number:
            shown = ", ".join(known[:20]) + (" ..." if len(known) > 20 else "")
            raise ValueError(
                f"{flag} has {word[:MOST_SHOWN]!r}, but there are {len(known)}: {shown}."
            )
        found.append(known.index(word) if word in known else int(word))
    return tuple(found)


def _shown(made: Iterable[Any], *, done: int, count: int) -> Iterable[Any]:
    """Yield the blocks, with a bar where somebody watches."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    columns = "Sampling", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=count, completed=done)
        for block in made:
            yield block
            bar.advance(task, len(block))


if __name__ == "__main__":
    sys.exit(main())
