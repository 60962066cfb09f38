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
from pathlib import Path
from typing import Any

import tyro

from egan.errors import UserError, printable, told_to_user
from egan.sampling.options import Options
from egan.weights_file import BEST_WEIGHTS, WEIGHTS

PROG = "python -m egan.sample"


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
    from egan.sampling.asked import order_of
    from egan.sampling.lot import Lot
    from egan.sampling.order import blocks
    from egan.sampling.writers import writer

    check_free(options.output)
    _check_device(options.device)
    model = collection.load(weights_of(options.run), device=options.device)
    order = order_of(options, model)
    for note in () if order.sources is None else order.sources.notes:
        print(f"{PROG}: {printable(note)}", file=sys.stderr)
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
