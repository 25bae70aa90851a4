"""A receipt: what a stage was made from, so that a later run does only what changed."""

from unfade.film.noun import Artefact, Noun


class Output(Noun):
    """A file that a stage left: its size, its time of change, and a digest where others read it.

    Times of change alone prove nothing: a project may be copied without them.
    """

    size: int
    mtime_ns: int
    sha256: str | None = None


class Receipt(Artefact):
    """Left in a stage's folder when it is done; it stays until the next one takes its place.

    `settings` are the sections of film.toml that it depends on, flat: ``"render.version": 1``,
    with paths by their last part. `inputs` are digests of the artefacts, files and elements that
    it read. `outputs` are its files. `versions` are of the software.
    """

    SCHEMA = "Receipt.2"
    PATH = "receipt.json"

    stage: str
    revision: int
    settings: dict[str, str]
    inputs: dict[str, str]
    outputs: dict[str, Output]
    versions: dict[str, str]
