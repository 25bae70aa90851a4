"""Bookmarks: frames that a person marked, each with a note."""

from unfade.film.noun import Artefact, Noun
from unfade.film.wording import printable


class Bookmark(Noun):
    """A note on a frame. `date` is ISO 8601 with the time zone; `by` is empty if nobody said it."""

    frame: int
    note: str
    date: str
    by: str = ""

    def in_words(self) -> str:
        """The note and whose it is: "frame 12, by Ada Byron on 2026-11-30: green sky"."""
        by = f"by {self.by} " if self.by else ""
        words = f"frame {self.frame}, {by}on {self.date.partition('T')[0]}"
        return printable(words + (f": {self.note}" if self.note else ""))


class Bookmarks(Artefact):
    """All bookmarks of a film, oldest first; none is ever removed."""

    SCHEMA = "Bookmarks.1"
    PATH = "bookmarks.json"

    marks: tuple[Bookmark, ...] = ()
