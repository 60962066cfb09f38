"""How a batch is divided among those that give to it. Needs no torch."""


def shares(size: int, num: int) -> list[int]:
    """Divide `size` samples among `num`: by one more to each of the first, where some are left."""
    return [size // num + (i < size % num) for i in range(num)]
