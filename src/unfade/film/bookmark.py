"""Bookmarks: frames that a person marked, each with a note."""

from unfade.film.noun import Artefact, Noun


class Bookmark(Noun):
    """A note on a frame. `date` is ISO 8601 with the time zone; `by` is empty if nobody said it."""

    frame: int
    note: str
    date: str
    by: str = ""


class Bookmarks(Artefact):
    """All bookmarks of a film, oldest first; none is ever removed."""

    SCHEMA = "Bookmarks.1"
    PATH = "bookmarks.json"

    marks: tuple[Bookmark, ...] = ()
