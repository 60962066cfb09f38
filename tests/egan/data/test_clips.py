"""Films of one's own, moving digits, and the squares of a film that move."""

import shutil

import numpy as np
import pytest
from PIL import Image

from egan import data
from egan.data import bouncing, clips, films, video_files


def frames_in(folder, count, *, shade=20, size=16, colour=False):
    """Write frames whose grey level says their number, named so that 10 sorts before 9."""
    folder.mkdir(parents=True)
    for i in range(count):
        level = shade + i
        pixels = np.full((size, size, 3), level, np.uint8)
        pixels[..., 0] += 9 * colour
        Image.fromarray(pixels).save(folder / f"frame{i}.png")


def load(path, **options):
    return data.load("clips", path=path, image_size=16, **options)


def test_frames_are_in_their_natural_order_and_clips_do_not_overlap(tmp_path):
    frames_in(tmp_path / "one", 19)
    found = load(tmp_path)
    assert found.shape == (9, 1, 16, 16)
    levels = found.samples[:, :, 0, 0, 0]
    assert levels.tolist() == [list(range(20, 29)), list(range(29, 38))]
    assert np.array_equal(load(tmp_path / "one").samples, found.samples)  # a film by itself


def test_every_fifth_film_is_for_tests_or_the_last_part_of_each(tmp_path):
    for i in range(5):
        frames_in(tmp_path / f"film{i}", 9, shade=10 * i)
    assert data.load("clips", path=tmp_path, image_size=16, split="test").samples.min() == 40
    frames_in(tmp_path / "long" / "one", 90)
    late = data.load("clips", path=tmp_path / "long", image_size=16, split="test")
    assert late.samples[:, 0, 0, 0, 0].tolist() == [20 + 72, 20 + 81]


def test_gifs_are_films_and_colour_stays(tmp_path):
    frames_in(tmp_path / "frames", 6, colour=True)
    drawn = [Image.open(tmp_path / "frames" / f"frame{i}.png") for i in range(6)]
    drawn[0].save(tmp_path / "a.gif", save_all=True, append_images=drawn[1:])
    shutil.rmtree(tmp_path / "frames")
    found = load(tmp_path)
    assert found.samples.shape == (1, 6, 3, 16, 16)
    assert found.samples[0, :, 1, 0, 0].tolist() == list(range(20, 26))
    assert load(tmp_path, channels=1).channels == 1


def test_what_cannot_be_used_is_named(tmp_path):
    frames_in(tmp_path / "good", 9)
    frames_in(tmp_path / "short", 3)
    frames_in(tmp_path / "broken", 9)
    (tmp_path / "broken" / "frame4.png").write_bytes(b"no image")
    (tmp_path / "bad.gif").write_bytes(b"GIF89a")
    found = load(tmp_path)
    assert len(found) == 1
    [note] = found.notes
    for name in ("short (3 frames", "broken (", "bad.gif ("):
        assert name in note


@pytest.mark.parametrize("what", ["nothing", "short", "missing"])
def test_without_a_film_it_says_what_is_expected(what, tmp_path):
    path = tmp_path / "films"
    if what != "missing":
        path.mkdir()
    if what == "short":
        frames_in(path / "one", 4)
    said = "does not exist" if what == "missing" else "but expected films: folders of frames"
    with pytest.raises(ValueError, match=rf"--data.path .*{said}") as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_inputs_are_the_last_frames_of_each_film(tmp_path):
    frames_in(tmp_path / "one", 12)
    found = clips.read(tmp_path, shape=(4, 3, 16, 16), flag="--inputs")
    assert found.samples[0, :, 0, 0, 0].tolist() == [28, 29, 30, 31]
    with pytest.raises(ValueError, match=r"--inputs .*12 frames, of which it takes 13"):
        clips.read(tmp_path, shape=(13, 3, 16, 16), flag="--inputs")


def test_a_playlist_is_no_film_whatever_it_is_called(tmp_path):
    pytest.importorskip("imageio_ffmpeg")
    (tmp_path / "a.mp4").write_text("ffconcat version 1.0\nfile /etc/hostname\n")
    with pytest.raises(OSError, match="ffmpeg reads no film in it: .*whitelist"):
        video_files.frames_of(tmp_path / "a.mp4", 16)


def test_without_ffmpeg_it_says_how_to_mend_that(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    (tmp_path / "a.mp4").write_bytes(b"")
    with pytest.raises(ValueError, match=r"imageio-ffmpeg\. Install it: pip"):
        load(tmp_path)


def test_digits_move_straight_and_bounce_off_the_edges():
    places = bouncing.bounced(np.arange(-3, 12), 8)
    assert places.tolist() == [3, 2, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 7, 6, 5]
    image = np.full((1, 1, 8, 8), 200, np.uint8)
    made, known = bouncing.draw(image, 20, np.random.default_rng(0), size=16)
    assert made.shape == (20, 9, 1, 16, 16)
    assert set(np.unique(made)) == {0, 200}
    for clip, place in zip(made, known, strict=True):
        for frame, (one, other) in zip(clip, place, strict=True):
            for top, left in (one, other):
                assert (frame[0, top : top + 8, left : left + 8] == 200).all()
    assert np.abs(np.diff(known, axis=1)).max() == 2


def test_squares_that_move_are_cut_out_of_a_film():
    frames = np.zeros((12, 3, 16, 16), np.uint8)
    frames[:, :, 8:, 8:] = np.random.default_rng(0).integers(0, 256, (12, 3, 8, 8))
    found = films.moving(frames, 8, stride=3)
    assert found.shape == (2, 9, 3, 8, 8)
    assert np.array_equal(found[1], frames[3:12, :, 8:, 8:])
