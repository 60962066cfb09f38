import numpy as np
import pytest
import torch

from egan.data.kinds import KINDS, Clips, Images, Line, Points, Series, Tokens
from egan.reporting.pictures import GAP, histogram_picture, image_grid, scatter_picture
from egan.reporting.showing import CAPTION, DRAWN, STRIP, colour_of, show

RNG = np.random.default_rng(0)


def pixels(picture):
    return np.asarray(picture).astype(int)


def same(first, second):
    assert first.mode == second.mode
    assert np.array_equal(pixels(first), pixels(second))


def test_every_kind_can_be_shown():
    assert set(DRAWN) == set(KINDS.values())


def test_images_are_a_grid_and_tensors_are_understood():
    images = RNG.uniform(-1, 1, (5, 3, 8, 8))
    same(show(Images(), images, columns=2), image_grid(images, columns=2))
    grads = torch.from_numpy(images).requires_grad_()
    same(show(Images(), grads, scale=1), image_grid(images, scale=1))
    with pytest.raises(ValueError, match=r"\(N, C, H, W\)"):
        show(Images(), images[0])


def test_points_are_drawn_over_the_real_ones():
    points, real = RNG.normal(size=(20, 3)), RNG.normal(size=(30, 3))
    plane = scatter_picture(points[:, :2], real=real[:, :2])
    same(show(Points(), points, real=torch.from_numpy(real), columns=9, row_names=["a"]), plane)
    same(show(Points(), points, real=real[:0]), scatter_picture(points[:, :2]))
    line = histogram_picture(points[:, :1], real=real[:, :1])
    same(show(Line(), points[:, :1], real=real[:, :1]), line)


def test_a_clip_is_a_row_of_frames():
    clips = RNG.uniform(-1, 1, (2, 5, 1, 8, 8))
    frames = clips.reshape(10, 1, 8, 8)
    same(show(Clips(), clips), image_grid(frames, columns=5))
    same(show(Clips(), clips, columns=3), image_grid(frames[[0, 2, 4, 5, 7, 9]], columns=3))
    with pytest.raises(ValueError, match="clips takes samples .N, T, C, H, W., but got shape"):
        show(Clips(), clips[0])
    with pytest.raises(ValueError, match="columns=0"):
        show(Clips(), clips, columns=0)


def test_a_sequence_is_a_strip_with_a_colour_a_token():
    shown = pixels(show(Tokens(3), torch.tensor([[0, 1, 2], [2, 2, 7]])))
    assert shown.shape == (2 * STRIP + GAP, 3 * STRIP, 3)
    expected = np.rint(255 * np.array([colour_of(0), colour_of(1), colour_of(2), (1, 1, 1)]))
    for row, tokens in enumerate([[0, 1, 2], [2, 2, 3]]):
        strip = shown[row * (STRIP + GAP) :][:STRIP].reshape(STRIP, 3, STRIP, 3)
        assert (strip == expected[tokens][:, None]).all()
    assert len({tuple(np.rint(255 * np.array(colour_of(i)))) for i in range(500)}) == 500
    assert show(Tokens(3), np.zeros((1, 9000))).width == 9000


def test_a_series_is_a_heat_map_in_the_range_of_the_real_ones():
    real = np.array([[[0.0, 10.0], [4.0, 30.0]]])
    samples = np.array([[[0.0, 30.0], [2.0, 10.0], [np.inf, -np.inf]]])
    shown = pixels(show(Series(), samples, real=real))
    assert shown.shape == (48, 3 * STRIP)
    assert shown[::24, ::STRIP].tolist() == [[0, 128, 255], [255, 0, 0]]
    alone = pixels(show(Series(), samples))  # the range is that of what is finite
    assert alone[::24, ::STRIP].tolist() == [[0, 255, 255], [255, 0, 0]]
    assert not pixels(show(Series(), np.full((1, 3, 1), np.nan))).any()


def test_names_stand_at_their_rows():
    images = np.zeros((6, 1, 8, 8))
    plain = image_grid(images, columns=2)
    named = show(Images(), images, columns=2, row_names=["", "five", ""])
    left = named.width - plain.width
    assert named.height == plain.height
    assert np.array_equal(pixels(named)[:, left:], pixels(plain))
    rows, columns = np.nonzero(pixels(named)[:, :left] < 128)
    assert rows.mean() == pytest.approx(48 + GAP + 24, abs=3)
    assert 0 < columns.min() < columns.max() < left
    with pytest.raises(ValueError, match="each of 3 rows.* but got 2: a, b"):
        show(Images(), images, columns=2, row_names=["a", "b"])


def test_a_name_may_stand_for_several_rows():
    tokens = np.zeros((6, 4))
    named = show(Tokens(2), tokens, row_names=["", "x"])
    rows, _ = np.nonzero(pixels(named)[:, : named.width - 4 * STRIP].min(axis=2) < 128)
    assert rows.mean() == pytest.approx(4.5 * (STRIP + GAP) - GAP / 2, abs=3)


def test_a_caption_stands_above_and_is_never_cut():
    images = np.ones((1, 1, 48, 48))
    shown = pixels(show(Images(), images, caption="a caption that is longer than the picture"))
    assert shown.shape[0] == 48 + CAPTION
    assert shown[:CAPTION].min() < 128
    assert shown[:, -6:].min() == 255
    assert (shown[CAPTION:] == 255).all()
