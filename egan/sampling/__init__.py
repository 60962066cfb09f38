"""Samples of a trained model on disk: as many as one asks for, in little memory."""
