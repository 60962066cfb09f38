"""A verdict on samples as a page, a table, and pictures of what lies nearest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from egan.data.kinds import Images
from egan.files import write_json, write_text
from egan.judging.measures import COPIED, Measure, measure, ordered
from egan.reporting.pictures import evenly, save_atomically
from egan.reporting.plots.memorisation import memorisation_figure
from egan.reporting.plots.style import save_figure
from egan.reporting.report import embedded, template
from egan.reporting.showing import show

if TYPE_CHECKING:
    from PIL import Image

    from egan.data.dataset import Array, Dataset
    from egan.judging.verdict import Estimate, Verdict

ROW, NUM_ROWS = 10, 4
PAGE, TABLE = "verdict.html", "verdict.json"
NEAREST = "Nearest real images"
Rows = list[tuple[str, str, str, str]]


def rows(verdict: Verdict) -> Rows:
    """Return label, value, interval and floor of each measure, in the order of a report."""
    totals = verdict.totals
    known = [replace(measure(k), total=totals.get(k, 0)) for k in ordered(verdict.measures)]
    return [_row(one, verdict.measures[one.name]) for one in known]


def _row(one: Measure, estimate: Estimate) -> tuple[str, str, str, str]:
    label = one.label + (f" ({one.better} is better)" if one.better else "")
    plain = replace(one, total=0)
    ends = [plain.text(end) for end in (estimate.low, estimate.high)]
    interval = " to ".join(ends) if math.isfinite(estimate.high - estimate.low) else ""
    floor = plain.text(estimate.floor) if math.isfinite(estimate.floor) else ""
    return label, one.text(estimate.value), interval, floor


def write_verdict(
    folder: Path,
    verdict: Verdict,
    real: Dataset,
    made: Dataset,
    *,
    told: Mapping[str, Any],
    num_parts: int,
) -> Path:
    """Write page, JSON, figure and pictures into a folder that is there; return the page's path.

    Args:
        folder: Where to.
        verdict: What was found.
        real: The real samples.
        made: The generated ones.
        told: What was compared, by name, for the head of the page.
        num_parts: How many parts the intervals are from.
    """
    found = verdict.memorisation
    save_figure(memorisation_figure(found.distances, found.among_real), folder / "memorisation.png")
    pictures = _pictures(verdict, real, made)
    for name, (_, _, picture) in pictures.items():
        save_atomically(picture, folder / f"{name}.png")
    write_json(folder / TABLE, _content(verdict, told))
    html = template("verdict.html").render(
        title="What the samples are worth",
        headline=[(key, str(value)) for key, value in told.items()],
        rows=rows(verdict),
        notes=_notes(verdict),
        num_parts=num_parts,
        memorised=_memorised(verdict),
        figure=embedded(folder / "memorisation.png"),
        pictures=[
            (heading, caption, embedded(folder / f"{name}.png"))
            for name, (heading, caption, _) in pictures.items()
        ],
    )
    write_text(folder / PAGE, html)
    return folder / PAGE


def _notes(verdict: Verdict) -> list[str]:
    caveat = f"Distances are taken {verdict.caveat}." if verdict.caveat else ""
    return [f"{note[:1].upper()}{note[1:]}." for note in verdict.notes] + [caveat] * bool(caveat)


def _content(verdict: Verdict, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what goes into the JSON file; numbers that are not finite are null."""
    measures = {
        name: {key: _finite(value) for key, value in vars(estimate).items()}
        for name, estimate in verdict.measures.items()
    }
    found = verdict.memorisation
    nearest = {
        "real_image": found.nearest.tolist(),
        "distance": np.round(found.distances, 6).tolist(),
    }
    return {
        **told,
        "measures": measures,
        "caveat": verdict.caveat,
        "notes": list(verdict.notes),
        "nearest": nearest,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _memorised(verdict: Verdict) -> str:
    """Return in words how many samples are suspiciously near to a real one."""
    estimate = verdict.measures[COPIED]
    text = (
        f"{estimate.value:.0%} of the samples are nearer to a real one than that is to any other "
        f"real one. Of real samples that were held out it is {estimate.floor:.0%}; of copies, 100%."
    )
    if math.isfinite(estimate.low) and estimate.low > estimate.floor:
        return f"{text} These are nearer than new samples would be: look at the pairs below."
    return f"{text} There is no sign of copies here."


def _pictures(
    verdict: Verdict, real: Dataset, made: Dataset
) -> dict[str, tuple[str, str, Image.Image]]:
    """Return heading, caption and picture by file name: pairs of images, or points over points."""
    if not isinstance(real.kind, Images):
        behind = real.real(max(real.kind.num_behind, 1))
        picture = show(real.kind, made.real(real.kind.num_shown), real=behind)
        return {"samples": ("Samples", "Generated ones, over the real ones.", picture)}
    order = np.argsort(_nearness(verdict), kind="stable")
    near, spread = order[: ROW * NUM_ROWS], order[evenly(len(order), ROW * NUM_ROWS)]
    return {
        "nearest": (
            NEAREST,
            "The samples that come nearest to a real image, each with that image below it.",
            _pairs(verdict, real, made, near),
        ),
        "spread": (
            "Others, with theirs",
            "Samples from the nearest to the farthest, each with its nearest real image below it.",
            _pairs(verdict, real, made, spread),
        ),
    }


def _nearness(verdict: Verdict) -> Array:
    """Return how near each sample is to its real one, in distances of that to its nearest other."""
    found = verdict.memorisation
    among = found.among_real[found.nearest]
    least = max(float(np.median(found.among_real)) * 1e-3, 1e-12)
    return np.asarray(found.distances / np.maximum(among, least))


def _pairs(
    verdict: Verdict, real: Dataset, made: Dataset, chosen: Sequence[int] | Array
) -> Image.Image:
    """Draw rows of samples, each above the row of their nearest real images."""
    parts = []
    for start in range(0, len(chosen), ROW):
        places = np.asarray(chosen[start : start + ROW])
        parts += [made.tensor(places), real.tensor(verdict.memorisation.nearest[places])]
    width = min(ROW, len(chosen))
    full = [part for part in parts if len(part) == width]
    names = ["sample", "real"] * (len(full) // 2)
    images = np.concatenate([part.numpy() for part in full])
    return show(real.kind, images, columns=width, row_names=names)
