"""Unfade gives faded colour film its colour back, from a better-coloured copy."""

__version__ = "0.1.0"
