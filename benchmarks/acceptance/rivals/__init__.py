"""Models and regressions that files of marks compare with, where they are more than a few lines."""
