"""Is every result still the same bits? A record of what the command line does, to compare with.

Command lines of all presets, models, searches and variants of E-GAN are run in this process, and
what they leave is compared with `results/golden.json`: the rows of results.csv and metrics.csv
column by column (without seconds), pixels of samples and figures, weights tensor by tensor whatever
they are called. So are a child of every model, what --list and --dry-run print, and what mistakes
are told. The exit status is 1 if anything differs. It holds for one machine and its versions.

  python benchmarks/golden.py [--only PATTERN] [--ray] [--save]

--only takes a part of a name, with * and ?, such as "cgan" or "errors/*lr*"; with --save it records
these anew and keeps the others. --ray also runs the lines of RAY on workers, whose results must be
those of this process. The `egan` that is imported is judged: PYTHONPATH chooses another tree.
"""

from __future__ import annotations

import argparse
import difflib
import fnmatch
import json
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # read by torch and numpy when they are first imported
os.environ.update(COLUMNS="100", NO_COLOR="1", TERM="dumb")  # of the texts that are recorded

import torch
from golden_lines import CASES, ERRORS, QUICK, RAY, TEXTS, TINY, WORKERS
from golden_workplace import RAISED, Found, Value, Workplace
from measure import RESULTS, parser

PATH = RESULTS / "golden.json"

Record = dict[str, Found]
Job = Callable[[], Found]


def child_of(name: str) -> Found:
    """Return the digest of a model's child."""
    from egan.collection.testing import child_digest

    return {"digest": child_digest(name)}


def jobs(place: Workplace, *, ray: bool) -> dict[str, Job]:
    """Return what makes each entry of the record."""
    made: dict[str, Job] = {f"texts/{k}": partial(place.text, v) for k, v in TEXTS.items()}
    made |= {f"errors/{name}": partial(place.error, words) for name, words in ERRORS.items()}
    made |= {f"children/{name}": partial(child_of, name) for name in TINY}
    made |= {f"runs/{name}": partial(place.run, words) for name, words in CASES.items()}
    for name in RAY if ray else ():
        for workers in WORKERS:
            job = partial(place.on_ray, CASES[name], workers)
            made[f"ray/{name}, workers {workers}"] = job
    return made


def about() -> Found:
    """Return what the bits depend on beside the project."""
    names = ("torch", "numpy", "pandas", "matplotlib", "pillow", "scikit-learn", "tyro", "ray")
    return {
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}",
        **{name: version(name) for name in names},
    }


# ------------------------------------------------------------------------------- how it is compared


def differences(kept: Found, found: Found) -> Iterator[str]:
    """Name the parts that are not as in the record, each with what is gone and what is new."""
    for part in {**kept, **found}:
        if part not in found:
            yield f"{part}: gone"
        elif part not in kept:
            yield f"{part}: new"
        elif kept[part] != found[part]:
            tell = _other_tensors if part == "weights" else _difference
            yield f"{part}: {tell(kept[part], found[part])}"


def _other_tensors(before: Value, now: Value) -> str:
    gone, new = Counter(before) - Counter(now), Counter(now) - Counter(before)
    return f"{gone.total()} of {len(before)} tensors are gone, {new.total()} are new"


def _difference(before: Value, now: Value) -> str:
    if not (isinstance(before, list) and isinstance(now, list)):
        return f"was {before}, now {now}"
    lines = [*difflib.unified_diff(before, now, lineterm="", n=0)][2:]
    return "\n".join(["", *(f"    {line}" for line in lines if not line.startswith("@@"))])


def unlike_inline(name: str, found: Found, record: Mapping[str, Found]) -> list[str]:
    """Name what differs, in an entry of Ray, from the same run in one process."""
    case = name.removeprefix("ray/").rpartition(", workers")[0]
    inline = record.get(f"runs/{case}", {})
    return [f"not as inline: {text}" for text in differences(inline, found)]


def compared(name: str, found: Found, record: Mapping[str, Found]) -> list[str]:
    """Return how an entry differs from the record."""
    if RAISED in found:
        return [f"failed: {found[RAISED]}"]
    texts = [*differences(record[name], found)] if name in record else ["not in the record"]
    return texts + (unlike_inline(name, found, record) if name.startswith("ray/") else [])


def chosen(names: Sequence[str], pattern: str | None) -> list[str]:
    """Return the names that a pattern is a part of."""
    return [name for name in names if fnmatch.fnmatch(name, f"*{pattern or ''}*")]


def read(path: Path) -> Record:
    """Return the record, nothing where there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def write(path: Path, record: Record) -> None:
    """Keep the record."""
    text = json.dumps(record, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def one(name: str, job: Job) -> Found:
    """Make an entry; what is raised becomes the entry, so that the others are made all the same."""
    started = time.perf_counter()
    try:
        found = job()
    except Exception as error:  # whatever it is, it is not as recorded
        found = {RAISED: f"{type(error).__name__}: {error}"}
    print(f"{time.perf_counter() - started:6.1f} s  {name}", file=sys.stderr, flush=True)
    return found


def judged(record: Record, made: Mapping[str, Job], names: Sequence[str]) -> int:
    """Print each difference between the record and what is made now; return how many."""
    count = 0
    for name in names:
        for text in compared(name, one(name, made[name]), record):
            print(f"{name}: {text}", flush=True)
            count += 1
    return count


def recorded(record: Record, made: Mapping[str, Job], names: Sequence[str], path: Path) -> int:
    """Put what is made now into the record; return how many results of Ray are not the inline ones.

    Entries that were not asked for stay, as long as the tables above have them.
    """
    new = {name: one(name, made[name]) for name in names}
    whole = {"about": about(), **{k: v for k, v in {**record, **new}.items() if k != "about"}}
    known = {"about", *made, *(name for name in record if name.startswith("ray/"))}
    write(path, {name: found for name, found in whole.items() if name in known})
    texts = [
        f"{name}: {text}"
        for name, found in new.items()
        if name.startswith("ray/")
        for text in unlike_inline(name, found, whole)
    ]
    print(*texts, f"wrote {path.name}: {len(new)} entries", sep="\n")
    return len(texts)


def obey(words: argparse.Namespace) -> int:
    """Record or compare; return the exit status."""
    import egan

    torch.set_num_threads(1)
    record = read(PATH)
    with tempfile.TemporaryDirectory(prefix="golden-") as folder:
        made = jobs(Workplace(Path(folder)), ray=words.ray)
        names = chosen([*made], QUICK if words.quick else words.only)
        print(f"{len(names)} entries, of {Path(egan.__file__).parent}", file=sys.stderr)
        if words.save:
            return int(recorded(record, made, names, PATH) > 0)
        for text in differences(record.get("about", {}), about()):
            print(f"note: recorded elsewhere: {text}", file=sys.stderr)
        count = judged(record, made, names)
    if words.only is None and not words.quick:
        gone = [k for k in record if k not in made and k != "about" and not k.startswith("ray/")]
        print(*(f"{name}: not made any more" for name in gone), sep="\n", end="\n" * bool(gone))
        count += len(gone)
    print(f"{count or 'no'} differences in {len(names)} entries")
    return int(count > 0)


def main() -> int:
    """Record, or compare with the record."""
    shown = parser(__doc__ or "")
    shown.add_argument("--only", metavar="PATTERN", help="entries with this in their name")
    shown.add_argument("--ray", action="store_true", help="also on Ray workers, which is slow")
    return obey(shown.parse_args())


if __name__ == "__main__":
    sys.exit(main())
