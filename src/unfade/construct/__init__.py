"""Constructs the colour of frames that no copy has, from focal points that a person states.

What is left of the dyes of a faded print separates most surfaces. The dye losses of the film are
estimated from the film itself; the points of a frame correct them, as far as they are evidence.
"""
