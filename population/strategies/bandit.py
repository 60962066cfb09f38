"""A Gaussian-process bandit whose rewards change with time."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import (
    ConstantKernel,
    Hyperparameter,
    Kernel,
    StationaryKernelMixin,
    WhiteKernel,
)
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped,unused-ignore]

Array = npt.NDArray[np.float64]


class TimeVaryingKernel(StationaryKernelMixin, Kernel):  # type: ignore[misc]
    """Nearby in space and in time is alike: PB2's kernel.

    k((t, x), (s, y)) = exp(-|x - y|^2 / (2 length_scale^2)) * exp(-|t - s| / time_scale)

    With ``time_scale = -2 / log(1 - eps)`` the second factor is (1 - eps)^(|t - s| / 2).
    Inputs are (N, 1 + F) arrays whose first column is the time. Bogunovic et al. 2016, arXiv
    1601.06650; Parker-Holder et al. 2020, arXiv 2002.02518.

    Args:
        length_scale: How far apart two places in space are before they stop resembling.
        time_scale: The same for time.
        length_bounds: Where the best length scale is looked for; shorter ones fit the noise, and
            make every untried corner look promising.
        time_bounds: Where the best time scale is looked for.
    """

    def __init__(
        self,
        length_scale: float = 0.5,
        time_scale: float = 2.0,
        length_bounds: tuple[float, float] = (0.2, 2.0),
        time_bounds: tuple[float, float] = (0.05, 20.0),
    ) -> None:
        self.length_scale = length_scale
        self.time_scale = time_scale
        self.length_bounds = length_bounds
        self.time_bounds = time_bounds

    @property
    def hyperparameter_length_scale(self) -> Any:
        """Tell scikit-learn to fit the length scale."""
        return Hyperparameter("length_scale", "numeric", self.length_bounds)

    @property
    def hyperparameter_time_scale(self) -> Any:
        """Tell scikit-learn to fit the time scale."""
        return Hyperparameter("time_scale", "numeric", self.time_bounds)

    def __call__(
        self,
        X: Array,
        Y: Array | None = None,
        eval_gradient: bool = False,
    ) -> Any:
        """Return k(X, Y), (N, M), and its gradient by the logarithms of the scales, (N, M, 2)."""
        other = X if Y is None else Y
        space = cdist(X[:, 1:], other[:, 1:], "sqeuclidean") / self.length_scale**2
        time = cdist(X[:, :1], other[:, :1], "cityblock") / self.time_scale
        covariance = np.exp(-space / 2 - time)
        if not eval_gradient:
            return covariance
        return covariance, np.stack([covariance * space, covariance * time], axis=-1)

    def diag(self, X: Array) -> Array:
        """Return k(x, x) for each row, which is 1."""
        return np.ones(len(X))


class Bandit:
    """A model of the improvements seen so far, and a choice among candidates.

    Args:
        observations: Rows (time, places in [0, 1]..., improvement), N of them.
        now: The time to choose for, after the last observation's.
    """

    def __init__(self, observations: Sequence[Sequence[float]], *, now: float) -> None:
        table = np.asarray(observations, dtype=np.float64)
        self.places = np.column_stack([table[:, 0] / now, table[:, 1:-1]])
        gain = table[:, -1]
        scaled = np.clip((gain - gain.mean()) / (gain.std() + 1e-12), -2.0, 2.0)
        kernel = ConstantKernel(1.0, (1e-2, 1e2)) * TimeVaryingKernel()
        self.model = _fit(
            GaussianProcessRegressor(kernel + WhiteKernel(0.1, (1e-4, 1e1))), self.places, scaled
        )

    def choose(self, candidates: Array, pending: Sequence[Sequence[float]]) -> int:
        """Return which of the (M, F) candidates has the highest upper confidence bound.

        Args:
            candidates: Places in [0, 1].
            pending: Places that are being tried already; the model is surer around them.
        """
        inputs, tried = _now(candidates), _now(np.reshape(pending, (-1, candidates.shape[1])))
        known = np.concatenate([self.places, tried])
        twin = GaussianProcessRegressor(self.model.kernel_, optimizer=None)
        _fit(twin, known, np.zeros(len(known)))
        with threadpool_limits(1):
            mean = self.model.predict(inputs)
            noisy = twin.predict(inputs, return_std=True)[1]
        deviation = np.sqrt(np.maximum(noisy**2 - self.model.kernel_.k2.noise_level, 0.0))
        weight = np.sqrt(max(0.2 * np.log(0.4 * len(self.places)), 0.0))
        return int(np.argmax(mean + weight * deviation))


def _now(places: Array) -> Array:
    """Return places with the time of the choice, 1, before them."""
    return np.column_stack([np.ones(len(places)), places])


def _fit(model: GaussianProcessRegressor, inputs: Array, targets: Array) -> Any:
    """Fit on one thread, for the same bits on every machine, and without remarks on bounds."""
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(inputs, targets)
