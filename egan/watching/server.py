"""The server: pages, figures and pictures of the runs in a folder, to this machine alone."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from egan.reporting.plots import Compared, compare_runs
from egan.reporting.view import RunView
from egan.watching import pages
from egan.watching.drawing import Drawings
from egan.watching.runs import Runs
from population.records.plain_files import read_plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from starlette.requests import Request

HOSTS = ["127.0.0.1", "localhost"]
"""The names by which it answers, so that no other site can be made to lead here."""

SCRIPT = (Path(__file__).parent / "templates" / "live.js").read_text(encoding="utf-8")
_DIGEST = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; script-src 'sha256-{_DIGEST}'; style-src 'unsafe-inline'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
REPORT_POLICY = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""A report may be a stranger's: it has pictures, and runs nothing."""


def application(runs: Runs) -> Starlette:
    """Return the application, which only answers to GET and HEAD."""
    site = Site(runs)
    routes = {
        "/": site.index,
        "/compare": site.compare,
        "/compare.png": site.comparison,
        "/runs/{name}": site.run,
        "/runs/{name}/report": site.report,
        "/runs/{name}/figures/{figure}.png": site.figure,
        "/runs/{name}/samples/{number:int}.png": site.samples,
    }
    return Starlette(
        routes=[Route(path, endpoint, methods=["GET"]) for path, endpoint in routes.items()],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)],
        exception_handlers={HTTPException: site.trouble},
    )


class Site:
    """What is answered to each path.

    Args:
        runs: The runs that are shown.
    """

    def __init__(self, runs: Runs) -> None:
        self.runs = runs
        self.drawings = Drawings()
        self.templates = pages.environment()

    def index(self, request: Request) -> Response:
        """Show all runs."""
        return self._page(request, "index.html", rows=pages.rows(self.runs.all()), title="Runs")

    def run(self, request: Request) -> Response:
        """Show one run."""
        view = self._view(request.path_params["name"])
        return self._page(request, "run.html", cards=[pages.card(view)], title=view.name)

    def compare(self, request: Request) -> Response:
        """Show two runs side by side."""
        cards = [pages.card(view) for view in self._pair(request)]
        title = " and ".join(card["name"] for card in cards)
        return self._page(request, "run.html", cards=cards, title=title)

    def comparison(self, request: Request) -> Response:
        """Draw two runs' curves into one figure."""
        pair = self._pair(request)
        return self._png("comparison", pair, lambda: compare_runs([_compared(v) for v in pair]))

    def figure(self, request: Request) -> Response:
        """Draw a figure of a run."""
        view, name = self._view(request.path_params["name"]), request.path_params["figure"]
        return self._png(name, [view], lambda: _drawn(view, name))

    def samples(self, request: Request) -> Response:
        """Give the picture of a look."""
        view = self._view(request.path_params["name"])
        path = view.path / "samples" / f"{request.path_params['number']:06d}.png"
        return _answer(_content(path), "image/png")

    def report(self, request: Request) -> Response:
        """Give a run's report."""
        content = _content(self._view(request.path_params["name"]).path / "report.html")
        return _answer(content, "text/html; charset=utf-8", policy=REPORT_POLICY)

    def trouble(self, request: Request, error: Exception) -> Response:
        """Say what is wrong with a request."""
        assert isinstance(error, HTTPException)
        answer = self._page(request, "trouble.html", text=error.detail, title="Nothing here")
        answer.status_code = error.status_code
        return answer

    def _page(self, request: Request, template: str, **content: Any) -> Response:
        names = list(self.runs.all())
        page = self.templates.get_template(template)
        query = dict(request.query_params)
        html = page.render(names=names, script=SCRIPT, query=query, **content)
        return HTMLResponse(html, headers=_headers(POLICY))

    def _view(self, name: str) -> RunView:
        try:
            return self.runs.get(name)
        except (KeyError, OSError) as error:
            raise HTTPException(404, f"There is no run {name!r} in {self.runs.folder}.") from error

    def _pair(self, request: Request) -> list[RunView]:
        return [self._view(request.query_params.get(side, "")) for side in ("left", "right")]

    def _png(self, name: str, views: list[RunView], draw: Callable[[], Figure]) -> Response:
        try:
            return _answer(self.drawings.png(name, views, draw), "image/png")
        except HTTPException:
            raise
        except Exception as error:  # a half-written table is no reason to fall over
            raise HTTPException(404, f"{name} cannot be drawn: {error}") from error


def _drawn(view: RunView, name: str) -> Figure:
    drawing = view.drawings().get(name)
    figure = None if drawing is None else drawing()
    if figure is None:
        raise HTTPException(404, f"The run has no figure {name!r}.")
    return figure


def _compared(view: RunView) -> Compared:
    results = view.results
    if results is None:
        raise ValueError(f"{view.name} has no results yet")
    return Compared(label=view.name, results=results, about=view.about, metrics=view.metrics)


def _content(path: Path) -> bytes:
    try:
        return read_plain(path)
    except (OSError, ValueError) as error:
        raise HTTPException(404, f"There is no {path.name}.") from error


def _answer(content: bytes, kind: str, *, policy: str = POLICY) -> Response:
    return Response(content, media_type=kind, headers=_headers(policy))


def _headers(policy: str) -> Mapping[str, str]:
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }
