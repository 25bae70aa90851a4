"""Rec.709 luma and chroma in numbers.

Source: ITU-R BT.709-6, items 3.2 and 3.3."""

KR = 0.2126
"""Luma weight of red, BT.709-6."""


KB = 0.0722
"""Luma weight of blue, BT.709-6."""


KG = 1.0 - KR - KB
"""Luma weight of green; the three add up to 1."""


CB_SCALE = 2.0 * (1.0 - KB)
"""Range of B' - Y', by which it is divided so that Cb spans -0.5 to 0.5."""


CR_SCALE = 2.0 * (1.0 - KR)
"""Range of R' - Y', by which it is divided so that Cr spans -0.5 to 0.5."""
