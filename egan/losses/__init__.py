"""Losses that are no mutations of a generator, imported from their own modules.

`discriminator` (E-GAN's, and its penalties), `games` (both halves of a game by name), `divergences`
(f-GAN's), `variational`, `averaging` (features over a batch, parameters over training),
`semi_supervised`.
"""
