"""Colours that most films share, with published values."""

from unfade.film.construction import Palette, PaletteColour

_CHART = "ColorChecker Classic, patch {}: sRGB values that its maker, X-Rite, publishes"

PUBLISHED = Palette(
    colour=tuple(
        PaletteColour(name=name, colour=colour, source=_CHART.format(patch))
        for name, colour, patch in (
            ("dark skin", "#735244", "1, dark skin"),
            ("light skin", "#c29682", "2, light skin"),
            ("sky", "#627a9d", "3, blue sky"),
            ("foliage", "#576c43", "4, foliage"),
            ("white", "#f3f3f2", "19, white"),
            ("grey", "#a0a0a0", "21, neutral 6.5"),
            ("black", "#343434", "24, black"),
        )
    )
)
"""Memory colours and neutrals. Skin, foliage and sky differ from scene to scene; a colour that is
known of the film itself is better evidence."""
