import base64
import io
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from egan.reporting.report import MOST_FAILURES, MOST_GRIDS, write_report

EVIL = (
    'Traceback:\n  <script src="https://evil.example/x.js"></script> & more\nValueError: <b>no</b>'
)
INTERPOLATION = "Latent interpolation"
ALL_HEADINGS = [
    "Fitness",
    "Winning mutations",
    "Quality against diversity",
    "Distance of the samples to the data",
    "Samples at fixed codes",
    "Evolution, and the real samples",
    INTERPOLATION,
    "Wall time",
    "Configuration",
    "Versions",
]


class Page(HTMLParser):
    """Collects the tags, pictures and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: dict[str, str] = {}
        self.links: list[str] = []
        self.headings: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.append(tag)
        if tag == "img":
            self.sources[values["alt"]] = values["src"]
        self.links += [values[name] for name in ("href", "src", "srcset") if name in values]

    def handle_data(self, data):
        self.text += data
        if self.tags[-1:] == ["h2"] and data.strip():
            self.headings.append(data.strip())


def read(directory) -> Page:
    return Page(write_report(directory).read_text(encoding="utf-8"))


def test_the_report_shows_everything_that_the_run_left(run_directory):
    directory = run_directory()
    page = read(directory)
    assert page.headings == ALL_HEADINGS
    grids = [alt for alt in page.sources if alt.startswith("Samples of generation")]
    assert len(grids) == MOST_GRIDS
    assert grids[0].endswith(" 0")
    assert grids[-1].endswith(" 60")
    assert "diversity_weight: 0.05" in page.text
    for name in ("fitness.png", "mutations.png"):
        with Image.open(directory / name) as picture:
            assert picture.width > 600


def test_every_picture_is_inside_the_page_and_opens(run_directory):
    page = read(run_directory())
    assert len(page.sources) == 4 + MOST_GRIDS + 3
    kinds = set()
    for source in page.sources.values():
        head, content = source.split(",", 1)
        with Image.open(io.BytesIO(base64.b64decode(content, validate=True))) as picture:
            picture.load()
            kinds.add((head, picture.format))
    assert kinds == {("data:image/png;base64", "PNG"), ("data:image/gif;base64", "GIF")}


def test_the_page_asks_for_nothing_outside_and_runs_nothing(run_directory, results):
    page_path = write_report(run_directory(table=results(5)))
    text = page_path.read_text(encoding="utf-8")
    page = Page(text)
    assert all(link.startswith("data:image/") for link in page.links)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert "http" not in re.sub(r"base64,[^\"]+", "", text).replace("http-equiv", "")
    assert "@import" not in text
    assert "url(" not in text


def test_text_from_the_run_is_escaped(run_directory, results):
    table = results(5)
    table.loc[4, ["error", "fitness"]] = [EVIL, np.nan]
    directory = run_directory("00001-<i>&digits", table=table)
    (directory / "config.yaml").write_text('preset: "<script>1</script>"\n')
    page = read(directory)
    assert "script" not in page.tags
    assert "i" not in page.tags
    assert EVIL in page.text
    assert "<i>&digits" in page.text
    assert "generation 2, child 1, heuristic" in page.text
    assert "Failures" in page.headings


def test_many_failures_are_counted_and_some_shown(run_directory, results):
    table = results(60).assign(error="RuntimeError: broken")
    page = read(run_directory(table=table))
    assert page.tags.count("details") == MOST_FAILURES
    assert "180 children failed" in page.text


@pytest.mark.parametrize(
    ("missing", "headings"),
    [
        ("results.csv", {"Fitness", "Winning mutations", "Quality against diversity"}),
        ("metrics.csv", {"Distance of the samples to the data"}),
        ("config.yaml", {"Configuration"}),
        ("versions.json", {"Versions"}),
        ("timing.json", {"Wall time"}),
        ("samples", {"Samples at fixed codes", "Evolution, and the real samples", INTERPOLATION}),
    ],
)
def test_what_is_missing_is_left_out(run_directory, missing, headings):
    directory = run_directory()
    path = directory / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    shown = read(directory).headings
    assert set(ALL_HEADINGS) - set(shown) == headings


def test_an_empty_directory_has_a_report(tmp_path):
    page = read(tmp_path)
    assert page.headings == []
    assert tmp_path.name in page.text
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_search_without_mutations_has_a_report(run_directory, results):
    table = results(8, operators=("",), num_survivors=4, scores=("fitness", "accuracy"))
    page = read(run_directory(table=table.assign(learning_rate=0.1)))
    assert "Fitness" in page.headings
    assert not {"Winning mutations", "Quality against diversity"} & set(page.headings)
    assert "discriminator" not in page.text


def test_one_generation_is_enough(run_directory, results):
    assert "Fitness" in read(run_directory(table=results(1))).headings


def test_the_directory_itself_may_be_given_as_dot(run_directory, monkeypatch):
    monkeypatch.chdir(run_directory())
    assert "00000-digits" in read(".").text


def test_what_is_no_folder_or_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ValueError, match="not a folder"):
        write_report(tmp_path / "nothing")
    (tmp_path / "timing.json").write_text("{")
    with pytest.raises(ValueError, match=r"timing\.json cannot be read"):
        write_report(tmp_path)
