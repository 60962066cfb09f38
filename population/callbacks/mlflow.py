"""Curves in MLflow."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from population.callbacks.tracker import Tracker
from population.extras import load_extra
from population.strategy import flatten

if TYPE_CHECKING:
    from population.search import Search

MAX_TEXT = 500
"""MLflow refuses longer values of parameters, from some version on."""


class MLflow(Tracker):
    """Logs scores, hyperparameters and the environment's records by generation.

    Where the calling program has a run under way, it is used and left open.

    Args:
        experiment: The experiment's name; MLflow's default where it is left out.
        tracking_uri: Where MLflow keeps runs; its own default where it is left out.
        members: How many members have curves of their own.

    Raises:
        MissingExtraError: mlflow is not installed.
    """

    def __init__(
        self,
        experiment: str | None = None,
        *,
        tracking_uri: str | None = None,
        members: int = 16,
    ) -> None:
        super().__init__(members=members)
        self._mlflow = load_extra("mlflow", extra="mlflow")
        self._experiment = experiment
        self._tracking_uri = tracking_uri
        self._owned = False

    def open(self, search: "Search") -> None:
        """Begin a run with the search's name, and its settings as parameters."""
        if self._tracking_uri is not None:
            self._mlflow.set_tracking_uri(self._tracking_uri)
        if self._experiment is not None:
            self._mlflow.set_experiment(self._experiment)
        if self._mlflow.active_run() is None:
            self._mlflow.start_run(run_name=search.name)
            self._owned = True
        settings = flatten(search.identity)
        self._mlflow.log_params({name: str(v)[:MAX_TEXT] for name, v in settings.items()})

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Log a point on each curve, with the generation as the step."""
        self._mlflow.log_metrics(dict(values), step=step)

    def close(self) -> None:
        """End the run, unless it is the calling program's."""
        if self._owned:
            self._mlflow.end_run()
            self._owned = False
