"""Images of one's own at known ages, and icons: what is read, kept apart, and refused."""

import os

import numpy as np
import pytest
from PIL import Image

from egan.data import load
from egan.data.aged_icons import names
from egan.data.ages import GROUPS, grouped
from egan.data.dataset import IDENTITY

PEOPLE = ("ann", "bob", "cleo", "dan", "eve")


@pytest.fixture
def people(tmp_path):
    """A table of five people at three ages, an image each."""
    lines = ["file,age,identity"]
    (tmp_path / "in").mkdir()
    for i, name in enumerate(PEOPLE):
        for j, age in enumerate((7, 30, 71)):
            file = f"in/{name}{age}.png"
            Image.new("L", (16, 16), 40 * i + 10 * j).save(tmp_path / file)
            lines.append(f"{file},{age},{name}")
    table = tmp_path / "people.csv"
    table.write_text("\n".join(lines), encoding="utf-8")
    return table


def read(table, **options):
    return load("ages", path=table, **{"image_size": 16, **options})


def rows(table, *lines):
    table.write_text("\n".join(["file,age,identity", *lines]), encoding="utf-8")
    return table


def test_images_have_their_ages_and_identities(people):
    data = read(people)
    assert data.shape == (1, 16, 16)
    assert data.classes == ("7", "30", "71")
    expected = 40 * data.annotations[IDENTITY] + 10 * data.labels
    assert (data.samples[:, 0, 0, 0] == expected).all()
    assert not data.notes


def test_whole_identities_are_kept_for_tests(people):
    known, kept = (read(people, split=part).annotations[IDENTITY] for part in ("train", "test"))
    assert (len(np.unique(kept)), len(kept), len(known)) == (1, 3, 12)
    assert not {*kept} & {*known}


def test_many_ages_are_the_papers_groups():
    ages = np.array([3, 18, 19, 29, 30, 39, 40, 49, 50, 59, 60, 99])
    groups, called = grouped(ages)
    assert groups.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert called == GROUPS
    groups, called = grouped(np.array([20, *range(60, 71)]))
    assert (called, set(groups.tolist())) == ((GROUPS[1], GROUPS[5]), {0, 1})


def test_columns_may_be_in_any_order_and_more(people):
    text = people.read_text().splitlines()
    turned = [",".join(reversed(line.split(","))) + ",x" for line in text]
    people.write_text("\n".join(turned).replace("file", " File"), encoding="utf-8-sig")
    assert len(read(people)) == 15


def test_what_is_left_out_is_told(people):
    text = people.read_text()
    more = (
        *("in/ann7.png,8,bob", "./in//ann7.png,7,ann", ",7,ann", "in/bob7.png,,bob"),
        *("in/none.png,7,zoe", "../out.png,7,zoe", f"{'x' * 5000}.png,7,zoe", "in/x.png,-3,zoe"),
        *("in/x.png,nan,zoe", "in/x.png,7"),
    )
    people.write_text("\n".join([text, *more]))
    data = read(people)
    assert len(data) == 15
    said = " | ".join(data.notes)
    for part in (
        "2 rows of a file that was there before",
        "2 rows without a file or an identity",
        "3 rows whose age is no whole number from 0 to 9,999",
        "3 rows whose file is no image there: ../out.png, in/none.png",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "got the columns none"),
        (b"file,age\na.png,3", "got the columns file,age, but expected file,age,identity"),
        (b"file,age,age,identity\n", "once each"),
        (b"\xff\xfef\x00i\x00", "no CSV in UTF-8"),
        (b'file,age,identity\n"a', "no CSV in UTF-8"),
        (b"file,age,identity\n" + b"a" * 200_000 + b",3,x", "no CSV in UTF-8"),
        (b"file,age,identity\nnone.png,3,x\n", "got 1 row that can be used, and 0 of their images"),
    ],
)
def test_what_is_no_table(tmp_path, content, said):
    table = tmp_path / "people.csv"
    table.write_bytes(content)
    with pytest.raises(ValueError, match="people.csv") as error:
        read(table)
    assert said in str(error.value)


def test_tables_that_are_none(people, tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    for path, said in (
        (None, "--data.path is missing"),
        (tmp_path / "nowhere.csv", "got nothing there"),
        (tmp_path, "got no file"),
        (tmp_path / "pipe.csv", "got no file"),
    ):
        with pytest.raises(ValueError, match=said):
            read(path)
    with pytest.raises(ValueError, match="the age 7 alone"):
        read(rows(people, "in/ann7.png,7,ann", "in/bob7.png,7,bob"))


def test_icons_are_there_at_every_age():
    data = load("aged_icons", image_size=16)
    assert len(data) == 5 * len(names()) == 4470
    assert (data.labels.reshape(-1, 5) == np.arange(5)).all()
    assert (np.arange(894) == data.annotations[IDENTITY].reshape(-1, 5).T).all()
    ink = data.samples.reshape(894, 5, -1).astype(float).mean(axis=(0, 2))
    assert (np.diff(ink) > 0).all()
    assert load("aged_icons").shape == (1, 32, 32)
    train, test = (load("aged_icons", split=one, image_size=16) for one in ("train", "test"))
    assert (len(train), len(test)) == (3580, 890)
