"""PSNR, SSIM and textures, against formulas, another implementation, and known spectra."""

import math

import numpy as np
import pytest
import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from fitness import gradient_energy, psnr, sharpness, spectral_distance, ssim
from fitness.restored import SMALLEST


def images(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape)


def test_psnr_is_the_mean_over_images():
    true = np.zeros((2, 1, 4, 4))
    made = true + np.array([0.2, 0.02])[:, None, None, None]
    assert psnr(made, true) == pytest.approx((20 + 40) / 2)  # 10 log10(4 / .04) and 10 log10(1e4)
    assert psnr(made, true, span=1.0) == pytest.approx(30 - 10 * math.log10(4))
    assert psnr(true, true) == pytest.approx(-10 * math.log10(SMALLEST))


@pytest.mark.parametrize("size", [11, 16, 32])
def test_ssim_is_that_of_another_implementation(size):
    true = images(3, 2, size, size)
    made = 0.6 * true + 0.4 * images(3, 2, size, size, seed=1)
    _, everywhere = structural_similarity_index_measure(
        torch.tensor(made), torch.tensor(true), data_range=2.0, sigma=1.5, return_full_image=True
    )
    whole = everywhere[..., 5:-5, 5:-5]  # places where the window fits
    assert ssim(made, true) == pytest.approx(float(whole.mean()))


def test_ssim_by_its_formula_on_one_window():
    x, y = images(2, 1, 11, 11)
    one = np.exp(-0.5 * ((np.arange(11) - 5) / 1.5) ** 2)
    weights = np.outer(one, one) / one.sum() ** 2

    def mean(values):
        return (weights * values).sum()

    a, b = x[0], y[0]
    c1, c2 = 0.02**2, 0.06**2
    covariance = mean(a * b) - mean(a) * mean(b)
    variances = mean(a * a) - mean(a) ** 2 + mean(b * b) - mean(b) ** 2
    expected = (2 * mean(a) * mean(b) + c1) / (mean(a) ** 2 + mean(b) ** 2 + c1)
    expected *= (2 * covariance + c2) / (variances + c2)
    assert ssim(x[None], y[None]) == pytest.approx(expected)


@pytest.mark.parametrize("size", [2, 7, 8, 12])
def test_equal_images_are_alike(size):
    true = images(2, 3, size, size)
    assert ssim(true, true) == pytest.approx(1.0)
    assert ssim(true[::-1], true) < 0.9
    assert gradient_energy(true, true) == pytest.approx(1.0)
    assert spectral_distance(true, true) == 0


def test_edges_count_by_the_square():
    true = images(2, 1, 8, 8)
    assert gradient_energy(0.5 * true + 3, true) == pytest.approx(0.25)
    step = np.zeros((1, 1, 2, 3))
    step[..., 2] = 1
    assert gradient_energy(2 * step, step) == 4
    both = np.zeros((1, 1, 2, 2))
    both[..., 1, 1] = 1  # an edge along each axis: twice the energy of a step of one row
    assert gradient_energy(both, step[..., 1:]) == pytest.approx(1.0)
    flat = np.zeros((1, 1, 4, 4))
    assert gradient_energy(flat, flat) == 1
    assert gradient_energy(images(1, 1, 4, 4), flat) == math.inf


def test_spectra_are_apart_by_decibels():
    true = images(4, 2, 16, 16)
    assert spectral_distance(10 * true, true) == pytest.approx(20)
    assert spectral_distance(0.1 * true + 5, true) == pytest.approx(20)  # the mean is left out


def test_a_missing_frequency_is_seen_where_it_is():
    across = np.arange(16)
    wave = np.cos(2 * np.pi * 5 * across / 16)[None, None, None].repeat(16, axis=2)
    true = images(1, 1, 16, 16)
    more = true + 10 * wave
    spectrum = np.abs(np.fft.fft2(true)) ** 2
    added = np.abs(np.fft.fft2(more)) ** 2
    frequencies = np.rint(np.hypot(*np.meshgrid(np.fft.fftfreq(16) * 16, np.fft.fftfreq(16) * 16)))
    at_five = frequencies == 5
    change = 10 * np.log10(added[0, 0][at_five].mean() / spectrum[0, 0][at_five].mean())
    assert spectral_distance(more, true) == pytest.approx(math.sqrt(change**2 / 8))


@pytest.mark.parametrize("score", [psnr, ssim, gradient_energy, spectral_distance])
def test_images_of_another_shape_are_refused(score):
    with pytest.raises(ValueError, match="must both be"):
        score(images(2, 1, 8, 8), images(2, 1, 8, 9))
    with pytest.raises(ValueError, match="must both be"):
        score(images(8, 8), images(8, 8))
    assert score(torch.zeros(1, 1, 8, 8), np.zeros((1, 1, 8, 8))) is not None


def test_psnr_where_a_mask_says():
    true = np.zeros((2, 3, 4, 4))
    made, where = true + 0.2, np.zeros((2, 1, 4, 4))
    where[0, :, 1:3, 1:] = where[1, :, 0, 0] = 1
    made[1, :, 0, 0] = 0.02
    assert psnr(made, true, where=where) == pytest.approx((20 + 40) / 2)
    assert psnr(made, true, where=np.ones_like(where)) == pytest.approx(psnr(made, true))


def test_sharpness_is_that_of_the_paper_and_falls_with_blur():
    true = np.zeros((1, 1, 3, 3))
    true[..., 1:] = 2.0  # an edge across: |∇| is 2 in the first of two columns of differences
    assert sharpness(np.zeros_like(true), true) == pytest.approx(-10 * np.log10(0.5))
    assert sharpness(true, true) > 90
    soft = np.array([0.0, 1.0, 2.0]) * np.ones((1, 1, 3, 1))
    assert sharpness(soft, true) == pytest.approx(-10 * np.log10(0.5))
    with pytest.raises(ValueError, match="2x2 pixels or more"):
        sharpness(true[..., :1], true[..., :1])
