"""What options ask of a model: images, films, captions, views, ages and classes, as an order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from egan.data import anywhere, clips
from egan.data.encodings import FLAG, WHAT
from egan.data.kinds import Clips
from egan.data.wording import extended, read_captions
from egan.lazy import own_function
from egan.sampling.order import NO_CAPTIONS, NO_IMAGES, Order

if TYPE_CHECKING:
    from pathlib import Path

    from egan.data.dataset import Dataset
    from egan.sampling.options import Options
    from egan.training.model import Model

CHOOSE_SIZE = ", or choose a smaller --image-size"
MOST_DIGITS, MOST_SHOWN = 9, 100
"""Digits of a class's number, and characters of what is no class that a message repeats."""
MOST_YAW = 90.0


def order_of(options: Options, model: Model) -> Order:
    """Return what the options ask of a model, whose task takes over a text encoder that is named.

    Raises:
        ValueError: The model cannot do it, or something cannot be read.
    """
    sources: Any = None
    if options.inputs is not None:
        if not model.task.asks.inputs:
            raise ValueError(f"{type(model).__name__} {NO_IMAGES}")
        sources = _sources(options.inputs, model)
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
    if path is None:
        return None
    if not model.task.asks.captions:
        raise ValueError(f"{type(model).__name__} {NO_CAPTIONS}")
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
