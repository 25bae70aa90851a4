"""The space in which everything is computed."""

WORKING_SPACE = "Gamma 2.4 Encoded Rec.709"
"""The OpenColorIO name of the space in which everything is computed."""

WORKING_GAMMA = 2.4
"""Light of a value of the working space is the value to this power, white at 1."""

PINNED_CONFIG = "ocio://studio-config-v4.0.0_aces-v2.0_ocio-v2.5"
"""Pinned: in another config the same name may mean other numbers."""
