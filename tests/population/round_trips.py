"""What a search may meet, drawn at random, and checks that it is read back as it was written."""

import hashlib
import json
import math
import re
import string
import tempfile
from collections import Counter, OrderedDict, defaultdict
from functools import partial
from pathlib import Path

import numpy as np
import torch
from hypothesis import strategies as st

from population import Choice, Evolution, Member, PopulationBasedTraining, Search, When
from population.records.cells import decode, encode
from population.records.checkpoint import read_checkpoint, write_checkpoint
from population.records.content import READ_BACK
from population.records.journal import Journal, read_journal
from population.records.result import read_result
from population.records.schedule import Phase, Schedule
from population.records.snapshot import CheckpointError, Snapshot
from population.state import pack, unpack
from population.strategy import COLUMNS, KEEP, MISSING, Individual, flatten
from population.testing.members import differences

TRICKY = [
    *("", " ", "\t", "\n", "\r", "a\rb", "a\r\nb", "\x00", "\x85", "\u2028", "\ufeff", "\udce9"),
    *("None", "none", "NA", "N/A", "n/a", "<NA>", "#N/A", "#NA", "null", "NULL", "nan", "NaN"),
    *("-nan", "1.#IND", "inf", "-Infinity", "True", "TRUE", "false", "007", "7", "1e5", "1_000"),
    *("'a'", '"', '""', "'", "(1, 2)", "()", "[1]", "[]", "{}", "a,b", "\\", "\\n", "b'x'", "0x1"),
    *("\ud83d\ude00", "😀", "=1+1", "-", "+", ".", "٣"),
]
TEXTS = st.sampled_from(TRICKY) | st.text(st.characters(), max_size=12)
NUMBERS = st.integers(-(2**80), 2**80) | st.floats(allow_nan=False) | st.integers(-2, 9)
SCALARS = TEXTS | NUMBERS | st.booleans() | st.none()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple),
    max_leaves=4,
)
NAMES = (
    (TEXTS | st.text(string.ascii_lowercase, min_size=1))
    .filter(lambda name: name not in {"", *COLUMNS} and not re.search("[\ud800-\udfff]", name))
    .map(lambda name: name.replace(".", "_"))
)
OPTIONS = st.lists(
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2).map(tuple), max_leaves=3),
    min_size=1,
    max_size=5,
    unique_by=lambda value: value,
)
OPERATORS = st.lists(TEXTS.filter(lambda n: n and n != KEEP), min_size=1, max_size=3, unique=True)

# ----------------------------------------------------------------------------------- what is drawn


def tables():
    """Draw columns and rows; a row leaves out what does not exist."""
    columns = st.lists(NAMES, min_size=1, max_size=4, unique=True)
    cell = st.just(MISSING) | VALUES | st.floats()

    def rows(names):
        return st.lists(st.fixed_dictionaries(dict.fromkeys(names, cell)), min_size=1)

    return columns.flatmap(rows)


def states():
    """Draw a member's state."""
    shape = st.lists(st.integers(0, 3), max_size=2)
    tensors = st.tuples(shape, st.sampled_from(["float32", "bfloat16", "int64", "bool"])).map(
        lambda drawn: torch.arange(math.prod(drawn[0])).reshape(drawn[0]).to(vars(torch)[drawn[1]])
    )
    arrays = st.tuples(shape, st.sampled_from(["<f8", ">i4", "|u1", "<c16"])).map(
        lambda drawn: np.ones(drawn[0], dtype=drawn[1])
    )
    scalars = st.sampled_from([np.float32(0.1), np.int64(3), np.bool_(1), torch.Size([2, 3])])
    return st.recursive(
        tensors | arrays | scalars | TEXTS | st.booleans() | st.none() | st.floats() | NUMBERS,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.lists(inner, max_size=3).map(tuple)
            | st.dictionaries(TEXTS | st.integers(), inner, max_size=3)
            | st.dictionaries(TEXTS, inner, max_size=2).map(OrderedDict)
            | st.dictionaries(TEXTS, inner, max_size=2).map(Counter)
            | st.dictionaries(TEXTS, inner, max_size=2).map(partial(defaultdict, list))
            | st.dictionaries(TEXTS, inner, max_size=2).map(attributed)
        ),
        max_leaves=8,
    )


def attributed(values):
    """Return a mapping as modules give it, with attributes."""
    made = OrderedDict(values)
    made._metadata = {"": {"version": 1}}
    return made


def groups():
    """Draw nested hyperparameters."""
    return st.recursive(
        st.dictionaries(NAMES, VALUES, min_size=1, max_size=3),
        lambda inner: st.dictionaries(NAMES, VALUES | inner, min_size=1, max_size=3),
        max_leaves=3,
    )


def snapshots():
    """Draw what a search needs to go on."""
    members = st.builds(
        Individual,
        generation=st.just(3),
        index=st.integers(0, 9),
        hyperparameters=groups(),
        scores=st.dictionaries(TEXTS, st.floats(), max_size=2),
        state=states().map(pack),
    )
    return st.builds(
        Snapshot,
        generation=st.just(3),
        population=st.lists(members, min_size=1, max_size=3),
        environment=st.none() | states().map(pack),
        strategy=st.dictionaries(TEXTS, SCALARS, max_size=2),
        marks=st.just({"results": 7}),
        digests=st.just({"results": "ab"}),
        identity=st.dictionaries(
            NAMES.filter(lambda name: name not in READ_BACK), SCALARS, max_size=2
        ),
        idle=st.integers(0, 9),
    )


# -------------------------------------------------------------------------------------- the checks


def same(left, right):
    """Whether two values are of the same type and the same bits."""
    return type(left) is type(right) and repr(left) == repr(right)


def check_cell(value):
    cell = encode(value)
    assert same(decode(cell), value)
    cell.encode()  # it is UTF-8
    if isinstance(value, str):
        assert cell.lower() not in {"", "nan", "none", "null", "na", "n/a", "<na>", "true", "false"}


def check_table(rows):
    """A table is the same in memory and on disk, and one whose end is missing has a beginning."""
    columns = list(rows[0])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        memory, disk = Journal(), Journal(path)
        for part in (rows[:1], rows[1:]):
            memory.append(part)
            disk.append(part)
        disk.close()
        for frame in (memory.frame(), read_journal(path)):
            assert list(frame) == columns
            found = frame.to_dict("records")
            assert len(found) == len(rows)
            for row, read in zip(rows, found, strict=True):
                assert all(same(row[name], read[name]) for name in columns)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) * 2 // 3])
        torn = read_journal(path).to_dict("records")
        assert repr(torn) == repr(found[: len(torn)])
        again = Journal(path)
        if again.columns:
            again.append(rows[:1])
            assert repr(again.frame().to_dict("records")) == repr([*torn, found[0]])
        again.close()


class Witness(Member):
    """Remembers what it was trained with, and scores by it."""

    def __init__(self, hyperparameters):
        self.seen = []

    def configure(self, hyperparameters):
        self.now = hyperparameters

    def step(self, operator=None):
        self.seen.append(repr((operator, flatten(self.now))))

    def evaluate(self):
        return float(len(self.seen[-1]) % 7)

    def state_dict(self):
        return {"seen": self.seen}

    def load_state_dict(self, state):
        self.seen = list(state["seen"])


def check_search(strategy, *, generations=3):
    """What every survivor saw is its schedule, from memory, from disk, and after a resume."""
    with tempfile.TemporaryDirectory() as folder:
        Search(Witness, strategy(), directory=folder).run(generations - 1)
        result = Search(Witness, strategy(), directory=folder).resume().run(generations)
        for record in (result, read_result(folder)):
            for survivor in result.population:
                schedule = record.schedule(survivor)
                phases = [schedule.at(i + 1) for i in range(len(schedule))]
                lived = [repr((p.operator or None, flatten(p.hyperparameters))) for p in phases]
                assert lived == survivor.state["seen"]


def check_options(options):
    space = {"c": Choice(options), "d": When("c", [options[0]], Choice(options[::-1]))}
    check_search(lambda: PopulationBasedTraining(space, 4))


def check_operators(operators, hyperparameters):
    check_search(lambda: Evolution(operators, hyperparameters=hyperparameters))


def check_schedule(hyperparameters, operator):
    phase = Phase(
        from_generation=1, to_generation=2, hyperparameters=hyperparameters, operator=operator
    )
    with tempfile.TemporaryDirectory() as folder:
        Schedule((phase,)).to_yaml(Path(folder) / "schedule.yaml")
        read = Schedule.from_yaml(Path(folder) / "schedule.yaml")
    assert repr(read) == repr(Schedule((phase,)))


def check_snapshot(snapshot):
    with tempfile.TemporaryDirectory() as folder:
        read = read_checkpoint(write_checkpoint(Path(folder), snapshot))
    for one, back in zip(snapshot.population, read.population, strict=True):
        assert repr(one.hyperparameters) == repr(back.hyperparameters)
        assert {k: repr(v) for k, v in one.scores.items()} == {
            k: repr(v) for k, v in back.scores.items()
        }
        assert not differences(unpack(one.state), unpack(back.state))
    for name in ("strategy", "identity", "marks", "digests", "idle", "generation"):
        assert getattr(read, name) == getattr(snapshot, name)


def forge(path, change):
    """Change what a checkpoint holds, checksums and all, as a stranger can."""
    content = change(json.loads((path / "state.json").read_bytes()))
    blob = json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")
    (path / "state.json").write_bytes(blob)
    manifest = json.loads((path / "manifest.json").read_bytes())
    manifest["state.json"] = {"size": len(blob), "sha256": hashlib.sha256(blob).hexdigest()}
    (path / "manifest.json").write_text(json.dumps(manifest, sort_keys=True))


def places(node, path=()):
    """Yield the way to every value in a JSON document."""
    yield path
    if not isinstance(node, dict | list):
        return
    for key, child in node.items() if isinstance(node, dict) else enumerate(node):
        yield from places(child, (*path, key))


def replaced(node, path, value):
    """Return a JSON document with another value in one place."""
    if not path:
        return value
    copy = dict(node) if isinstance(node, dict) else list(node)
    copy[path[0]] = replaced(node[path[0]], path[1:], value)
    return copy


WRONG = st.sampled_from(
    [-1, 0, 3, 2**70, 1.5, None, True, "", "x", "None", "object", "O", "../x", [], [[]], {}]
)


def check_forgery(snapshot, place, value):
    """A forged checkpoint is refused by name, or whole enough for its states to be used."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_checkpoint(Path(folder), snapshot)

        def change(content):
            ways = list(places(content))
            return replaced(content, ways[place % len(ways)], value)

        forge(path, change)
        try:
            read = read_checkpoint(path)
        except CheckpointError as error:
            assert str(path) in str(error)  # noqa: PT017 - there need not be one
            return
        for one in read.population:
            if one.state is not None:
                pack(unpack(one.state))
