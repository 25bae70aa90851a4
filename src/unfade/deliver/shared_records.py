"""Records for the bag: file names and paths in the bag in place of paths of this machine."""

import re
from collections.abc import Mapping

import tomlkit

from unfade.film.alignment import Alignments
from unfade.film.clip import Clip, Clips
from unfade.film.model import TrainedModel
from unfade.film.pair import Pair, PairList, Rejection
from unfade.project.color_config import config_to_share
from unfade.project.paths import film_name
from unfade.project.settings import Project
from unfade.report.figures import file_name

REFERENCES_FOLDER = "references"
"""Folder of the bag for the pictures of pairs."""

_UNSAFE_CHARACTERS = re.compile(r'[%:*?"<>|\x00-\x1f\x7f-\x9f\u2028\u2029]|^\s|\s$')
"""Characters that Windows or BagIt manifests do not allow in names, and white space at the ends,
which readers of manifests drop."""

BagPaths = Mapping[int, str]
"""Paths of pictures in the bag, by the source frames of their pairs."""


def picture_paths(pictures: Mapping[int, str]) -> dict[int, str]:
    """Paths of pictures in the bag, by the source frames of their pairs.

    Pictures keep their names; characters that some file systems or BagIt do not allow become
    ``_``. If two names are equal or differ only in case, every name begins with its source frame.

    Args:
        pictures: paths on this machine, by source frames.
    """
    names = {
        path: _UNSAFE_CHARACTERS.sub("_", _encodable(file_name(path))) for path in pictures.values()
    }
    is_unique = len({name.casefold() for name in names.values()}) == len(names)
    return {
        source: f"{REFERENCES_FOLDER}/{names[path] if is_unique else f'{source:07d}-{names[path]}'}"
        for source, path in pictures.items()
    }


def _encodable(name: str) -> str:
    """A name with every character that UTF-8 cannot encode replaced."""
    return name.encode("utf-8", "replace").decode("utf-8")


def clips_to_share(clips: Clips) -> Clips:
    """The clips with file names for paths."""

    def shared(clip: Clip) -> Clip:
        return clip.model_copy(update={"path": file_name(clip.path)})

    references = {name: shared(clip) for name, clip in clips.references.items()}
    return Clips(source=shared(clips.source), references=references)


def pair_list_to_share(pair_list: PairList, paths: BagPaths, model: TrainedModel) -> PairList:
    """The pair list with paths in the bag for pictures, and the other films that taught a model."""
    return pair_list.model_copy(
        update={
            "series": model.series,
            "pairs": tuple(_pair(pair, paths) for pair in pair_list.pairs),
            "rejected": _rejected(pair_list.rejected, paths),
        }
    )


def alignments_to_share(alignments: Alignments, paths: BagPaths) -> Alignments:
    """The alignments with paths in the bag for pictures."""
    admitted = tuple(
        alignment.model_copy(update={"pair": _pair(alignment.pair, paths)})
        for alignment in alignments.admitted
    )
    rejected = _rejected(alignments.rejected, paths)
    return alignments.model_copy(update={"admitted": admitted, "rejected": rejected})


def settings_to_share(project: Project, paths: BagPaths) -> Project:
    """The settings with file names for clips and models, and paths in the bag for pictures."""
    film = project.film
    if film.ocio is not None:
        film = film.model_copy(update={"ocio": config_to_share(film.ocio)})
    if film.series is not None:
        film = film.model_copy(update={"series": tuple(map(film_name, film.series))})
    update: dict[str, object] = {
        "film": film,
        "source": project.source.model_copy(update={"path": file_name(project.source.path)}),
        "pair": tuple(
            pair.model_copy(update={"reference": paths.get(pair.source, file_name(pair.reference))})
            if isinstance(pair.reference, str)
            else pair
            for pair in project.pair
        ),
    }
    if project.train.start_from is not None:
        update["train"] = project.train.model_copy(
            update={"start_from": file_name(project.train.start_from)}
        )
    deliver = project.deliver
    if deliver.c2pa_certificate is not None and deliver.c2pa_key is not None:
        names = {
            "c2pa_certificate": file_name(deliver.c2pa_certificate),
            "c2pa_key": file_name(deliver.c2pa_key),
        }
        update["deliver"] = deliver.model_copy(update=names)
    update["reference"] = tuple(
        one.model_copy(update={"path": file_name(one.path)}) for one in project.reference
    )
    return project.model_copy(update=update)


def film_toml_to_share(settings: Project) -> str:
    """The keys that film.toml sets, as TOML.

    Args:
        settings: from `settings_to_share`. Comments are left out, because they may name folders.
    """
    keys = settings.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    heading = "# The keys that film.toml sets, with names in the place of paths.\n\n"
    return heading + tomlkit.dumps(keys)


def _pair(pair: Pair, paths: BagPaths) -> Pair:
    if pair.picture is None:
        return pair
    return pair.model_copy(update={"picture": paths[pair.source]})


def _rejected(rejections: tuple[Rejection, ...], paths: BagPaths) -> tuple[Rejection, ...]:
    return tuple(
        rejection.model_copy(update={"pair": _pair(rejection.pair, paths)})
        for rejection in rejections
    )
