"""Evolutionary GANs and population-based search on PyTorch and Ray."""
