"""How often each of several generators should make a sample, so that the mixture fits the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from fitness.arrays import Array, Samples, as_pair
from fitness.mmd import check_held, mean_kernel, prepared

_RIDGE = 1e-9  # of the mean diagonal: members that are alike share alike


def mixture_weights(
    members: Sequence[Samples],
    real: Samples,
    *,
    kernel: Literal["polynomial", "gaussian"] = "polynomial",
    bandwidth: float | None = None,
) -> Array:
    """Return the weights (M,) that bring a mixture of members nearest to the data, by squared MMD.

    With K_ij = E[k(x_i, x_j)] between members and b_i = E[k(x_i, y)] between each and the data,
    they are argmin_w wᵀKw − 2bᵀw over w ≥ 0 with Σw = 1. Means are over all pairs, a sample with
    itself among them, so that K is no less than positive semidefinite; this draws the weights a
    little to equal ones, less the more samples there are. Members that are alike share alike.

    Args:
        members: Samples or features of each member, (N_i, F).
        real: Those of the data, (N, F); some that no member has learned from.
        kernel: As in `squared_mmd`.
        bandwidth: As in `squared_mmd`; the median is over members and data.

    Raises:
        ValueError: If there are no members, and as `squared_mmd` does.

    The closed form is that of kernel mean matching, Huang et al. 2006, for weights of generators.
    """
    return _nearest_to_origin(_products(members, real, kernel=kernel, bandwidth=bandwidth))


def removal_costs(
    members: Sequence[Samples],
    real: Samples,
    weights: Sequence[float] | Array,
    *,
    kernel: Literal["polynomial", "gaussian"] = "polynomial",
    bandwidth: float | None = None,
) -> Array:
    """Return what a mixture loses with each member: d_i = MMD²(without i) − MMD²(with all), (M,).

    Without a member the others keep their weights, made to sum to 1. It is above 0 for a member
    that the mixture cannot do without, and below for one that does harm. Means are over all pairs,
    as in `mixture_weights`.

    Args:
        members: Samples or features of each member, (N_i, F), at least two of them.
        real: Those of the data, (N, F).
        weights: How often each member makes a sample, (M,), below 1, their sum 1.
        kernel: As in `squared_mmd`.
        bandwidth: As in `squared_mmd`.

    Raises:
        ValueError: If there are fewer than two members, weights do not fit them, and as
            `squared_mmd` does.
    """
    w = np.asarray(weights, dtype=np.float64)
    if len(members) < 2 or w.shape != (len(members),) or (w >= 1).any():
        raise ValueError(
            f"members must be two or more, and weights one below 1 for each of them, but got "
            f"{len(members)} members and weights of shape {w.shape}, up to {w.max(initial=0)}."
        )
    products = _products(members, real, kernel=kernel, bandwidth=bandwidth)
    others = (1 - np.eye(len(w))) * w
    others /= others.sum(axis=1, keepdims=True)
    costs: Array = np.einsum("ij,jk,ik->i", others, products, others) - w @ products @ w
    return costs


def _products(
    members: Sequence[Samples], real: Samples, *, kernel: str, bandwidth: float | None
) -> Array:
    """Return ⟨μ_i − ν, μ_j − ν⟩ (M, M) of the mean embeddings of members and of the data."""
    if not members:
        raise ValueError("members must hold the samples of at least one generator, but got none.")
    pairs = [as_pair(one, real, names=("members", "real")) for one in members]
    every = [*(one for one, _ in pairs), pairs[0][1]]
    function, sets = prepared(*every, kernel=kernel, bandwidth=bandwidth)
    with np.errstate(over="ignore", invalid="ignore"):
        gram = np.array([[mean_kernel(x, y, function) for y in sets] for x in sets])
    check_held(gram, *every)
    return _between(gram)


def _between(gram: Array) -> Array:
    """Return ⟨μ_i − ν, μ_j − ν⟩ (M, M) of mean embeddings, from products of all, the data last."""
    k, b, c = gram[:-1, :-1], gram[:-1, -1], gram[-1, -1]
    between: Array = k - b[:, None] - b[None, :] + c
    return (between + between.T) / 2


def _nearest_to_origin(products: Array) -> Array:
    """Return argmin_w wᵀQw on the simplex, for products Q (M, M), positive semidefinite.

    With Q = CᵀC it is the point of a convex hull that is nearest to the origin. min ‖Cu‖² +
    (Σu − 1)² over u ≥ 0 has its minimum at a multiple of it, and is a non-negative least squares
    problem, which has an exact active-set solver.
    """
    from scipy.optimize import nnls

    num = len(products)
    size = float(np.trace(products)) / num
    if size <= 0:
        return np.full(num, 1 / num)
    values, vectors = np.linalg.eigh(products / size + _RIDGE * np.eye(num))
    factor = np.sqrt(np.maximum(values, 0))[:, None] * vectors.T
    target = np.append(np.zeros(num), 1.0)
    found, _ = nnls(np.vstack([factor, np.ones(num)]), target)
    weights: Array = found / found.sum()
    return weights
