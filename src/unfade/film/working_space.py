"""The working space, in which all pictures are processed."""

WORKING_SPACE = "Gamma 2.4 Encoded Rec.709"
"""OpenColorIO name of the working space."""

WORKING_GAMMA = 2.4
"""Exponent from a value of the working space to display light, white at 1."""

PINNED_CONFIG = "ocio://studio-config-v4.0.0_aces-v2.0_ocio-v2.5"
"""OpenColorIO config; pinned, because another config may define the same name differently."""
