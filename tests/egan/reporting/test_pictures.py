from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from egan.files import atomic
from egan.reporting.pictures import (
    FIRST_MS,
    GAP,
    LAST_MS,
    STEP_MS,
    curves_picture,
    evenly,
    evolution_gif,
    histogram_picture,
    image_grid,
    save_atomically,
    scatter_picture,
)


def test_grid_shows_each_image_in_its_cell_enlarged_without_smoothing():
    samples = np.full((3, 1, 8, 8), -1.0)
    samples[1] = 1.0
    samples[2, 0, 0, 0] = 0.0
    grid = image_grid(samples, columns=2)
    assert grid.mode == "L"
    assert grid.size == (2 * 48 + GAP, 2 * 48 + GAP)
    pixels = np.asarray(grid)
    assert (pixels[:48, :48] == 0).all()
    assert (pixels[:48, 48 + GAP :] == 255).all()
    third = pixels[48 + GAP :, :48]
    assert (third[:6, :6] == 128).all()
    assert third.sum() == 36 * 128
    assert (pixels[48 + GAP :, 48:] == 255).all()


def test_grid_keeps_colours_clips_and_shows_nan_as_black():
    samples = np.zeros((1, 3, 64, 64))
    samples[0, 0], samples[0, 1], samples[0, 2] = 7.0, -7.0, np.nan
    grid = image_grid(samples)
    assert grid.mode == "RGB"
    assert grid.size == (64, 64)
    assert grid.getpixel((5, 5)) == (255, 0, 0)


def test_grid_is_nearly_square_and_obeys_scale():
    assert image_grid(np.zeros((9, 1, 8, 8)), scale=1).size == (3 * 8 + 2 * GAP,) * 2
    assert image_grid(np.zeros((2, 1, 8, 8)), columns=10, scale=1).size == (16 + GAP, 8)


@pytest.mark.parametrize("shape", [(4, 8, 8), (4, 2, 8, 8), (0, 1, 8, 8)])
def test_grid_names_a_wrong_shape(shape):
    with pytest.raises(ValueError, match=r"\(N, C, H, W\).*got shape"):
        image_grid(np.zeros(shape))


def test_grid_refuses_no_columns():
    with pytest.raises(ValueError, match="columns=0"):
        image_grid(np.zeros((1, 1, 8, 8)), columns=0)


def test_scatter_shows_points_where_they_are():
    picture = scatter_picture(np.array([[0.5, 0.5]]), limits=(-1.0, 1.0), size=200)
    assert picture.size == (200, 200)
    dark = np.argwhere(np.asarray(picture)[5:-5, 5:-5].min(axis=2) < 200) + 5
    assert np.abs(dark.mean(axis=0) - [50, 150]).max() < 3


def test_scatter_leaves_out_what_is_not_finite_and_keeps_the_limits_of_the_real_points():
    real = np.random.default_rng(0).uniform(-1, 1, (100, 2))
    wild = np.array([[np.nan, 0.0], [np.inf, 1.0], [1e6, 1e6]])
    alone = scatter_picture(np.empty((0, 2)), real=real)
    assert np.array_equal(np.asarray(scatter_picture(wild, real=real)), np.asarray(alone))


def test_scatter_names_a_wrong_shape():
    with pytest.raises(ValueError, match="real must be"):
        scatter_picture(np.zeros((3, 2)), real=np.zeros((3, 3)))


def test_a_histogram_shows_where_points_on_a_line_are():
    real = np.linspace(-1, 1, 500)[:, None]
    picture = histogram_picture(np.full((20, 1), 0.5), real=real, size=200)
    pixels = np.asarray(picture).astype(int)
    blue = np.argwhere((pixels[..., 2] - pixels[..., 0]) > 60)
    assert picture.size == (200, 200)
    assert np.ptp(blue[np.argsort(blue[:, 0])[:20], 1]) < 12  # the peak is narrow,
    assert blue[blue[:, 0] < 100, 1].mean() == pytest.approx(200 * 0.7, abs=8)  # and at 0.5
    wild = np.array([[np.nan], [np.inf]])
    empty = histogram_picture(np.empty((0, 1)), real=real, size=200)
    assert np.array_equal(np.asarray(histogram_picture(wild, real=real, size=200)), empty)
    with pytest.raises(ValueError, match=r"points must be \(N, 1\) points on a line.*\(3, 2\)"):
        histogram_picture(np.zeros((3, 2)))


def write_frames(folder: Path, num: int) -> list[Path]:
    paths = [folder / f"{i:06d}.png" for i in range(num)]
    for i, path in enumerate(paths):
        save_atomically(image_grid(np.full((4, 1, 8, 8), i / num)), path)
    return paths


def read_durations(path: Path) -> list[int]:
    with Image.open(path) as gif:
        durations = []
        for frame in range(gif.n_frames):
            gif.seek(frame)
            durations.append(gif.info["duration"])
        return durations


def test_gif_has_a_captioned_frame_for_each_picture_and_holds_the_last(tmp_path):
    paths = write_frames(tmp_path, 5)
    evolution_gif(paths, tmp_path / "e.gif", captions=[f"generation {i}" for i in range(5)])
    assert read_durations(tmp_path / "e.gif") == [FIRST_MS, *[STEP_MS] * 3, LAST_MS]
    with Image.open(tmp_path / "e.gif") as gif, Image.open(paths[0]) as picture:
        assert gif.width % picture.width == 0
        factor = gif.width // picture.width
        assert gif.height > factor * picture.height
        assert gif.info["loop"] == 0
        caption = np.asarray(gif.convert("L"))[: gif.height - factor * picture.height]
    assert caption.min() < 120
    assert caption.max() > 250


def test_gif_of_many_pictures_keeps_both_ends(tmp_path):
    paths = write_frames(tmp_path, 30)
    evolution_gif(paths, tmp_path / "e.gif", captions=[str(i) for i in range(30)], max_frames=7)
    assert len(read_durations(tmp_path / "e.gif")) == 7
    assert evenly(30, 7)[0] == 0
    assert evenly(30, 7)[-1] == 29


def test_gif_of_one_picture_is_held(tmp_path):
    evolution_gif(write_frames(tmp_path, 1), tmp_path / "e.gif", captions=["only"])
    assert read_durations(tmp_path / "e.gif") == [LAST_MS]


def test_gif_needs_a_caption_for_each_picture(tmp_path):
    with pytest.raises(ValueError, match="2 pictures and 1 captions"):
        evolution_gif(write_frames(tmp_path, 2), tmp_path / "e.gif", captions=["one"])


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "x.png"
    image = Image.new("L", (4, 4))
    save_atomically(image, path)
    before = path.read_bytes()

    def break_off():
        with atomic(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_curves_are_drawn_over_0_1_2():
    falling, flat = 0.5 ** np.arange(20), np.zeros(20)
    one, other = (
        np.asarray(curves_picture({"": values}, across="rounds", up="correlation", limits=(-1, 1)))
        for values in (falling, flat)
    )
    assert one.shape == (400, 400, 3)
    assert (one != other).any()
    named = curves_picture({"a": falling, "b": flat}, across="rounds", up="value")
    assert (np.asarray(named) != one).any()
