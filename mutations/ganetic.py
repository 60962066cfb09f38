"""GANetic's loss, which genetic programming found once, offline, and which is free at use."""

from __future__ import annotations

import torch
from torch import Tensor

from mutations.logits import flat

FACTOR = 3.985
EPSILON = 1e-8


def ganetic(fake: Tensor, _real: Tensor | None = None) -> Tensor:
    """Raise the batch's probabilities, up to a point: E[D³] + √(3.985 / ΣD), D = sigmoid(o).

    The loss E[D³ + √|3.985 t / ΣD|] for the target t = 1, which the discriminator's loss has for
    real samples; with an ε of 1e-8 beside each D and below the root. Unlike the others here it is
    no mean over samples and has an optimum: equal probabilities of (√(3.985 / N) / 6)^(2/7) for N
    samples, .40 for 64 of them, .49 for 16. Whatever is above is pulled back, so that a generator
    that is far ahead of its discriminator waits for it. Where D rejects everything the gradient
    grows as 1/√D, down to D = 1e-8, below which it vanishes. Range (0, ∞).

    Raises:
        ValueError: if `fake` is empty or not floating-point.

    Akhmedova and Körber 2024, "GANetic loss for generative adversarial networks with a focus on
    medical applications", arXiv 2406.05023; as in their code for torch, whose ε these are. Their
    code for TensorFlow divides by each sample's own probability in place of the batch's sum.
    """
    probabilities = torch.sigmoid(flat(fake, name="fake"))
    total = (probabilities + EPSILON).sum()
    return probabilities.pow(3).mean() + (FACTOR / total + EPSILON).sqrt()
