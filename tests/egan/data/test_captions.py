"""Images of a user's with captions: a table, or a text beside each image; whatever is wrong."""

import os

import numpy as np
import pytest
from PIL import Image

from egan.data import load


@pytest.fixture
def photos(tmp_path):
    """Write four images as bright as their numbers, one of them in a subfolder."""
    folder = tmp_path / "photos"
    (folder / "b").mkdir(parents=True)
    for number, name in enumerate(["b/one.png", "two.png", "three.jpg", "four.png"], start=1):
        Image.new("RGB", (16, 16), (number, number, number)).save(folder / name)
    return folder


def table(photos, *rows, head="file,caption", encoding="utf-8"):
    file = photos / "captions.csv"
    file.write_bytes("\n".join([head, *rows, ""]).encode(encoding))
    return file


def captions(dataset):
    """Return the captions of each image by its brightness."""
    rows = zip(dataset.samples[:, 0, 0, 0].tolist(), dataset.annotations["captions"], strict=True)
    return {grey: [dataset.wording.text(one) for one in several] for grey, several in rows}


def loaded(photos, file=None, **options):
    return load("captions", path=photos, captions=file, image_size=8, **options)


def test_a_table_names_files_and_captions(photos):
    rows = ["b/one.png,A red bird", 'two.png,"blue, small"', "two.png,a bird", "four.png,bird"]
    dataset = loaded(photos, table(photos, *rows))
    assert captions(dataset) == {
        1: ["a red bird"] * 2,
        2: ["blue small", "a bird"],
        4: ["bird"] * 2,
    }
    assert any("1 image of" in n and n.endswith("caption: three.jpg") for n in dataset.notes)
    assert dataset.wording.words[:2] == ("", "bird")


def test_the_folder_is_that_of_the_table_if_it_is_not_told(photos):
    file = table(photos, "two.png,a", "four.png,b")
    assert len(load("captions", captions=file, image_size=8)) == 2


def test_a_text_beside_each_image(photos):
    (photos / "b" / "one.txt").write_text("a bird\n\na red bird\n", encoding="utf-8")
    (photos / "three.txt").write_text("\ufeffA FISH", encoding="utf-8")
    (photos / "readme.txt").write_text("nothing", encoding="utf-8")
    dataset = loaded(photos)
    assert captions(dataset) == {1: ["a bird", "a red bird"], 3: ["a fish"] * 2}
    assert any("1 other file (.txt 1)" in note for note in dataset.notes)


def test_texts_that_cannot_be_read_are_left_out_and_named(photos):
    for name in ("two", "four"):
        (photos / f"{name}.txt").write_text("a bird", encoding="utf-8")
    (photos / "three.txt").write_bytes("rät".encode("latin-1"))
    (photos / "b" / "one.txt").write_bytes(b"a " * 2**16)
    dataset = loaded(photos)
    assert sorted(captions(dataset)) == [2, 4]
    [note] = [note for note in dataset.notes if "cannot be read" in note]
    assert "three.txt" in note
    assert "one.txt" in note


def test_windows_spelling_and_order_of_columns_are_understood(photos):
    file = table(photos, "a bird,.\\b\\one.png,9", "a fish, ./two.png ,8", head=" Caption,File,x")
    assert captions(loaded(photos, file)) == {1: ["a bird"], 2: ["a fish"]}


def test_what_is_left_out_is_counted(photos):
    rows = ["two.png,a", "two.png,a", "four.png,b", "four.png,!!", "gone.png,c", "../up.png,d"]
    rows += [f"two.png,w{i}" for i in range(12)]
    rows.append("four.png," + "long " * 60)
    dataset = loaded(photos, table(photos, *rows))
    notes = " | ".join(dataset.notes)
    assert "left out 1 caption without a word" in notes
    assert "left out 3 captions beyond 10 of an image" in notes
    assert "1 caption cut after 50 words" in notes
    assert "left out 2 files with a caption that is not there: ../up.png, gone.png" in notes
    assert dataset.annotations["captions"].shape == (2, 10, 50)


def test_a_broken_image_takes_its_caption_along(photos):
    (photos / "two.png").write_bytes(b"\x89PNG and no more")
    rows = ["b/one.png,a", "two.png,zebra", "four.png,b"]
    dataset = loaded(photos, table(photos, *rows))
    assert sorted(captions(dataset)) == [1, 4]
    assert "zebra" not in dataset.wording.words


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (["two.png,a"], {"head": "name,text"}, "got the columns name,text, but expected file,cap"),
        (["two.png,a"], {"head": "file,caption,file"}, "got the columns file,caption,file"),
        ([], {"head": ""}, "got the columns none"),
        ([], {}, "0 images with a caption, but expected 2 or more"),
        (["two.png,a"], {}, "1 images with a caption, but expected 2 or more"),
        (['two.png,"a', "b"], {}, r"line \d+: got what is no CSV"),
        (["two.png,rät"], {"encoding": "latin-1"}, "cannot be read .*Save it as UTF-8"),
        (["two.png,a"], {"encoding": "utf-16"}, "cannot be read .*Save it as UTF-8"),
        (["two.png," + "x" * 200_000], {}, "no CSV .field larger than"),
    ],
)
def test_tables_that_are_none_say_so(photos, rows, options, message):
    file = table(photos, *rows, **options)
    with pytest.raises(ValueError, match=message) as told:
        loaded(photos, file)
    assert len(str(told.value)) < 900


def test_no_table_a_folder_and_a_pipe_are_refused(photos):
    os.mkfifo(photos / "pipe.csv")
    for path, got in (("none.csv", "nothing there"), ("b", "no file"), ("pipe.csv", "no file")):
        with pytest.raises(ValueError, match=f"--data.captions .*got {got}"):
            loaded(photos, photos / path)


def test_what_is_missing_is_told(photos):
    with pytest.raises(ValueError, match="--data.path is missing: captions reads a folder"):
        load("captions", image_size=8)
    with pytest.raises(ValueError, match="--data.image-size is missing"):
        load("captions", path=photos)
    with pytest.raises(ValueError, match="no text beside them, and 0 images with a caption"):
        loaded(photos)


def test_a_table_for_other_data_warns(photos):
    with pytest.warns(UserWarning, match="--data.captions=x.csv has no effect on digits"):
        load("digits", captions="x.csv")


def test_subfolders_that_hold_all_are_classes(tmp_path):
    for number, name in enumerate(["a/1", "a/2", "b/1", "b/2"]):
        file = tmp_path / f"{name}.png"
        file.parent.mkdir(exist_ok=True)
        Image.new("L", (8, 8), number).save(file)
        file.with_suffix(".txt").write_text(name.replace("/", " "), encoding="utf-8")
    dataset = loaded(tmp_path)
    assert dataset.class_names == ("a", "b")
    assert np.array_equal(dataset.labels, [0, 0, 1, 1])
    assert dataset.channels == 1
    train = load("captions", path=tmp_path, image_size=8, split="train")
    assert train.wording == dataset.wording
