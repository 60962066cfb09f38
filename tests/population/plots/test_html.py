"""What a notebook shows of a search, of its schedule, and of figures; once in a real kernel."""

import base64
import io
import re

import nbclient
import nbformat
import pytest
from PIL import Image

from population import Member, RandomSearch, Search
from population.plots import html

CELLS = (
    """
from population import LogUniform, Member, PopulationBasedTraining, Search
from population.callbacks import ProgressTable

class Walk(Member):
    def __init__(self, hyperparameters):
        self.place = 0.0

    def configure(self, hyperparameters):
        self.pace = hyperparameters["pace"]

    def step(self, operator=None):
        self.place += self.pace

    def evaluate(self):
        return self.place

    def state_dict(self):
        return {"place": self.place}

    def load_state_dict(self, state):
        self.place = state["place"]

strategy = PopulationBasedTraining({"pace": LogUniform(0.1, 1)}, 4)
result = Search(Walk, strategy, callbacks=[ProgressTable()]).run(5)
""",
    "result",
    "result.schedule()",
    "result.plot()",
)


class Named(Member):
    """Its hyperparameter is a text."""

    def __init__(self, hyperparameters):
        self.steps = 0

    def step(self, operator=None):
        self.steps += 1

    def evaluate(self):
        return 0.25 * self.steps

    def state_dict(self):
        return {"steps": self.steps}

    def load_state_dict(self, state):
        self.steps = state["steps"]


@pytest.fixture(scope="module")
def result():
    return Search(Named, RandomSearch({"name": "<script>"}, 2)).run(2)


def text(page):
    return re.sub(r"<[^>]*>", " ", page)


def pictures(page):
    """Return the sizes of the pictures inside a page."""
    found = re.findall(r'src="data:image/png;base64,([^"]*)"', page)
    return [Image.open(io.BytesIO(base64.b64decode(one))).size for one in found]


def test_a_result_shows_its_best_member_and_its_curves(result):
    page = result._repr_html_()
    said = " ".join(text(page).split())
    assert "best fitness 0.5 (generation 2, child 0) with name &lt;script&gt;" in said
    assert "generations 2 members 2" in said
    assert "<script>" not in page
    [(width, height)] = pictures(page)
    assert width > height > 200


def test_a_schedule_shows_a_row_for_each_phase(result):
    page = result.schedule()._repr_html_()
    assert "ranked by" in page
    assert page.count("<tr") == 4
    assert "&lt;script&gt;" in page
    assert "<script>" not in page


def test_figures_show_themselves_although_they_are_none_of_pyplots(result):
    figure = result.plot()
    assert Image.open(io.BytesIO(figure._repr_png_())).format == "PNG"


def test_names_and_values_are_text():
    assert html.headline([("<i>", "a & b")]).count("<i>") == 0


@pytest.fixture
def _kernel_at(tmp_path, monkeypatch):
    """Let a kernel keep what it keeps in a folder of the test."""
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.chdir(tmp_path)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:jupyter_client")
@pytest.mark.usefixtures("_kernel_at")
def test_a_notebook_shows_progress_result_schedule_and_figure():
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    book = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(book, timeout=120, kernel_name="python3").execute()
    progress, result, schedule, figure = (
        [output.data for output in cell.outputs if "data" in output] for cell in book.cells
    )
    assert "application/vnd.jupyter.widget-view+json" in progress[0]
    widgets = book.metadata.widgets["application/vnd.jupyter.widget-state+json"]
    assert "generation 5/5" in str(widgets)
    assert "best fitness" in result[0]["text/html"]
    assert len(pictures(result[0]["text/html"])) == 1
    assert "from_generation" in schedule[0]["text/html"]
    assert len(figure[0]["image/png"]) > 10_000
