import errno
import io
import os
import struct
import sys
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from egan.data import folder, load, survey

RED = (200, 10, 10)


def save(path, *, mode="RGB", size=(16, 16), colour=RED, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **options)
    return path


def good(root, count=3, **kwargs):
    for i in range(count):
        save(root / f"good{i}.png", **kwargs)
    return root


def read(root, **kwargs):
    return load("folder", path=root, **{"image_size": 8, **kwargs})


def test_nested_images_of_every_format(tmp_path):
    for suffix in (".jpg", ".JPEG", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff"):
        save(tmp_path / "deep" / "er" / f"image{suffix}")
    (tmp_path / "deep" / "notes.txt").write_text("not an image")
    save(tmp_path / ".hidden" / "image.png")
    save(tmp_path / "deep" / "._image.png")
    data = read(tmp_path)
    assert data.samples.shape == (8, 3, 8, 8)
    assert data.samples.dtype == np.uint8
    assert np.abs(data.samples.astype(int) - np.array(RED)[:, None, None]).max() <= 8
    assert data.labels is None
    assert data.notes == (
        "left out 1 other file (.txt 1)",
        "left out 2 hidden images or folders (names that begin with a point)",
    )


def test_first_level_subfolders_are_classes(tmp_path):
    save(tmp_path / "cat" / "a.png", colour=(1, 1, 1))
    save(tmp_path / "dog" / "x" / "b.png", colour=(2, 2, 2))
    save(tmp_path / "dog" / "c.png", colour=(3, 3, 3))
    data = read(tmp_path)
    assert data.num_classes == 2
    assert dict(zip(data.samples[:, 0, 0, 0].tolist(), data.labels.tolist(), strict=True)) == {
        1: 0,
        2: 1,
        3: 1,
    }
    save(tmp_path / "outside.png")
    assert read(tmp_path).labels is None


def test_shorter_side_is_resized_and_the_centre_cropped(tmp_path):
    image = Image.new("RGB", (48, 16), (0, 0, 255))
    image.paste((255, 0, 0), (16, 0, 32, 16))
    for i in range(2):
        image.save(tmp_path / f"{i}.png")
    data = read(tmp_path)
    assert (data.samples[:, 0, :, 1:-1] > 250).all()
    assert (data.samples[:, 2, :, 1:-1] < 5).all()


def test_exif_orientation_is_applied(tmp_path):
    image = Image.new("RGB", (32, 32), "black")
    image.paste("white", (0, 0, 32, 16))  # the top half
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    for i in range(2):
        image.save(tmp_path / f"{i}.jpg", exif=exif)
    data = read(tmp_path, channels=1)
    assert data.samples[:, 0, :, 6:].min() > 200
    assert data.samples[:, 0, :, :2].max() < 50


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I;16", "I", "F"])
def test_grey_images_give_one_channel(tmp_path, mode):
    value = {"1": 1, "LA": (102, 255), "I;16": 102 * 257, "I": 102, "F": 0.4}.get(mode, 102)
    suffix = ".tif" if mode in ("I", "F") else ".png"
    for i in range(2):
        save(tmp_path / f"{i}{suffix}", mode=mode, colour=value)
    data = read(tmp_path)
    assert data.shape == (1, 8, 8)
    assert (data.samples == (255 if mode == "1" else 102)).all()
    assert read(tmp_path, channels=3).shape == (3, 8, 8)


def test_one_colour_image_among_grey_ones_gives_three_channels(tmp_path):
    good(tmp_path, mode="L", colour=102)
    save(tmp_path / "red.png")
    data = read(tmp_path)
    assert data.shape == (3, 8, 8)
    assert sorted(data.samples[:, 1, 0, 0].tolist()) == [10, 102, 102, 102]
    luma = round(0.299 * 200 + 0.587 * 10 + 0.114 * 10)
    assert sorted(read(tmp_path, channels=1).samples[:, 0, 0, 0].tolist()) == [luma, 102, 102, 102]


def ramp(path, values, count=3):
    """Write images of a ramp (8, 64), with its ends."""
    path.mkdir(parents=True, exist_ok=True)
    suffix = ".png" if values.dtype == np.uint16 else ".tif"
    for i in range(count):
        Image.fromarray(np.tile(values, (16, 1))).save(path / f"{i}{suffix}")


WIDE = np.linspace(0.0, 255.0, 16)


@pytest.mark.parametrize(
    ("values", "white"),
    [
        ((WIDE * 257).astype(np.uint16), ""),
        ((WIDE * 64).astype(np.uint16), "16383"),
        ((WIDE * 16).astype(np.uint16), "4095"),
        ((WIDE * 4).astype(np.uint16), "1023"),
        (WIDE.astype(np.uint16), "255"),
        ((WIDE * 4).astype(np.int32), "1023"),
        (WIDE.astype(np.int32), "255"),
        ((WIDE * 8e6).astype(np.int32), "2.14748e+09"),
        ((WIDE / 255).astype(np.float32), ""),
        ((WIDE / 254.9).astype(np.float32), ""),
        ((WIDE / 255 - 1e-6).astype(np.float32), ""),
        ((WIDE / 127.5 - 1).astype(np.float32), ""),
        (WIDE.astype(np.float32), "255"),
    ],
)
def test_wide_grey_images_keep_their_greys(tmp_path, values, white):
    ramp(tmp_path, values)
    data = read(tmp_path, image_size=16)
    # resizing is none, so that the ramp is there to the last grey level, or nearly
    assert np.abs(data.samples[0, 0, 0].astype(float) - WIDE).max() <= 16
    assert (data.samples[:, 0, :, 0] == 0).all()
    assert [f"white at {white}" in note for note in data.notes] == [True] * bool(white)


def test_all_wide_images_of_a_folder_share_one_scale(tmp_path):
    ramp(tmp_path / "bright", (WIDE * 16).astype(np.uint16))
    ramp(tmp_path / "dark", (WIDE * 4).astype(np.uint16))
    data = read(tmp_path, image_size=16)
    brightest = data.samples.max(axis=(1, 2, 3))
    assert sorted(set(brightest.tolist())) == [64, 254]


@pytest.mark.parametrize("ends", [(-9, 300), (0.0, 4080.0), (-0.2, 1.0), (0.0, 5.0), (-3.0, 3.0)])
def test_wide_images_that_fit_no_scale_are_refused(tmp_path, ends):
    kind = np.int32 if isinstance(ends[0], int) else np.float32
    ramp(tmp_path, np.linspace(*ends, 16).astype(kind))
    with pytest.raises(ValueError, match=f"from {ends[0]:g} to {ends[1]:g}, but expected integers"):
        read(tmp_path, image_size=16)


def test_nearly_black_images_are_told_of(tmp_path):
    ramp(tmp_path, (WIDE / 255 * 0.1).astype(np.float32))
    (note,) = read(tmp_path, image_size=16).notes
    assert "nearly black" in note


def unreadable(monkeypatch, name):
    """Let a folder refuse to be read; root may read all."""
    real = os.scandir

    def scandir(path):
        if os.path.basename(path) == name:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    for name in ("cat", "dog", "emu"):
        good(tmp_path / name)
    unreadable(monkeypatch, "dog")
    data = read(tmp_path)
    assert (len(data), data.num_classes) == (6, 2)
    assert data.notes == (
        "left out 1 folder: dog (Permission denied)",
        "no image can be used of 1 folder: dog",
    )


def test_a_root_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    unreadable(monkeypatch, good(tmp_path / "photos").name)
    with pytest.raises(ValueError, match=r"no image \(1 folder: . \(Permission denied\)\)"):
        read(tmp_path / "photos")


def test_other_formats_are_counted(tmp_path):
    good(tmp_path)
    for name in ("a.heic", "b.HEIC", "c.avif", "notes", ".d.png"):
        (tmp_path / name).touch()
    assert read(tmp_path).notes == (
        "left out 4 other files (.heic 2, .avif 1, without a suffix 1)",
        "left out 1 hidden image or folder (names that begin with a point)",
    )


def test_a_class_without_images_is_named(tmp_path):
    for name in ("cat", "dog"):
        good(tmp_path / name)
    (tmp_path / "emu").mkdir()
    (tmp_path / "fox").mkdir()
    (tmp_path / "fox" / "a.png").write_text("no image")
    data = read(tmp_path)
    assert data.num_classes == 2
    assert data.notes[-1] == "no image can be used of 2 folders: emu, fox"


def test_images_beside_classes_are_named(tmp_path):
    for name in ("cat", "dog"):
        good(tmp_path / name)
    save(tmp_path / "stray.png")
    data = read(tmp_path)
    assert data.labels is None
    assert data.notes == (
        "the subfolders are no classes, since of 7 images 1 lies outside them: stray.png",
    )


def test_an_outline_is_the_data_set_but_for_its_pixels(tmp_path):
    for name in ("cat", "dog"):
        good(tmp_path / name)
    (tmp_path / "cat" / "text.png").write_text("no image")
    (tmp_path / "cat" / "a.heic").touch()
    whole, outline = read(tmp_path), folder.outline(path=tmp_path, image_size=8, channels=None)
    assert outline.samples.shape == whole.samples.shape
    assert outline.labels.tolist() == whole.labels.tolist()
    assert outline.notes == whole.notes
    with pytest.raises(ValueError, match="under half of 64"):
        folder.outline(path=tmp_path, image_size=64, channels=None)


def test_palette_alpha_and_cmyk(tmp_path):
    Image.new("RGB", (16, 16), RED).convert("P", palette=Image.Palette.ADAPTIVE).save(
        tmp_path / "palette.png"
    )
    save(tmp_path / "rgba.png", mode="RGBA", colour=(200, 10, 10, 0))
    save(tmp_path / "half.png", mode="RGBA", colour=(255, 0, 0, 128))
    save(tmp_path / "la.png", mode="LA", colour=(0, 0))
    save(tmp_path / "palette_clear.gif", mode="P", colour=0, transparency=0)
    save(tmp_path / "cmyk.jpg", mode="CMYK", colour=(0, 255, 255, 0))
    data = read(tmp_path)
    assert data.notes == ()
    cmyk, half, la, palette, clear, rgba = data.samples[:, :, 4, 4].astype(int)
    assert np.abs(cmyk - (255, 0, 0)).max() < 12
    assert np.abs(half - (255, 127, 127)).max() <= 1
    assert np.abs(palette - RED).max() <= 1
    for white in (la, clear, rgba):
        assert white.tolist() == [255, 255, 255]


def test_the_first_frame_of_an_animation_counts(tmp_path):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    for i in range(2):
        frames[0].save(tmp_path / f"{i}.gif", save_all=True, append_images=frames[1:])
    assert (read(tmp_path).samples[:, 0] == 255).all()


def jpeg(size=(64, 64)):
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG")
    return buffer.getvalue()


def test_a_corrupt_image_is_skipped_and_named(tmp_path):
    good(tmp_path)
    (tmp_path / "truncated.jpg").write_bytes(jpeg()[:1500])
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("this is not an image")
    whole = (tmp_path / "good0.png").read_bytes()
    (tmp_path / "flipped.png").write_bytes(whole[:45] + bytes([whole[45] ^ 255]) + whole[46:])
    data = read(tmp_path)
    assert len(data) == 3
    assert data.draw(4, torch.Generator()).shape == (4, 3, 8, 8)
    (note,) = data.notes
    assert "skipped 4 of 7" in note
    for name in ("truncated.jpg", "empty.png", "text.png", "flipped.png"):
        assert name in note


def bomb(path, side):
    """Write a PNG that claims side x side pixels."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


@pytest.mark.parametrize("side", [0, 10_000, 100_000])
def test_empty_images_and_decompression_bombs_are_skipped(tmp_path, side):
    bomb(good(tmp_path) / "bomb.png", side)
    data = read(tmp_path)
    assert len(data) == 3
    assert "bomb.png" in data.notes[0]
    assert side == 0 or "decompression bomb" in data.notes[0]


@pytest.mark.parametrize("size", [(3, 3), (16, 300)])
def test_a_wrongly_sized_image_is_skipped_and_named(tmp_path, size):
    save(good(tmp_path) / "odd.png", size=size)
    data = read(tmp_path)
    assert len(data) == 3
    assert f"odd.png (wrong size: {size[0]}x{size[1]}" in data.notes[0]


def test_an_odd_size_is_skipped_only_where_all_others_agree(tmp_path):
    good(tmp_path, count=8, size=(16, 20))
    save(tmp_path / "portrait.png", size=(20, 16))
    save(tmp_path / "odd.png", size=(17, 17))
    data = read(tmp_path)
    assert len(data) == 9
    assert "odd.png (wrong size: 17x17 where the others are 16x20)" in data.notes[0]
    save(tmp_path / "another.png", size=(18, 18))
    assert len(read(tmp_path)) == 11


def test_errors_name_the_setting_and_the_mend(tmp_path):
    with pytest.raises(ValueError, match=r"--data.path .*nowhere does not exist"):
        read(tmp_path / "nowhere")
    file = save(tmp_path / "one" / "a.png")
    with pytest.raises(ValueError, match="is a file, but folder reads a folder"):
        read(file)
    with pytest.raises(ValueError, match="1 usable of 1"):
        read(tmp_path / "one")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="an empty folder"):
        read(tmp_path / "empty")
    (tmp_path / "empty" / "a.txt").write_text("x")
    with pytest.raises(ValueError, match=r"no image \(1 other file \(.txt 1\)\)"):
        read(tmp_path / "empty")
    (tmp_path / "empty" / "a.png").write_text("x")
    with pytest.raises(ValueError, match=r"0 usable of 1 images \(a.png"):
        read(tmp_path / "empty")
    with pytest.raises(ValueError, match=r"--data.image-size is missing"):
        read(tmp_path, image_size=None)
    with pytest.raises(ValueError, match="got 20"):
        read(tmp_path, image_size=20)
    with pytest.raises(ValueError, match=r"--data.path is missing"):
        load("folder", image_size=8)


def test_too_small_images_ask_for_a_smaller_size(tmp_path):
    with pytest.raises(ValueError, match=r"under half of 64.*smaller --data.image-size"):
        read(good(tmp_path), image_size=64)


def test_linked_folders_are_read_once(tmp_path):
    good(tmp_path / "real", count=2)
    (tmp_path / "real" / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert len(read(tmp_path)) == 2


def test_progress_is_shown_on_a_terminal_only(tmp_path, monkeypatch, capsys):
    good(tmp_path)
    monkeypatch.setattr(survey, "NUM_FOR_PROGRESS", 2)
    read(tmp_path)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert len(read(tmp_path)) == 3
    assert "Reading images" in capsys.readouterr().err


def test_classes_have_the_names_of_their_folders(tmp_path):
    for name in ("dog", "cat"):
        (tmp_path / name).mkdir()
        for i in range(2):
            Image.new("L", (8, 8), 50 * i).save(tmp_path / name / f"{i}.png")
    found = load("folder", path=tmp_path, image_size=8)
    assert found.class_names == ("cat", "dog")
    assert [found.classes[i] for i in found.labels] == ["cat", "cat", "dog", "dog"]
    assert load("folder", path=tmp_path / "cat", image_size=8).class_names == ()
