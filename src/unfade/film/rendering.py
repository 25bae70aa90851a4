"""A rendering: recovered frames on disk."""

from unfade.film.noun import Artefact, Noun


class RenderedFrame(Noun):
    """One recovered frame: its number in the source, shot, file beside the artefact, SHA-256."""

    frame: int
    shot: int
    file: str
    sha256: str


class Rendering(Artefact):
    """What render wrote, all by one model, in one colour space."""

    SCHEMA = "Rendering.1"
    PLACE = "06-render/rendering.json"

    model_id: str
    version: int
    colorspace: str
    compression: str
    frames: tuple[RenderedFrame, ...]
