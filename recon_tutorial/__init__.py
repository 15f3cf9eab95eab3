"""Latent-shift reconstruction: the small package behind the executable book."""

__version__ = "0.1.0"
