"""Images that are mapped from a prepared file: the bits of those in memory, and no others."""

import errno
import json
import os
import pickle
import shutil
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from egan.collection.testing import features_of
from egan.data import folder, load, prepared
from egan.data.splits import parted
from egan.data.store import Mapped, chunks
from egan.tasks import Generation

COUNT = 30


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of two classes, with what is skipped."""
    root, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for i in range(COUNT):
        place = root / ("cats" if i % 3 else "dogs") / f"{i}.png"
        place.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (24, 20, 3), np.uint8)).save(place)
    whole = (root / "cats" / "1.png").read_bytes()
    (root / "cats" / "half.png").write_bytes(whole[: len(whole) // 2])
    (root / "cats" / "notes.txt").write_text("no image")
    return root


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of its own for every test."""
    monkeypatch.setenv("EGAN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def read(root, store="mapped", **options):
    return load("folder", path=root, store=store, **{"image_size": 16, **options})


def files(cache):
    return sorted(path.name for path in cache.iterdir() if not path.name.endswith(".lock"))


@pytest.mark.parametrize("channels", [None, 1, 3])
def test_mapped_images_are_those_in_memory(pictures, channels):
    ours, theirs = read(pictures, channels=channels), read(pictures, "memory", channels=channels)
    assert isinstance(ours.samples, Mapped)
    assert len(ours) == len(theirs) == COUNT
    assert ours.shape == theirs.shape
    assert ours.notes == theirs.notes
    assert np.array_equal(ours.labels, theirs.labels)
    assert ours.fingerprint() == theirs.fingerprint()
    assert ours.kind == theirs.kind
    assert torch.equal(*(one.tensor(np.arange(COUNT)) for one in (ours, theirs)))


@pytest.mark.parametrize("hold_out", [True, False])
def test_parts_and_draws_are_the_same_bits(pictures, hold_out):
    both = [parted(read(pictures, store), hold_out=hold_out) for store in ("mapped", "memory")]
    for ours, theirs in zip(*both, strict=True):
        assert isinstance(ours.samples, Mapped)
        assert ours.fingerprint() == theirs.fingerprint()
        drawn = [one.draw(50, torch.Generator().manual_seed(3)) for one in (ours, theirs)]
        assert torch.equal(*drawn)
        assert drawn[0].stride() == drawn[1].stride()
        assert torch.equal(ours.real(7), theirs.real(7))
        assert ours.real(7).numpy().flags.writeable
    tasks = [Generation(*one, features_of(one[0])) for one in both]
    assert tasks[0].baselines() == tasks[1].baselines()


def test_a_lone_colour_image_that_is_damaged_leaves_grey_ones(tmp_path):
    root = tmp_path / "grey"
    root.mkdir()
    for i in range(4):
        Image.new("L", (16, 16), 40 * i).save(root / f"{i}.png")
    Image.effect_noise((16, 16), 90).convert("RGB").save(root / "colour.png")
    whole = (root / "colour.png").read_bytes()
    (root / "colour.png").write_bytes(whole[: len(whole) // 2])
    ours, theirs = read(root), read(root, "memory")
    assert ours.shape == theirs.shape == (1, 16, 16)
    assert ours.fingerprint() == theirs.fingerprint()


def test_a_file_is_made_once(pictures, cache, monkeypatch):
    first = read(pictures)
    [name] = files(cache)
    assert files(cache / name) == ["about.json", "pixels.u8"]
    assert (cache / name / "pixels.u8").stat().st_size == COUNT * 3 * 16 * 16
    monkeypatch.setattr(folder, "_read", None)  # nothing is decoded again
    monkeypatch.setattr(prepared, "looked_at", None)
    assert read(pictures).fingerprint() == first.fingerprint()


def damaged_size(place):
    with (place / "pixels.u8").open("ab") as stream:
        stream.truncate(1000)


def damaged_bit(place):
    with (place / "pixels.u8").open("r+b") as stream:
        stream.seek(777)
        stream.write(b"\x00\x01\x02\x03")


def damaged_text(place):
    (place / "about.json").write_text("{")


def foreign(place):
    (place / "about.json").write_text('{"shape": [1, 2, 3, "many"], "format": "other"}')


def without_a_checksum(place):
    about = json.loads((place / "about.json").read_text())
    del about["checksum"]
    (place / "about.json").write_text(json.dumps(about))


def in_the_way(place):
    shutil.rmtree(place)
    place.mkdir()
    (place / "pixels.u8").mkdir()


@pytest.mark.parametrize(
    "harm", [damaged_size, damaged_bit, damaged_text, foreign, without_a_checksum, in_the_way]
)
def test_what_is_damaged_or_foreign_is_made_anew(harm, pictures, cache, caplog):
    expected = read(pictures).fingerprint()
    [name] = files(cache)
    harm(cache / name)
    assert read(pictures).fingerprint() == expected
    assert files(cache) == [name]
    assert harm is in_the_way or "made anew" in caplog.text


def test_what_is_stale_is_made_anew_in_its_place(pictures, tmp_path, cache):
    root = tmp_path / "copy"
    shutil.copytree(pictures, root)
    before = read(root)
    Image.new("RGB", (24, 20), "red").save(root / "cats" / "1.png")
    after = read(root)
    assert after.fingerprint() != before.fingerprint()
    assert after.fingerprint() == read(root, "memory").fingerprint()
    assert len(files(cache)) == 1
    assert len(before.real(5)) == 5, "who has it mapped keeps it"
    (root / "cats" / "1.png").unlink()
    assert len(read(root)) == COUNT - 1


def test_a_full_disk_is_told_and_leaves_nothing(pictures, cache, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(prepared, "write_json", full)
    with pytest.raises(ValueError, match="No space left on device. Make room, name another"):
        read(pictures)
    assert files(cache) == []
    usage = SimpleNamespace(free=1000)
    monkeypatch.setattr(prepared.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ValueError, match="they may take 23.2 KiB, but 1e.03 bytes are free"):
        read(pictures)
    assert files(cache) == []


def test_a_killed_process_leaves_nothing_that_is_used(pictures, cache):
    read(pictures)
    [name] = files(cache)
    (cache / name).rename(cache / f".{name}")  # as if it had not been moved yet
    damaged_size(cache / f".{name}")
    assert len(read(pictures)) == COUNT
    assert files(cache) == [name]


def test_two_who_prepare_at_once_share_one_file(pictures, cache, monkeypatch):
    made, write = [], prepared._written
    monkeypatch.setattr(prepared, "_written", lambda *a: made.append(1) or write(*a))
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(read(pictures).fingerprint()))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 4
    assert len(made) == 1


def test_it_is_mapped_where_it_would_fill_the_memory(pictures, monkeypatch):
    size = COUNT * 3 * 16 * 16
    assert not isinstance(read(pictures, "auto").samples, Mapped)
    monkeypatch.setattr(folder, "free_bytes", lambda: 3 * size)
    assert isinstance(read(pictures, "auto").samples, Mapped)
    assert not isinstance(read(pictures, "memory").samples, Mapped)


def test_workers_map_the_file_and_hold_no_copy(pictures):
    known, _ = parted(read(pictures), hold_out=True)
    packed = pickle.dumps(known)
    assert len(packed) < 3000
    other = pickle.loads(packed)
    assert torch.equal(other.real(9), known.real(9))
    images = other.samples.source.open()
    assert isinstance(images, np.memmap)
    assert not images.flags.writeable


def moved_away(root, cache, data):
    """Return the data as another machine has them, where neither cache nor folder are."""
    packed = pickle.dumps(data)
    shutil.rmtree(cache)
    root.rename(root.with_name("elsewhere"))
    return pickle.loads(packed)


def test_another_machine_prepares_its_own_from_the_folder(pictures, cache):
    data = read(pictures)
    expected = data.real(9)
    packed = pickle.dumps(data)
    shutil.rmtree(cache)
    assert torch.equal(pickle.loads(packed).real(9), expected)
    assert len(files(cache)) == 1


def test_a_machine_that_sees_nothing_gets_the_images_through_ray_once(
    pictures, tmp_path, cache, ray_session, monkeypatch
):
    root = tmp_path / "copy"
    shutil.copytree(pictures, root)
    data = read(root)
    expected = data.real(9)
    alone = pickle.loads(pickle.dumps(data))
    assert alone.samples.source.sent == [], "one machine sends nothing"
    nodes = ray_session.nodes()
    monkeypatch.setattr(ray_session, "nodes", lambda: [*nodes, *nodes])
    sent = [ray_session.put([data]) for _ in range(2)]
    shutil.rmtree(cache)
    root.rename(tmp_path / "elsewhere")
    [[one], [two]] = ray_session.get(sent)
    assert one.samples.source.sent == two.samples.source.sent != []
    assert torch.equal(one.real(9), expected)
    assert not Path(one.samples.source.recipe.path).exists()


def test_images_that_are_gone_are_told_of(pictures, tmp_path, cache):
    root = tmp_path / "copy"
    shutil.copytree(pictures, root)
    other = moved_away(root, cache, read(root))
    with pytest.raises(ValueError, match="neither in .* nor in the folder itself. Restore them"):
        other.real(3)


def test_chunks_are_all_bytes_in_their_order(pictures, monkeypatch):
    monkeypatch.setattr("egan.data.store.CHUNK", 5000)
    data = read(pictures)
    parts = [bytes(chunk) for chunk in chunks(data.samples)]
    assert len(parts) > 3
    assert b"".join(parts) == read(pictures, "memory").samples.tobytes()
