"""The range of seeds."""

MAX_SEED = 2**32 - 1
"""Largest seed, because random number generators take 32 bits."""
