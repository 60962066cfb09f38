"""Views of one's own: names and tables that tell poses, and what is wrong with them."""

import os

import numpy as np
import pytest
from PIL import Image

from egan.data import load
from egan.data.dataset import IDENTITY, LANDMARKS, YAW


@pytest.fixture
def people(tmp_path):
    for k, person in enumerate(("anna", "ben", "cleo", "dan")):
        (tmp_path / person).mkdir()
        for yaw in (-30, 0, 45):
            Image.new("L", (16, 16), 60 * k + yaw + 30).save(tmp_path / person / f"v{yaw:+d}.png")
    return tmp_path


def views(path, **options):
    return load("views", path=path, image_size=16, **options)


def table(people, rows, *, head="file,yaw"):
    (people / "poses.csv").write_text(f"{head}\n{rows}", encoding="utf-8")


def test_names_end_in_the_yaw(people):
    data = views(people)
    assert data.shape == (1, 16, 16)
    assert data.annotations[IDENTITY].tolist() == sorted([0, 1, 2, 3] * 3)
    assert {*data.annotations[YAW].tolist()} == {-30.0, 0.0, 45.0}
    assert LANDMARKS not in data.annotations
    for row in range(12):
        colour = 60 * data.annotations[IDENTITY][row] + data.annotations[YAW][row] + 30
        assert (data.samples[row] == colour).all()
    kept = views(people, split="test")
    assert len(kept) == 3
    assert len({*kept.annotations[IDENTITY].tolist()}) == 1


def test_a_table_has_poses_and_landmarks(people):
    rows = "".join(
        f"{p}/v{y:+d}.png,{y / 3},0.25,0.5,1,0\n"
        for p in ("anna", "ben", "cleo", "dan")
        for y in (-30, 0)
    )
    table(people, rows, head="file,yaw,x1,y1,x2,y2")
    data = views(people)
    assert len(data) == 8
    assert {*data.annotations[YAW].tolist()} == {-10.0, 0.0}
    assert np.allclose(data.annotations[LANDMARKS], [[-0.5, 0.0], [1.0, -1.0]])
    assert any("left out 4 image" in note for note in data.notes)


def test_persons_of_one_view_are_left_out(people):
    (people / "eve").mkdir()
    Image.new("L", (16, 16)).save(people / "eve" / "0.png")
    data = views(people)
    assert len(data) == 12
    assert any("person of whom it is the only one" in note for note in data.notes)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("anna/v+0.png,much\n", r"row 2 'much' for yaw.*expected .* yaw from -90 to 90"),
        ("anna/v+0.png,nan\n", "row 2 'nan' for yaw"),
        ("anna/v+0.png,200\n", "row 2 '200' for yaw, not from -90 to 90"),
        ("anna/v+0.png\n", "row 2 1 cell, but 2 columns"),
        ("anna/v+0.png,0\nanna/v+0.png,1\n", "row 3 .* a pose already"),
        ("", "no image whose pose is told"),
        ("other.png,0\n", "no image whose pose is told"),
    ],
)
def test_odd_rows_are_told(people, rows, said):
    table(people, rows)
    with pytest.raises(ValueError, match=said):
        views(people)


def test_odd_tables_are_told(people):
    for head in ("name,yaw", "file,yaw,x1", "file,yaw,x1,y2", "file,yaw,yaw", ""):
        table(people, "", head=head)
        with pytest.raises(ValueError, match=r"poses.csv: got the columns"):
            views(people)
    (people / "poses.csv").write_bytes(b"\xff\xfe\x00file")
    with pytest.raises(ValueError, match="no table of UTF-8 text"):
        views(people)
    (people / "poses.csv").unlink()
    os.mkfifo(people / "poses.csv")
    with pytest.raises(ValueError, match="poses.csv: got no file"):
        views(people)


def test_names_without_a_yaw_and_few_persons_are_told(people):
    for person in ("ben", "cleo"):
        for file in (people / person).iterdir():
            file.unlink()
    with pytest.raises(ValueError, match="got 2 persons .* expected 4 or more"):
        views(people)
    Image.new("L", (16, 16)).save(people / "anna" / "smiling.png")
    with pytest.raises(ValueError, match=r"'anna/smiling.png', which ends in no yaw.*-90 to 90"):
        views(people)
    with pytest.raises(ValueError, match="--data.path is missing"):
        load("views", image_size=16)
