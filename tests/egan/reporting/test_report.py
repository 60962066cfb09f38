import base64
import io
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from egan.reporting.about import About, write_about
from egan.reporting.report import MOST_FAILURES, MOST_GRIDS, write_report

EVIL = (
    'Traceback:\n  <script src="https://evil.example/x.js"></script> & more\nValueError: <b>no</b>'
)
INTERPOLATION = "Latent interpolation"
ALL_HEADINGS = [
    "Fitness",
    "Winning mutations",
    "Quality against diversity",
    "Scores",
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
    grids = [alt for alt in page.sources if alt.startswith("What it makes: generation")]
    assert len(grids) == MOST_GRIDS
    assert grids[0].endswith(" 0")
    assert grids[-1].endswith(" 60")
    assert "diversity_weight: 0.05" in page.text
    for name in ("fitness.png", "mutations.png"):
        with Image.open(directory / name) as picture:
            assert picture.width > 600


TRAINING = About(
    kind="train",
    model="vae",
    title="VAE: Auto-encoding variational Bayes, 1312.6114",
    unit="rounds",
    interval=50,
    step="updates",
    leading=("classes",),
    baselines={"chance": {"classes": 2.0}},
    captions={"samples": "Digits at fixed codes", "interpolation": "Walks", "real": "test digits"},
)
OF_EVOLUTION = ("winner", "generation", "mutation", "evolution", "children", "survive")


def test_a_training_is_not_spoken_of_as_an_evolution(run_directory, results):
    table = results(60, operators=("",))
    table.loc[2, "error"] = "RuntimeError: broken"
    directory = run_directory(table=table, about=TRAINING)
    (directory / "config.yaml").unlink()
    timing = '{"wall_seconds": 9, "parts": {"making children": 6}, "generations": 60, "phases": '
    (directory / "timing.json").write_text(timing + '{"variation": 5, "environment": 0}}')
    page = read(directory)
    words = " ".join([page.text, *page.sources]).lower().partition("</style>")[0]
    assert not [word for word in OF_EVOLUTION if word in words]
    assert page.headings[:2] == ["Fitness", "Scores"]
    assert {"As training goes on", "Training, and the real samples", "Walks"} < set(page.headings)
    for text in ("untrained", "after 3,000 updates", "1 round failed.", TRAINING.title):
        assert text in page.text
    assert "round 3 (after 150 updates)" in page.text
    assert "1 → 10 (chance 2)" in page.text
    assert "Digits at fixed codes" in page.text
    assert "test digits" in page.text


def test_a_search_has_members_and_rounds(run_directory, results):
    table = results(8, operators=("",), num_survivors=4, scores=("fitness", "quality", "diversity"))
    table.loc[1, "error"] = "RuntimeError: broken"
    about = About(kind="search", unit="rounds", interval=50, step="updates")
    page = read(run_directory(table=table, about=about))
    assert {"Fitness", "The best member, and the real samples"} < set(page.headings)
    assert not {"Winning mutations", "Quality against diversity"} & set(page.headings)
    assert "round 1 (after 50 updates), member 1" in page.text
    assert "1 member failed in a round and ranked worst." in page.text


def test_a_damaged_account_of_a_run_is_named(run_directory):
    directory = run_directory(about=TRAINING)
    (directory / "about.json").write_text('{"kind": "trian"}')
    with pytest.raises(ValueError, match=r"about\.json cannot be read: kind must be one of train"):
        write_report(directory)


def test_baselines_stand_in_the_table_of_measures(run_directory):
    directory = run_directory()
    write_about(directory, About(kind="evolve", baselines={"chance": {"coverage": 0.25}}))
    assert "chance" in read(directory).text
    assert "0.25" in read(directory).text


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
        ("metrics.csv", {"Scores"}),
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
