"""A run's folder that a stranger has changed, checksums and all: it may fail, but not act."""

import hashlib
import json
import re

import numpy as np
import pytest
from round_trips import forge, replaced
from safetensors.numpy import save
from searches import Walker
from toys import search

from population import RandomSearch, Search
from population.records.checkpoint import latest_checkpoint
from population.records.content import Buffers
from population.records.result import read_result
from population.records.schema import SchemaError
from population.records.snapshot import CheckpointError


@pytest.fixture
def run(tmp_path):
    """Return the folder of a run of two generations, with one checkpoint."""
    search(directory=tmp_path / "run", keep_checkpoints=1).run(2)
    return tmp_path / "run"


def checkpoint(run):
    [path] = (run / "checkpoints").iterdir()
    return path


def forge_table(run, change):
    """Change results.csv, and what the checkpoint knows of it."""
    path = run / "results.csv"
    text = change(path.read_text())
    path.write_text(text)
    mark = {"size": len(text), "sha256": hashlib.sha256(text.encode()).hexdigest()}
    forge(checkpoint(run), lambda content: replaced(content, ("marks", "results"), mark))


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("generation",), -1, "content.generation is -1, expected an integer of at least 0"),
        (("generation",), "2", "content.generation is '2'"),
        (("generation",), 7, "holds generation 7; it was renamed"),
        (("format",), 99, "format is 99, but this version reads"),
        (("population",), [], r"content.population is \[\], expected a list of at least 1"),
        (("population", 0, "index"), 1.5, r"content.population\[0\].index is 1.5"),
        (("population", 0, "failed"), 1, "failed is 1, expected true or false"),
        (("population", 0, "state"), None, "state is missing, though the member has not failed"),
        (("population", 0, "scores", "fitness"), "1", "scores.fitness is '1', expected a number"),
        (("population", 0, "hyperparameters"), [["lr", "(1"]], "hyperparameters.lr: .* no value"),
        (("environment",), ["tensor", ["float32", [4], 0, 1]], "a type, a shape and an offset"),
        (("environment",), ["tensor", ["float32", [4], 64]], "takes bytes 64 to 80 of a buffer"),
        (("environment",), ["tensor", ["float32", [10**9], 0]], "of a buffer of"),
        (("environment",), ["tensor", ["float32", [0, 2**62, 8], 0]], "that memory can hold"),
        (("environment",), ["tensor", ["float32", [1], -64]], "offset is -64"),
        (("environment",), ["tensor", ["float32", [1], 4]], "a multiple of 64"),
        (("environment",), ["tensor", ["save", [1], 0]], "dtype is 'save'"),
        (("environment",), ["tensor", ["qint8", [1], 0]], "dtype is 'qint8'"),
        (("environment",), ["array", ["|O", [1], 0]], r"dtype is '\|O'"),
        (("environment",), ["pickle", "x"], "environment is 'pickle'"),
        (("environment",), ["Size", [["plain", "x"]]], r"environment\[0\] is"),
        (("marks", "../outside"), {"size": 0, "sha256": None}, "'../outside' cannot be a journal"),
        (("marks", "results", "size"), True, "marks.results.size is True"),
        (("identity", "space"), {"lr": {}}, "identity.space.lr.domain is None, expected a text"),
        (("idle",), None, "content.idle is None"),
        (("more",), 1, "content.more is no field"),
    ],
)
def test_a_field_that_is_wrong_is_named(run, place, value, message):
    def change(content):
        *way, last = place
        node = content
        for key in way:
            node = node[key]
        node[last] = value
        return content

    forge(checkpoint(run), change)
    with pytest.raises(CheckpointError, match=message):
        search(directory=run).resume()


@pytest.mark.parametrize("wrong", [None, np.zeros(64, np.int8), np.zeros((8, 8), np.uint8)])
def test_a_state_without_a_row_of_bytes_is_named(wrong):
    rows = {"population.0": np.zeros(64, np.uint8)}
    rows |= {} if wrong is None else {"environment": wrong}
    skeleton = ("tensor", ("float32", (1,), 0))
    with pytest.raises(SchemaError, match="environment: .* no row of bytes called 'environment'"):
        Buffers(save(rows), {"environment": skeleton}).environment()


@pytest.mark.parametrize("text", ["[]", "1", "null", '{"a": 1}', "[" * 100_000, "\xff"])
@pytest.mark.parametrize("name", ["state.json", "manifest.json"])
def test_a_damaged_newest_checkpoint_gives_way_to_the_one_before(tmp_path, name, text):
    search(directory=tmp_path, checkpoint_every=1).run(3)
    newest = tmp_path / "checkpoints" / "00000003"
    if name == "state.json":
        forge(newest, lambda content: content)
        manifest = json.loads((newest / "manifest.json").read_text())
        blob = text.encode()
        manifest[name] = {"size": len(blob), "sha256": hashlib.sha256(blob).hexdigest()}
        (newest / "manifest.json").write_text(json.dumps(manifest, sort_keys=True))
    (newest / name).write_text(text)
    assert latest_checkpoint(tmp_path / "checkpoints").generation == 2


def test_no_name_of_a_journal_leaves_the_folder(run):
    """Its own file lies outside of the run, and what is resumed would cut it to nothing."""
    outside = run.parent / "diary.csv"
    outside.write_text("dear diary\n")
    for name in ("../diary", str(outside.with_suffix("")), "sub/../../diary"):
        mark = {"results": {"size": 0, "sha256": None}, name: {"size": 0, "sha256": None}}
        forge(checkpoint(run), lambda content, mark=mark: replaced(content, ("marks",), mark))
        with pytest.raises(CheckpointError, match="cannot be a journal's name"):
            search(directory=run).resume().run(3)
    assert outside.read_text() == "dear diary\n"


def test_a_journal_that_is_a_link_is_not_followed(run):
    outside = run.parent / "diary.csv"
    (run / "results.csv").rename(outside)
    before = outside.read_bytes()
    (run / "results.csv").symlink_to(outside)
    with pytest.raises(CheckpointError, match="is a link"):
        search(directory=run).resume().run(3)
    assert outside.read_bytes() == before


@pytest.mark.parametrize(("old", "new"), [("up", "uq"), ("True", "Frue"), ("0.", "1."), ("1", "2")])
def test_a_letter_of_a_history_that_was_changed_is_noticed(run, old, new):
    path = run / "results.csv"
    head, rows = path.read_text().split("\n", 1)
    path.write_text(f"{head}\n{rows.replace(old, new, 1)}")
    with pytest.raises(ValueError, match=r"results\.csv was altered after it was written"):
        read_result(run)
    with pytest.raises(CheckpointError, match=r"results\.csv was altered after it was written"):
        search(directory=run).resume().run(3)


def row(change):
    """Return what changes cells of the second row of a history by name."""

    def changed(text):
        head, first, second, *rest = text.split("\n")
        cells = dict(zip(head.split(","), second.split(","), strict=True)) | change
        return "\n".join([head, first, ",".join(cells.values()), *rest])

    return changed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (row({"generation": "-1"}), "row 2, 'generation': -1, expected an integer"),
        (row({"generation": "0"}), "row 2, 'generation': 0, expected"),
        (row({"child": "one"}), "row 2, 'child': 'one', expected an integer"),
        (row({"fitness": "good"}), "row 2, 'fitness': 'good', expected a number"),
        (row({"survived": "1"}), "row 2, 'survived': 1, expected True or False"),
        (row({"operator": "3"}), "row 2, 'operator': 3, expected a text"),
        (row({"child": "0"}), "row 2: this child of its generation is there already"),
        (row({"parent_generation": "1", "parent": "1"}), "row 2: its parent is not among the rows"),
        (row({"parent_generation": "2", "parent": "0"}), "row 2: its parent is not among the rows"),
        (row({"error": '"\'a"'}), "row 2, 'error': .* is no value"),
        (row({"seed": "5,5"}), "row 2: it has 13 cells, but there are 12 columns"),
        (lambda text: text.replace("survived", "died"), "is no history: 'survived'"),
        (lambda text: text.replace(",child", ",run"), "'run' is no name of one column"),
        (lambda text: text.replace("up", 'u"p', 1), "a quotation mark too many"),
    ],
)
def test_a_history_that_no_search_wrote_is_named(run, change, message):
    forge_table(run, change)
    with pytest.raises(ValueError, match=re.escape(str(run / "results.csv")) + ".*" + message):
        read_result(run)


def test_rows_after_the_last_checkpoint_are_read_too(tmp_path):
    runner = Search(Walker, RandomSearch({"lr": 0.5}, 2), directory=tmp_path)
    runner.run(2)
    path = tmp_path / "results.csv"
    *_, last = path.read_text().splitlines()
    with path.open("a") as file:
        file.write(last.replace(",2,1,1,1,", ",3,1,2,1,") + "\n")
    assert len(read_result(tmp_path).history) == 5


@pytest.mark.parametrize("state", [{}, {"round": "x"}, {"round": []}, {"round": None}])
def test_a_state_that_does_not_fit_the_strategy_is_told(tmp_path, state):
    Search(Walker, RandomSearch({"lr": 0.5}, 2), directory=tmp_path, keep_checkpoints=1).run(1)
    forge(checkpoint(tmp_path), lambda content: replaced(content, ("strategy",), state))
    again = Search(Walker, RandomSearch({"lr": 0.5}, 2), directory=tmp_path)
    with pytest.raises(CheckpointError, match="no state of the strategy that fits"):
        again.resume().run(2)
