"""Records without the paths of the machine that they were made on."""

import re
from collections.abc import Mapping

from unfade.film.alignment import Alignments
from unfade.film.pair import Pair, PairList, Rejection
from unfade.project.color_config import config_to_share
from unfade.project.settings import Project
from unfade.report.figures import file_name

REFERENCES = "references"
"""Where the pictures of pairs lie in the bag."""

_UNFIT = re.compile(r'[%:*?"<>|\x00-\x1f]')

Names = Mapping[int, str]
"""The paths in the bag of pictures, by the source frames of their pairs."""


def picture_names(pictures: Mapping[int, str]) -> dict[int, str]:
    """Where pictures lie in the bag, by the source frames of their pairs.

    They keep their names, but for letters that some file systems or BagIt do not take. Where two
    pictures would be called alike, which names are too that differ in case alone, all have the
    source frame before the name.

    Args:
        pictures: paths by source frames.
    """
    plain = {path: _UNFIT.sub("_", _printable(file_name(path))) for path in pictures.values()}
    apart = len({name.casefold() for name in plain.values()}) == len(plain)
    return {
        source: f"{REFERENCES}/{plain[path] if apart else f'{source:07d}-{plain[path]}'}"
        for source, path in pictures.items()
    }


def _printable(name: str) -> str:
    """A name as UTF-8 can hold it."""
    return name.encode("utf-8", "replace").decode("utf-8")


def pair_list_to_share(pair_list: PairList, names: Names) -> PairList:
    """The same pairs, with pictures by their paths in the bag."""
    return pair_list.model_copy(
        update={
            "pairs": tuple(_pair(pair, names) for pair in pair_list.pairs),
            "rejected": _rejected(pair_list.rejected, names),
        }
    )


def alignments_to_share(alignments: Alignments, names: Names) -> Alignments:
    """The same alignments, with pictures by their paths in the bag."""
    admitted = tuple(
        alignment.model_copy(update={"pair": _pair(alignment.pair, names)})
        for alignment in alignments.admitted
    )
    rejected = _rejected(alignments.rejected, names)
    return alignments.model_copy(update={"admitted": admitted, "rejected": rejected})


def settings_to_share(project: Project, names: Names) -> Project:
    """The same settings, with clips and models by their file names, and pictures by their paths in
    the bag, named by source frames."""
    film = project.film
    if film.ocio is not None:
        film = film.model_copy(update={"ocio": config_to_share(film.ocio)})
    update: dict[str, object] = {
        "film": film,
        "source": project.source.model_copy(update={"path": file_name(project.source.path)}),
        "pair": tuple(
            pair.model_copy(update={"reference": names.get(pair.source, file_name(pair.reference))})
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


def _pair(pair: Pair, names: Names) -> Pair:
    if pair.picture is None:
        return pair
    return pair.model_copy(update={"picture": names[pair.source]})


def _rejected(rejections: tuple[Rejection, ...], names: Names) -> tuple[Rejection, ...]:
    return tuple(
        rejection.model_copy(update={"pair": _pair(rejection.pair, names)})
        for rejection in rejections
    )
