"""A delivery: the bag that leaves the house."""

from unfade.film.noun import Artefact
from unfade.film.report import Verdict


class Delivery(Artefact):
    """The BagIt bag that deliver made.

    `bag` is its folder's name, beside the artefact. `files` and `bytes` are of its payload.
    `verdict` is the one that the bag's report holds. `review_key` stands for all that the review
    movies show, none where there are none.
    """

    SCHEMA = "Delivery.1"
    PATH = "08-deliver/delivery.json"

    bag: str
    files: int
    bytes: int
    verdict: Verdict
    review_key: str | None = None
