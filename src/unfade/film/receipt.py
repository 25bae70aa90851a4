"""A receipt: what a stage was made from, so that a later run does only what changed."""

from unfade.film.noun import Artefact


class Receipt(Artefact):
    """Left in a stage's folder when it is done, and only then.

    `settings` are the sections of film.toml that it depends on, flat: ``"render.version": 1``.
    `inputs` are digests of the artefacts and elements that it read. `outputs` are its files, with
    a digest or their size. `versions` are of the software.
    """

    SCHEMA = "Receipt.1"
    PLACE = "receipt.json"

    stage: str
    revision: int
    settings: dict[str, str]
    inputs: dict[str, str]
    outputs: dict[str, str]
    versions: dict[str, str]
