"""Pictures of samples: grids of images, points on a line or in a plane; the evolution as a GIF."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

from egan.files import atomic

SMALLEST_CELL = 48  # pixels; an image smaller than this is enlarged by a whole factor
GAP = 2  # white pixels between the cells of a grid
GENERATED, REAL = "#0072B2", "#C9C9C9"
STEP_MS, FIRST_MS, LAST_MS = 160, 600, 3000  # how long a GIF shows its frames
SMALLEST_FRAME = 160  # pixels; narrower frames leave no room for a caption


def save_atomically(image: Image.Image, path: Path) -> None:
    """Write a picture, in the format of the path's suffix, so that no reader sees half of it."""
    with atomic(path) as temporary:
        image.save(temporary)


def image_grid(
    samples: ArrayLike, *, columns: int | None = None, scale: int | None = None
) -> Image.Image:
    """Arrange images in rows.

    Args:
        samples: (N, C, H, W) floats in [-1, 1], C 1 (grey) or 3 (red, green, blue); values beyond
            the range are clipped and NaN is black.
        columns: Images in a row; the nearest to a square by default.
        scale: Whole factor of enlargement, without smoothing; by default the smallest that makes
            the shorter side at least 48 pixels, so that 8 x 8 digits can be seen.

    Raises:
        ValueError: The samples have another shape, or `columns` or `scale` is below 1.
    """
    pixels = _pixels(np.asarray(samples, dtype=np.float64))
    num, height, width, channels = pixels.shape
    columns = math.ceil(math.sqrt(num)) if columns is None else columns
    scale = math.ceil(SMALLEST_CELL / min(height, width)) if scale is None else scale
    if columns < 1 or scale < 1:
        raise ValueError(f"columns and scale must be at least 1, but got {columns=} and {scale=}.")
    columns = min(columns, num)
    height, width = height * scale, width * scale
    size = (_extent(math.ceil(num / columns), height), _extent(columns, width), channels)
    canvas = np.full(size, 255, dtype=np.uint8)
    for index, cell in enumerate(pixels.repeat(scale, axis=1).repeat(scale, axis=2)):
        top, left = (
            _extent(index // columns, height) + GAP,
            _extent(index % columns, width) + GAP,
        )
        canvas[top : top + height, left : left + width] = cell
    return Image.fromarray(canvas[..., 0] if channels == 1 else canvas)


def _extent(cells: int, size: int) -> int:
    """Return the pixels that so many cells and the gaps between them take, less the last gap."""
    return cells * (size + GAP) - GAP


def _pixels(samples: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Turn (N, C, H, W) floats in [-1, 1] into (N, H, W, C) bytes."""
    if samples.ndim != 4 or samples.shape[1] not in (1, 3) or 0 in samples.shape:
        raise ValueError(
            f"samples must be (N, C, H, W) with C 1 or 3 and at least one image, "
            f"but got shape {samples.shape}."
        )
    shown = np.clip(np.nan_to_num(samples, nan=-1.0), -1.0, 1.0)
    return np.rint((shown + 1.0) * 127.5).astype(np.uint8).transpose(0, 2, 3, 1)


def scatter_picture(
    points: ArrayLike,
    *,
    real: ArrayLike | None = None,
    limits: tuple[float, float] | None = None,
    size: int = 400,
) -> Image.Image:
    """Draw generated points in a plane over the real ones.

    Args:
        points: (N, 2) generated points; those that are not finite are left out.
        real: (M, 2) real points, drawn underneath as wide grey dots.
        limits: Smallest and largest coordinate shown, the same for both axes; give the same ones
            for all pictures of a run. By default what shows all but stray points, with a margin.
        size: Pixels of a side.

    Raises:
        ValueError: The points are not in a plane.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    clouds = [(_finite(real, "real", 2), REAL, 7.0)] if real is not None else []
    clouds += [(_finite(points, "points", 2), GENERATED, 3.2)]
    low, high = limits or _limits(clouds[0][0])
    figure = Figure(figsize=(size / 100, size / 100), dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.005, 0.005, 0.99, 0.99), xlim=(low, high), ylim=(low, high))
    axes.set(xticks=[], yticks=[], aspect="equal")
    for spine in axes.spines.values():
        spine.set_color("#CCCCCC")
    for cloud, colour, width in clouds:
        axes.plot(*cloud.T, ".", color=colour, alpha=0.6, markersize=width, markeredgewidth=0)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())


def histogram_picture(
    points: ArrayLike, *, real: ArrayLike | None = None, size: int = 400
) -> Image.Image:
    """Draw the density of generated points on a line over that of the real ones, in grey.

    Args:
        points: (N, 1) generated points; those that are not finite are left out.
        real: (M, 1) real points, which say how much of the line is shown.
        size: Pixels of a side.

    Raises:
        ValueError: The points are not on a line.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    clouds = [(_finite(real, "real", 1), REAL, True)] if real is not None else []
    clouds += [(_finite(points, "points", 1), GENERATED, False)]
    low, high = _limits(clouds[0][0])
    figure = Figure(figsize=(size / 100, size / 100), dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.02, 0.08, 0.96, 0.9), xlim=(low, high))
    axes.set(yticks=[])
    edges = np.linspace(low, high, 61)
    for cloud, colour, fill in clouds:
        shares = np.histogram(cloud, edges)[0] / max(len(cloud), 1)
        axes.stairs(shares, edges, color=colour, fill=fill)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())


def curves_picture(
    curves: Mapping[str, ArrayLike],
    *,
    across: str,
    up: str,
    limits: tuple[float, float] | None = None,
    size: int = 400,
) -> Image.Image:
    """Draw curves over 0, 1, 2 ...

    Args:
        curves: The values of each, by name; an empty name is not told.
        across: What is counted from left to right.
        up: What the values are.
        limits: The lowest and highest value shown; what there is by default.
        size: Pixels of a side.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(size / 100, size / 100), dpi=100, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot(xlabel=across, ylabel=up, ylim=limits)
    for name, values in curves.items():
        axes.plot(np.asarray(values, dtype=np.float64), label=name or "_")
    axes.axhline(0, color=REAL, linewidth=0.8)
    if any(curves):
        axes.legend(frameon=False)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())


def _finite(points: ArrayLike, name: str, dimensions: int) -> NDArray[np.float64]:
    """Return the finite ones of points (N, 1) on a line or (N, 2) in a plane."""
    array = np.asarray(points, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != dimensions:
        where = "on a line" if dimensions == 1 else "in a plane"
        raise ValueError(
            f"{name} must be (N, {dimensions}) points {where}, but got shape {array.shape}."
        )
    finite: NDArray[np.float64] = array[np.isfinite(array).all(axis=1)]
    return finite


def _limits(points: NDArray[np.float64]) -> tuple[float, float]:
    """Return the square's smallest and largest coordinate, a tenth wider than the bulk."""
    if not len(points):
        return -1.0, 1.0
    low, high = np.quantile(points, [0.001, 0.999])
    margin = 0.1 * (high - low) or 1.0
    return float(low - margin), float(high + margin)


def evolution_gif(
    paths: Sequence[Path], path: Path, *, captions: Sequence[str], max_frames: int = 60
) -> None:
    """Write the pictures as an endless GIF, each under its caption, the last one held longer.

    Args:
        paths: The pictures, first to last; beyond `max_frames`, evenly chosen ones with both ends.
        path: The GIF to write.
        captions: A line for each picture, such as "generation 200".
        max_frames: The most frames to show.

    Raises:
        ValueError: There are no pictures, or not as many captions as pictures.
    """
    if not paths or len(paths) != len(captions):
        raise ValueError(
            "a GIF needs at least one picture and a caption for each, "
            f"but got {len(paths)} pictures and {len(captions)} captions."
        )
    chosen = evenly(len(paths), max_frames)
    size = _frame_size(paths[chosen[-1]])
    frames = [_frame(paths[i], captions[i], size) for i in chosen]
    durations = [FIRST_MS, *[STEP_MS] * (len(frames) - 2), LAST_MS][-len(frames) :]
    with atomic(path) as temporary:
        frames[0].save(
            temporary,
            format="GIF",
            save_all=True,
            append_images=frames[1:],
            duration=durations,
            loop=0,
        )


def evenly(num: int, most: int) -> list[int]:
    """Return at most `most` of the indices 0..num - 1, evenly spread, the last one included."""
    if most < 2:
        return [num - 1]
    return sorted({round(i) for i in np.linspace(0, num - 1, min(num, most))})


def _frame_size(path: Path) -> tuple[int, int]:
    """Return the width and height of a frame without its caption."""
    with Image.open(path) as picture:
        factor = math.ceil(SMALLEST_FRAME / picture.width)
        return picture.width * factor, picture.height * factor


def _frame(path: Path, caption: str, size: tuple[int, int]) -> Image.Image:
    """Return a picture under its caption, in at most 256 colours."""
    with Image.open(path) as picture:
        shown = picture.convert("RGB").resize(size, Image.Resampling.NEAREST)
    font = small_font()
    height = 22
    frame = Image.new("RGB", (size[0], size[1] + height), "white")
    frame.paste(shown, (0, height))
    pen = ImageDraw.Draw(frame)
    pen.text((6, height / 2), caption, fill="#222222", font=font, anchor="lm")
    return frame.quantize(256, dither=Image.Dither.NONE)


def small_font(size: int = 12) -> ImageFont.FreeTypeFont:
    """Return the font that comes with matplotlib, the same on every machine."""
    import matplotlib as mpl

    return ImageFont.truetype(str(Path(mpl.get_data_path(), "fonts/ttf/DejaVuSans.ttf")), size)
