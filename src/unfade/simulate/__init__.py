"""Makes a faded film, and a DVD of it, from clean clips, with the truth beside them."""

from unfade.simulate.clips import ClipCut, demo_clips
from unfade.simulate.film import simulate
from unfade.simulate.record import Simulation
from unfade.simulate.severity import SEVERITIES
from unfade.simulate.transfer import TRANSFERS, Transfer

__all__ = ["SEVERITIES", "TRANSFERS", "ClipCut", "Simulation", "Transfer", "demo_clips", "simulate"]
