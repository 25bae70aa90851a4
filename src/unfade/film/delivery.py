"""A delivery: the BagIt bag that goes to the archive or client."""

from unfade.film.approval import Approval
from unfade.film.noun import Artefact, FileName
from unfade.film.report import Verdict


class Delivery(Artefact):
    """The BagIt bag that deliver made.

    `bag` is the name of its folder, beside the artefact. `files` and `bytes` are the number of
    files of its payload and their size. `verdict` is that of the report in the bag, `decision` that
    of a person on its masters; None if there is none. `review_key` is a digest of everything that
    the review movies are made from; None without review movies.
    """

    SCHEMA = "Delivery.2"
    PATH = "08-deliver/delivery.json"

    bag: FileName
    files: int
    bytes: int
    verdict: Verdict
    decision: Approval | None = None
    review_key: str | None = None
