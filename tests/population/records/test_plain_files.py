"""Of a run's folder only plain files are read and written: no links, pipes or devices."""

import os

import pytest

from population.records.plain_files import (
    NotPlainError,
    check_plain,
    check_tree,
    read_plain,
    remove,
    without_links,
)


def test_a_link_is_not_opened_even_where_it_came_after_the_check(tmp_path):
    (tmp_path / "file").write_text("a")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    os.close(without_links(str(tmp_path / "file"), os.O_RDONLY))
    for flags in (os.O_RDONLY, os.O_WRONLY | os.O_CREAT):
        with pytest.raises(OSError, match="link"):
            without_links(str(tmp_path / "link"), flags)


def test_files_are_written_through_the_opener(tmp_path):
    with open(tmp_path / "new", "w", opener=without_links) as file:
        file.write("b")
    assert read_plain(tmp_path / "new") == b"b"


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_whatever_lies_deep_in_a_folder_is_seen(tmp_path, kind):
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "file").write_text("a")
    check_tree(tmp_path)
    if kind == "link":
        (deep / "odd").symlink_to(tmp_path)
    else:
        os.mkfifo(deep / "odd")
    with pytest.raises(NotPlainError, match="a/b/odd is"):
        check_tree(tmp_path)
    with pytest.raises(NotPlainError, match="odd is"):
        read_plain(deep / "odd")


def test_what_is_not_there_is_plain_and_can_be_removed(tmp_path):
    check_plain(tmp_path / "nothing")
    remove(tmp_path / "nothing")


def test_a_link_is_removed_and_what_it_leads_to_stays(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("a")
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    remove(tmp_path / "link")
    assert (tmp_path / "folder" / "file").exists()
    remove(tmp_path / "folder")
    assert not any(tmp_path.iterdir())
