"""Where samples go: what is written is what was made, whole or not at all."""

import csv

import numpy as np
import pytest
import torch
from PIL import Image

from egan import data
from egan.data.kinds import Images, Line, Points, Series, Tokens
from egan.data.spelling import Spelling
from egan.sampling.lot import Lot
from egan.sampling.writers import writer
from egan.tasks import Batch


def lot(made, kind=None, *, classes=(), spelling=None):
    shape = tuple(made.shape[1:])
    labelled = bool(classes)
    kind = kind or Images()
    return Lot(
        count=len(made),
        shape=shape,
        kind=kind,
        classes=classes,
        labelled=labelled,
        spelling=spelling,
    )


def pixels(count=5, *, channels=1, size=8):
    levels = np.random.default_rng(0).integers(0, 256, (count, channels, size, size))
    return torch.from_numpy(levels).float() / 127.5 - 1.0


def write(output, made, kind=None, *, classes=(), labels=None, spelling=None):
    with writer(output, lot(made, kind, classes=classes, spelling=spelling)) as add:
        for i in range(0, len(made), 2):
            codes = {} if labels is None else {"labels": torch.tensor(labels[i : i + 2])}
            add(Batch(made[i : i + 2], codes))


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_are_read_back_as_they_were(channels, tmp_path):
    made = pixels(channels=channels)
    write(tmp_path / "fakes", made)
    names = [f"{i:06d}.png" for i in range(5)]
    assert sorted(path.name for path in (tmp_path / "fakes").iterdir()) == names
    found = data.load("folder", path=tmp_path / "fakes", image_size=8)
    assert torch.equal(found.real(5), made)


def test_classes_are_folders_and_come_back_as_classes(tmp_path):
    classes = ("cat", "dog", "../..", ".hidden")
    write(tmp_path / "fakes", pixels(), classes=classes, labels=[1, 0, 1, 3, 3])
    assert sorted(path.name for path in tmp_path.glob("fakes/*")) == ["_.hidden", "cat", "dog"]
    assert [path.name for path in tmp_path.glob("fakes/cat/*")] == ["000001.png"]
    assert not list(tmp_path.glob("*.png"))
    found = data.load("folder", path=tmp_path / "fakes", image_size=8)
    assert found.class_names == ("_.hidden", "cat", "dog")
    assert found.labels.tolist() == [0, 0, 1, 2, 2]


@pytest.mark.parametrize("channels", [1, 3])
def test_an_archive_is_read_back_as_it_was(channels, tmp_path):
    made = pixels(channels=channels)
    labels = [2, 0, 2, 2, 0]
    write(tmp_path / "fakes.npz", made, classes=("a", "b", "c"), labels=labels)
    with np.load(tmp_path / "fakes.npz") as arrays:
        assert arrays["images"].shape == (5, 8, 8, channels)
        assert arrays["labels"].tolist() == labels
    found = data.load("npz", path=tmp_path / "fakes.npz")
    assert torch.equal(found.real(5), made)
    assert [found.classes[i] for i in found.labels] == ["c", "a", "c", "c", "a"]


def test_points_and_tokens_go_into_archives(tmp_path):
    points, tokens = torch.randn(5, 2), torch.tensor([[0, 3], [2, 1]])
    write(tmp_path / "points.npz", points, Points())
    assert torch.equal(data.load("npz", path=tmp_path / "points.npz").real(5), points)
    write(tmp_path / "tokens.npz", tokens, Tokens(4))
    with np.load(tmp_path / "tokens.npz") as arrays:
        assert arrays["samples"].tolist() == tokens.tolist()
    write(tmp_path / "line.npz", points[:, :1], Line())
    assert data.load("npz", path=tmp_path / "line.npz").kind == Line()


def test_tokens_are_written_as_lines_and_read_back(tmp_path):
    made, words = torch.tensor([[1, 2, 0], [2, 2, 2], [0, 1, 1]]), Spelling(("", "ab", "c"))
    write(tmp_path / "a.txt", made, Tokens(3))
    assert (tmp_path / "a.txt").read_text() == "1 2 0\n2 2 2\n0 1 1\n"
    write(tmp_path / "b.txt", made, Tokens(3), spelling=words)
    assert (tmp_path / "b.txt").read_text() == "ab c\nc c c\n\n"
    write(tmp_path / "b.npz", made, Tokens(3), spelling=words)
    found = data.load("text", path=tmp_path / "b.npz")
    assert found.spelling == words
    assert torch.equal(found.real(3), made)


def test_a_table_has_every_digit(tmp_path):
    points = torch.randn(5, 2)
    write(tmp_path / "points.csv", points, Points())
    with (tmp_path / "points.csv").open() as file:
        head, *rows = csv.reader(file)
    assert head == ["x", "y"]
    assert torch.equal(torch.tensor([[float(cell) for cell in row] for row in rows]), points)


@pytest.mark.parametrize("name", ["fakes", "fakes.npz", "points.csv"])
def test_what_is_broken_off_leaves_nothing(name, tmp_path):
    made = torch.randn(5, 2) if name == "points.csv" else pixels()
    kind = Points() if name == "points.csv" else Images()
    with pytest.raises(KeyboardInterrupt):
        broken_off(tmp_path / name, made, kind)
    assert not list(tmp_path.iterdir())


def broken_off(output, made, kind):
    with writer(output, lot(made, kind)) as add:
        add(Batch(made[:2]))
        raise KeyboardInterrupt


def test_nothing_is_written_over(tmp_path):
    (tmp_path / "full").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "full/mine.png")
    (tmp_path / "mine.npz").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("full", "mine.npz", "link"):
        with pytest.raises(ValueError, match="nothing is written over"):
            writer(tmp_path / name, lot(pixels()))
    assert (tmp_path / "mine.npz").read_text() == "mine"


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "empty").mkdir()
    before = (tmp_path / "empty").stat().st_ino
    write(tmp_path / "empty", pixels())
    assert len(list((tmp_path / "empty").iterdir())) == 5
    assert (tmp_path / "empty").stat().st_ino == before
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("a.png", Images(), "must be a folder, or end in .npz, .csv, .txt or .gif"),
        ("a.zip", Images(), "must be a folder"),
        ("a", Points(), "points are no pictures; give --output NAME.npz"),
        ("a.txt", Points(), "a text holds tokens, but these are points"),
        ("a.csv", Images(), "a table holds points, but these are images"),
    ],
)
def test_what_cannot_be_written_so_is_refused(name, kind, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        writer(tmp_path / name, lot(pixels(), kind))


def frames(made):
    return [Image.new("RGB", (4, 4), (int(value), 0, 0)) for value in made.samples.flatten()]


def of_episodes(count=3, *, film=frames):
    return Lot(
        count=count,
        shape=(2, 1),
        kind=Series(),
        classes=(),
        labelled=False,
        codes=("actions",),
        film=film,
    )


def test_what_belongs_to_a_sample_is_kept_with_it(tmp_path):
    actions = torch.arange(6).view(3, 2)
    with writer(tmp_path / "made.npz", of_episodes()) as add:
        for i in range(3):
            add(Batch(torch.full((1, 2, 1), float(i)), {"actions": actions[i : i + 1]}))
    found = np.load(tmp_path / "made.npz")
    assert found["samples"][:, 0, 0].tolist() == [0, 1, 2]
    assert (found["actions"] == actions.numpy()).all()


def test_a_film_has_all_frames_in_their_order(tmp_path):
    with writer(tmp_path / "made.gif", of_episodes()) as add:
        add(Batch(torch.tensor([0.0, 60.0, 120.0, 180.0]).view(2, 2, 1)))
        add(Batch(torch.tensor([210.0, 250.0]).view(1, 2, 1)))
    with Image.open(tmp_path / "made.gif") as found:
        reds = []
        for index in range(found.n_frames):
            found.seek(index)
            reds.append(found.convert("RGB").getpixel((1, 1))[0])
    assert np.allclose(reds, [0, 60, 120, 180, 210, 250], atol=26)
    assert [path.name for path in tmp_path.iterdir()] == ["made.gif"]


def test_a_film_of_many_is_refused(tmp_path):
    for lot_of_them in (of_episodes(11), of_episodes(film=None)):
        with pytest.raises(ValueError, match="a film shows 10 samples at most"):
            writer(tmp_path / "made.gif", lot_of_them)
    assert not list(tmp_path.iterdir())
