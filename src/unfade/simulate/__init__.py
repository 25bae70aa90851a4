"""Simulation of a faded film and of its DVD from clean clips, with the ground truth."""

from unfade.simulate.clips import ClipCut, demo_clips
from unfade.simulate.film import simulate
from unfade.simulate.record import Simulation
from unfade.simulate.severity import SEVERITIES
from unfade.simulate.transfer import TRANSFERS, Transfer

__all__ = ["SEVERITIES", "TRANSFERS", "ClipCut", "Simulation", "Transfer", "demo_clips", "simulate"]
