"""Records without the paths of the machine that they were made on."""

from unfade.film.alignment import Alignments
from unfade.film.color_config import config_to_share
from unfade.film.pair import Pair, PairList, Rejection
from unfade.film.project import Project
from unfade.review.page import file_name


def pair_list_to_share(pair_list: PairList) -> PairList:
    """The same pairs, with pictures by their file names."""
    return pair_list.model_copy(
        update={
            "pairs": tuple(_pair(pair) for pair in pair_list.pairs),
            "rejected": _rejected(pair_list.rejected),
        }
    )


def alignments_to_share(alignments: Alignments) -> Alignments:
    """The same alignments, with pictures by their file names."""
    admitted = tuple(
        alignment.model_copy(update={"pair": _pair(alignment.pair)})
        for alignment in alignments.admitted
    )
    rejected = _rejected(alignments.rejected)
    return alignments.model_copy(update={"admitted": admitted, "rejected": rejected})


def settings_to_share(project: Project) -> Project:
    """The same settings, with clips, pictures and models by their file names."""
    film = project.film
    if film.ocio is not None:
        film = film.model_copy(update={"ocio": config_to_share(film.ocio)})
    update: dict[str, object] = {
        "film": film,
        "source": project.source.model_copy(update={"path": file_name(project.source.path)}),
        "pair": tuple(
            pair.model_copy(update={"reference": file_name(pair.reference)})
            if isinstance(pair.reference, str)
            else pair
            for pair in project.pair
        ),
    }
    if project.train.start_from is not None:
        update["train"] = project.train.model_copy(
            update={"start_from": file_name(project.train.start_from)}
        )
    update["reference"] = tuple(
        one.model_copy(update={"path": file_name(one.path)}) for one in project.reference
    )
    return project.model_copy(update=update)


def _pair(pair: Pair) -> Pair:
    if pair.picture is None:
        return pair
    return pair.model_copy(update={"picture": file_name(pair.picture)})


def _rejected(rejections: tuple[Rejection, ...]) -> tuple[Rejection, ...]:
    return tuple(
        rejection.model_copy(update={"pair": _pair(rejection.pair)}) for rejection in rejections
    )
