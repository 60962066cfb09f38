"""How a batch is divided among those that give to it. Needs no torch."""

from collections.abc import Sequence


def shares(size: int, num: int) -> list[int]:
    """Divide `size` samples among `num`: by one more to each of the first, where some are left."""
    return [size // num + (i < size % num) for i in range(num)]


def apportioned(size: int, weights: Sequence[float]) -> list[int]:
    """Divide `size` samples by weights whose sum is 1: what is left goes to the largest remainders.

    Among equal remainders it goes to the first, so that equal weights give `shares`.
    """
    exact = [size * weight for weight in weights]
    whole = [int(one) for one in exact]
    order = sorted(range(len(exact)), key=lambda i: round(whole[i] - exact[i], 9))
    for i in order[: size - sum(whole)]:
        whole[i] += 1
    return whole
